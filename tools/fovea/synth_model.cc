#include "tools/fovea/synth_model.h"

#include <fovea/gguf_writer.h>
#include <fovea/quantize.h>
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "fovea/status_macros.h"
#include "platform/thread_pool.h"
#include "tools/fovea/synth_vocabulary.h"
#include "tools/fovea/synth_weights.h"

namespace fovea::tools {
namespace {

constexpr std::uint32_t kTokenTypes = 2;  // of a bert: the first and the second text of a pair
constexpr std::uint32_t kMeanPooling = 1;

struct Tensor {
  std::string name;
  DataType type = DataType::kF32;
  std::size_t columns = 0;
  std::size_t rows = 1;
  bool is_matrix = true;
  float mean = 0.0F;
  float deviation = 0.0F;
};

/// Weights of norms, around 1.
Tensor Norm(std::string name, std::size_t width) {
  return {.name = std::move(name),
          .columns = width,
          .is_matrix = false,
          .mean = 1.0F,
          .deviation = 0.1F};
}

/// A product with a vector of deviation 1 has deviation 1 again.
Tensor Matrix(std::string name, DataType type, std::size_t columns, std::size_t rows) {
  return {.name = std::move(name),
          .type = FittingType(type, columns),
          .columns = columns,
          .rows = rows,
          .deviation = 1.0F / std::sqrt(static_cast<float>(columns))};
}

/// A bias, small against a product's deviation of 1.
Tensor Bias(std::string name, std::size_t width) {
  return {.name = std::move(name), .columns = width, .is_matrix = false, .deviation = 0.02F};
}

std::vector<Tensor> LlamaTensors(const SynthOptions& options) {
  const SynthShape& shape = options.shape;
  const DataType type = options.type;
  const DataType output = options.pure ? type : OutputType(type);
  const std::size_t kv_width = shape.kv_heads * shape.head_dim();
  std::vector<Tensor> tensors;
  tensors.push_back(
      Matrix("token_embd.weight", shape.tied ? output : type, shape.hidden_size, shape.vocabulary));
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    tensors.push_back(Norm(block + "attn_norm.weight", shape.hidden_size));
    tensors.push_back(Matrix(block + "attn_q.weight", type, shape.hidden_size, shape.hidden_size));
    tensors.push_back(Matrix(block + "attn_k.weight", type, shape.hidden_size, kv_width));
    tensors.push_back(Matrix(block + "attn_v.weight", type, shape.hidden_size, kv_width));
    tensors.push_back(
        Matrix(block + "attn_output.weight", type, shape.hidden_size, shape.hidden_size));
    tensors.push_back(Norm(block + "ffn_norm.weight", shape.hidden_size));
    tensors.push_back(Matrix(block + "ffn_gate.weight", type, shape.hidden_size, shape.ffn_size));
    tensors.push_back(Matrix(block + "ffn_up.weight", type, shape.hidden_size, shape.ffn_size));
    tensors.push_back(Matrix(block + "ffn_down.weight", type, shape.ffn_size, shape.hidden_size));
  }
  tensors.push_back(Norm("output_norm.weight", shape.hidden_size));
  if (!shape.tied) {
    tensors.push_back(Matrix("output.weight", output, shape.hidden_size, shape.vocabulary));
  }
  return tensors;
}

std::vector<Tensor> BertTensors(const SynthOptions& options) {
  const SynthShape& shape = options.shape;
  const std::size_t width = shape.hidden_size;
  std::vector<Tensor> tensors;
  const auto add_linear = [&](const std::string& name, std::size_t columns, std::size_t rows) {
    tensors.push_back(Matrix(name + ".weight", options.type, columns, rows));
    tensors.push_back(Bias(name + ".bias", rows));
  };
  const auto add_norm = [&](const std::string& name) {
    tensors.push_back(Norm(name + ".weight", width));
    tensors.push_back(Bias(name + ".bias", width));
  };
  tensors.push_back(Matrix("token_embd.weight", options.type, width, shape.vocabulary));
  tensors.push_back(Matrix("position_embd.weight", DataType::kF32, width, shape.context));
  tensors.push_back(Matrix("token_types.weight", DataType::kF32, width, kTokenTypes));
  add_norm("token_embd_norm");
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
      add_linear(block + name, width, width);
    }
    add_norm(block + "attn_output_norm");
    add_linear(block + "ffn_up", width, shape.ffn_size);
    add_linear(block + "ffn_down", shape.ffn_size, width);
    add_norm(block + "layer_output_norm");
  }
  return tensors;
}

/// Runs the steps until one fails.
Status All(std::initializer_list<std::function<Status()>> steps) {
  for (const auto& step : steps) {
    FOVEA_RETURN_IF_ERROR(step());
  }
  return {};
}

/// A step that adds a 32-bit number.
std::function<Status()> Number(GgufWriter& writer, std::string key, std::size_t value) {
  return [&writer, key = std::move(key), value] {
    return writer.AddNumber(key, static_cast<std::uint32_t>(value));
  };
}

/// The keys that both families have, `family` being the name before theirs.
Status AddSizes(const SynthOptions& options, const std::string& family, GgufWriter& writer) {
  const SynthShape& shape = options.shape;
  return All({
      [&] { return writer.AddText("general.architecture", family); },
      [&] { return writer.AddText("general.name", options.name); },
      Number(writer, "general.file_type", FileTypeNumber(options.type)),
      Number(writer, "general.quantization_version", 2),
      Number(writer, family + ".block_count", shape.layers),
      Number(writer, family + ".context_length", shape.context),
      Number(writer, family + ".embedding_length", shape.hidden_size),
      Number(writer, family + ".feed_forward_length", shape.ffn_size),
      Number(writer, family + ".attention.head_count", shape.heads),
  });
}

Status AddLlamaKeys(const SynthOptions& options, GgufWriter& writer) {
  const SynthShape& shape = options.shape;
  const SynthVocabulary vocabulary = MakeSynthVocabulary(shape.vocabulary);
  return All({
      [&] { return AddSizes(options, "llama", writer); },
      Number(writer, "llama.attention.head_count_kv", shape.kv_heads),
      Number(writer, "llama.rope.dimension_count", shape.head_dim()),
      Number(writer, "llama.vocab_size", shape.vocabulary),
      [&] { return writer.AddNumber("llama.attention.layer_norm_rms_epsilon", 1e-5F); },
      [&] { return writer.AddNumber("llama.rope.freq_base", 10000.0F); },
      [&] { return writer.AddText("tokenizer.ggml.model", "llama"); },
      [&] { return writer.AddText("tokenizer.ggml.pre", "default"); },
      [&] { return writer.AddTexts("tokenizer.ggml.tokens", vocabulary.pieces); },
      [&] { return writer.AddNumbers("tokenizer.ggml.scores", vocabulary.scores); },
      [&] { return writer.AddNumbers("tokenizer.ggml.token_type", vocabulary.types); },
      Number(writer, "tokenizer.ggml.unknown_token_id", 0),
      Number(writer, "tokenizer.ggml.bos_token_id", 1),
      Number(writer, "tokenizer.ggml.eos_token_id", 2),
      [&] { return writer.AddNumber("tokenizer.ggml.add_bos_token", true); },
      [&] { return writer.AddNumber("tokenizer.ggml.add_eos_token", false); },
  });
}

Status AddBertKeys(const SynthOptions& options, GgufWriter& writer) {
  const SynthVocabulary vocabulary = MakeSynthWordPieces(options.shape.vocabulary);
  return All({
      [&] { return AddSizes(options, "bert", writer); },
      [&] { return writer.AddNumber("bert.attention.layer_norm_epsilon", 1e-12F); },
      [&] { return writer.AddNumber("bert.attention.causal", false); },
      Number(writer, "bert.pooling_type", kMeanPooling),
      [&] { return writer.AddText("tokenizer.ggml.model", "bert"); },
      [&] { return writer.AddText("tokenizer.ggml.pre", "default"); },
      Number(writer, "tokenizer.ggml.token_type_count", kTokenTypes),
      [&] { return writer.AddTexts("tokenizer.ggml.tokens", vocabulary.pieces); },
      [&] { return writer.AddNumbers("tokenizer.ggml.token_type", vocabulary.types); },
      Number(writer, "tokenizer.ggml.padding_token_id", kSynthPad),
      Number(writer, "tokenizer.ggml.unknown_token_id", kSynthUnknown),
      Number(writer, "tokenizer.ggml.bos_token_id", kSynthCls),
      Number(writer, "tokenizer.ggml.cls_token_id", kSynthCls),
      // The key is spelled so.
      Number(writer, "tokenizer.ggml.seperator_token_id", kSynthSep),
      Number(writer, "tokenizer.ggml.mask_token_id", kSynthMask),
  });
}

/// Makes the rows of one tensor after another, some at a time, on all threads.
class RowMaker {
 public:
  RowMaker(const SynthOptions& options, platform::Parallel& parallel)
      : options_(options), parallel_(parallel), rows_(parallel.workers()) {}

  Status Write(const Tensor& tensor, std::uint64_t number, GgufWriter& writer) {
    const std::size_t row_bytes = EncodedBytes(tensor.type, tensor.columns);
    const std::size_t at_once = std::max<std::size_t>(parallel_.workers(), kPiece / row_bytes);
    for (std::vector<float>& row : rows_) row.resize(tensor.columns);
    for (std::size_t first = 0; first < tensor.rows; first += at_once) {
      const std::size_t count = std::min(at_once, tensor.rows - first);
      encoded_.resize(count * row_bytes);
      std::vector<Status> failures(parallel_.workers());
      parallel_.Run(count, [&](std::size_t i, std::size_t worker) {
        std::vector<float>& row = rows_[worker];
        FillSynthRow({options_.seed, number, first + i}, tensor.mean, tensor.deviation, row);
        auto error =
            Encode(tensor.type, row, std::span(encoded_).subspan(i * row_bytes, row_bytes));
        if (!error) failures[worker] = error.status();
      });
      for (const Status& failure : failures) {
        FOVEA_RETURN_IF_ERROR(failure);
      }
      FOVEA_RETURN_IF_ERROR(writer.Append(encoded_));
      if (options_.cancelled && options_.cancelled()) {
        return {StatusCode::kCancelled, "cancelled"};
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t kPiece = std::size_t{4} << 20U;  ///< Bytes written at once.

  const SynthOptions& options_;
  platform::Parallel& parallel_;
  std::vector<std::vector<float>> rows_;  ///< [workers][columns]
  std::vector<std::byte> encoded_;
};

}  // namespace

Result<SynthReport> SynthesizeModel(const SynthOptions& options, const std::string& path) {
  FOVEA_RETURN_IF_ERROR(CheckShape(options.shape));
  auto pool = platform::ThreadPool::Create(options.threads);
  if (pool == nullptr) return Status(StatusCode::kOutOfMemory, "threads cannot be started");
  auto writer = GgufWriter::Create(path);
  FOVEA_RETURN_IF_ERROR(writer);
  const bool is_bert = options.shape.family == SynthFamily::kBert;
  FOVEA_RETURN_IF_ERROR(is_bert ? AddBertKeys(options, *writer) : AddLlamaKeys(options, *writer));
  const std::vector<Tensor> tensors = is_bert ? BertTensors(options) : LlamaTensors(options);
  SynthReport report;
  for (const Tensor& tensor : tensors) {
    std::vector<std::uint64_t> shape = {tensor.columns};
    if (tensor.is_matrix) shape.push_back(tensor.rows);
    FOVEA_RETURN_IF_ERROR(writer->Describe(tensor.name, tensor.type, shape));
    report.parameters += std::uint64_t{tensor.columns} * tensor.rows;
  }
  RowMaker maker(options, *pool);
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (options.on_progress) {
      options.on_progress(static_cast<double>(done) / static_cast<double>(report.parameters),
                          tensors[i].name);
    }
    FOVEA_RETURN_IF_ERROR(maker.Write(tensors[i], i, *writer));
    done += std::uint64_t{tensors[i].columns} * tensors[i].rows;
  }
  report.bytes = writer->size();
  FOVEA_RETURN_IF_ERROR(writer->Finish());
  return report;
}

}  // namespace fovea::tools
