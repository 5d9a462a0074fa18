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

std::vector<Tensor> TensorsOf(const SynthOptions& options) {
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

/// Runs the steps until one fails.
Status All(std::initializer_list<std::function<Status()>> steps) {
  for (const auto& step : steps) {
    FOVEA_RETURN_IF_ERROR(step());
  }
  return {};
}

Status AddKeys(const SynthOptions& options, GgufWriter& writer) {
  const SynthShape& shape = options.shape;
  const auto number = [&writer](const char* key, std::size_t value) {
    return
        [&writer, key, value] { return writer.AddNumber(key, static_cast<std::uint32_t>(value)); };
  };
  const SynthVocabulary vocabulary = MakeSynthVocabulary(shape.vocabulary);
  return All({
      [&] { return writer.AddText("general.architecture", "llama"); },
      [&] { return writer.AddText("general.name", options.name); },
      number("general.file_type", FileTypeNumber(options.type)),
      number("general.quantization_version", 2),
      number("llama.block_count", shape.layers),
      number("llama.context_length", shape.context),
      number("llama.embedding_length", shape.hidden_size),
      number("llama.feed_forward_length", shape.ffn_size),
      number("llama.attention.head_count", shape.heads),
      number("llama.attention.head_count_kv", shape.kv_heads),
      number("llama.rope.dimension_count", shape.head_dim()),
      number("llama.vocab_size", shape.vocabulary),
      [&] { return writer.AddNumber("llama.attention.layer_norm_rms_epsilon", 1e-5F); },
      [&] { return writer.AddNumber("llama.rope.freq_base", 10000.0F); },
      [&] { return writer.AddText("tokenizer.ggml.model", "llama"); },
      [&] { return writer.AddText("tokenizer.ggml.pre", "default"); },
      [&] { return writer.AddTexts("tokenizer.ggml.tokens", vocabulary.pieces); },
      [&] { return writer.AddNumbers("tokenizer.ggml.scores", vocabulary.scores); },
      [&] { return writer.AddNumbers("tokenizer.ggml.token_type", vocabulary.types); },
      number("tokenizer.ggml.unknown_token_id", 0),
      number("tokenizer.ggml.bos_token_id", 1),
      number("tokenizer.ggml.eos_token_id", 2),
      [&] { return writer.AddNumber("tokenizer.ggml.add_bos_token", true); },
      [&] { return writer.AddNumber("tokenizer.ggml.add_eos_token", false); },
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
  FOVEA_RETURN_IF_ERROR(AddKeys(options, *writer));
  const std::vector<Tensor> tensors = TensorsOf(options);
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
