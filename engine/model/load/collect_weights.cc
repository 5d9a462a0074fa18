#include "engine/model/load/collect_weights.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "engine/tensor/dequantize.h"

namespace fovea::model {
namespace {

std::string ShapeText(std::size_t rows, std::size_t cols) {
  return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

/// Finds tensors, checks shapes, and remembers the first error and which tensors were used.
class TensorReader {
 public:
  explicit TensorReader(const format::ModelSource& file) : file_(file) {}

  bool Has(const std::string& name) const { return file_.FindTensor(name) != nullptr; }

  /// [rows, cols]; rows == 0 accepts any number of rows.
  MatrixView Matrix(const std::string& name, std::size_t rows, std::size_t cols) {
    const format::SourceTensor* tensor = Find(name, /*required=*/true);
    if (tensor == nullptr) return {};
    const MatrixView matrix = tensor->Matrix();
    if (matrix.cols != cols || (rows != 0 && matrix.rows != rows) || tensor->rank > 2) {
      Fail(name, "has shape " + ShapeText(matrix.rows, matrix.cols) + ", expected " +
                     (rows == 0 ? "[any, " + std::to_string(cols) + "]" : ShapeText(rows, cols)));
      return {};
    }
    if (matrix.type == DataType::kF32 &&
        reinterpret_cast<std::uintptr_t>(matrix.data) % alignof(float) != 0) {
      Fail(name, "holds F32 values that are not aligned to 4 bytes");
      return {};
    }
    return matrix;
  }

  /// `elements` values of any type and shape, decoded; empty if missing and not required.
  Vector Floats(const std::string& name, std::size_t elements, bool required) {
    const format::SourceTensor* tensor = Find(name, required);
    if (tensor == nullptr) return {};
    const MatrixView matrix = tensor->Matrix();
    if (matrix.rows * matrix.cols != elements) {
      Fail(name, "has " + std::to_string(matrix.rows * matrix.cols) + " values, expected " +
                     std::to_string(elements));
      return {};
    }
    Vector values(elements);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
      Dequantize(matrix.type, matrix.Row(row), matrix.cols, values.data() + row * matrix.cols);
    }
    return values;
  }

  Norm ReadNorm(const std::string& name, std::size_t elements, bool required) {
    Norm norm;
    norm.weight = Floats(name + ".weight", elements, required);
    norm.bias = Floats(name + ".bias", elements, false);
    return norm;
  }

  Linear ReadLinear(const std::string& name, std::size_t rows, std::size_t cols) {
    return {.weight = Matrix(name + ".weight", rows, cols),
            .bias = Floats(name + ".bias", rows, false)};
  }

  /// Fails unless every tensor of the file was read: with one that we do not know, results would be
  /// wrong without notice.
  void RequireAllUsed() {
    for (const format::SourceTensor& tensor : file_.tensors()) {
      if (!status_.ok()) return;
      if (!used_.contains(tensor.name)) {
        status_ = file_.Error(StatusCode::kUnsupported, "tensor '" + std::string(tensor.name) +
                                                            "' is not known for this model family");
      }
    }
  }

  const Status& status() const { return status_; }
  void Fail(const std::string& name, const std::string& reason) {
    if (status_.ok()) {
      status_ = file_.Error(StatusCode::kMalformed, "tensor '" + name + "' " + reason);
    }
  }

 private:
  const format::SourceTensor* Find(const std::string& name, bool required) {
    const format::SourceTensor* tensor = file_.FindTensor(name);
    if (tensor != nullptr) {
      used_.insert(tensor->name);
    } else if (required && status_.ok()) {
      status_ = file_.Error(StatusCode::kNotFound, "tensor '" + name + "' is missing");
    }
    return tensor;
  }

  const format::ModelSource& file_;
  std::unordered_set<std::string_view> used_;
  Status status_;
};

/// Rows [begin, begin + count) of a fused projection.
Linear SliceRows(const Linear& fused, std::size_t begin, std::size_t count) {
  Linear part;
  if (fused.weight) part.weight = fused.weight.Slice(begin, count);
  if (!fused.bias.empty()) {
    const auto first = fused.bias.begin() + static_cast<std::ptrdiff_t>(begin);
    part.bias.assign(first, first + static_cast<std::ptrdiff_t>(count));
  }
  return part;
}

void ReadAttention(TensorReader& reader, const std::string& prefix, const Hyperparameters& hp,
                   LayerWeights& layer) {
  const ModelInfo& info = hp.info;
  const std::size_t query_rows = info.heads * info.head_dim;
  const std::size_t key_rows = info.kv_heads * info.head_dim;
  const std::size_t value_rows = info.kv_heads * info.value_dim;
  layer.attention_norm = reader.ReadNorm(prefix + "attn_norm", info.hidden_size, true);
  if (reader.Has(prefix + "attn_qkv.weight")) {
    const Linear fused = reader.ReadLinear(prefix + "attn_qkv", query_rows + key_rows + value_rows,
                                           info.hidden_size);
    layer.query = SliceRows(fused, 0, query_rows);
    layer.key = SliceRows(fused, query_rows, key_rows);
    layer.value = SliceRows(fused, query_rows + key_rows, value_rows);
  } else {
    layer.query = reader.ReadLinear(prefix + "attn_q", query_rows, info.hidden_size);
    layer.key = reader.ReadLinear(prefix + "attn_k", key_rows, info.hidden_size);
    layer.value = reader.ReadLinear(prefix + "attn_v", value_rows, info.hidden_size);
  }
  layer.attention_output =
      reader.ReadLinear(prefix + "attn_output", info.hidden_size, info.heads * info.value_dim);

  // One weight for all heads (Qwen 3, Gemma 3), or one per head (StableLM 2 12B).
  const auto head_norm = [&](const std::string& name, std::size_t heads) {
    const std::string tensor = prefix + name;
    const bool per_head = hp.family->norm == NormKind::kLayer;
    return reader.ReadNorm(tensor, info.head_dim * (per_head ? heads : 1), hp.family->head_norms);
  };
  layer.query_norm = head_norm("attn_q_norm", info.heads);
  layer.key_norm = head_norm("attn_k_norm", info.kv_heads);
  if (hp.family->post_norms) {
    layer.post_attention_norm =
        reader.ReadNorm(prefix + "post_attention_norm", info.hidden_size, true);
  }
}

void ReadFeedForward(TensorReader& reader, const std::string& prefix, const Hyperparameters& hp,
                     LayerWeights& layer) {
  const ModelInfo& info = hp.info;
  layer.ffn_norm =
      reader.ReadNorm(prefix + "ffn_norm", info.hidden_size, !hp.family->ffn_norm_optional);
  switch (hp.family->gate) {
    case Gate::kNone:
      layer.up = reader.ReadLinear(prefix + "ffn_up", info.ffn_size, info.hidden_size);
      break;
    case Gate::kSeparate:
      layer.gate = reader.ReadLinear(prefix + "ffn_gate", info.ffn_size, info.hidden_size);
      layer.up = reader.ReadLinear(prefix + "ffn_up", info.ffn_size, info.hidden_size);
      break;
    case Gate::kFused: {
      const Linear fused =
          reader.ReadLinear(prefix + "ffn_up", 2 * info.ffn_size, info.hidden_size);
      layer.gate = SliceRows(fused, 0, info.ffn_size);
      layer.up = SliceRows(fused, info.ffn_size, info.ffn_size);
      break;
    }
  }
  layer.down = reader.ReadLinear(prefix + "ffn_down", info.hidden_size, info.ffn_size);
  if (hp.family->post_norms) {
    layer.post_ffn_norm = reader.ReadNorm(prefix + "post_ffw_norm", info.hidden_size, true);
  }
}

void ReadGlobals(TensorReader& reader, Hyperparameters& hp, Weights& weights) {
  ModelInfo& info = hp.info;
  weights.token_embedding = reader.Matrix("token_embd.weight", 0, info.hidden_size);
  info.vocabulary = weights.token_embedding.rows;
  if (hp.family->positions == PositionKind::kLearned) {
    weights.position_embedding = reader.Matrix("position_embd.weight", 0, info.hidden_size);
    if (weights.position_embedding) {
      info.context = std::min(info.context, weights.position_embedding.rows);
    }
  } else if (hp.rope.dims > 0) {
    const std::size_t pairs = hp.rope.dims / 2;
    weights.rope_factors = reader.Floats("rope_freqs.weight", pairs, false);
    weights.rope_factors_long = reader.Floats("rope_factors_long.weight", pairs, false);
    weights.rope_factors_short = reader.Floats("rope_factors_short.weight", pairs, false);
    for (const Vector* factors :
         {&weights.rope_factors, &weights.rope_factors_long, &weights.rope_factors_short}) {
      for (const float factor : *factors) {
        if (!(factor > 0.0F)) reader.Fail("rope_*", "holds a factor that is not positive");
      }
    }
    if (!weights.rope_factors.empty()) info.rope_scaling = RopeScaling::kLlama3;
    if (!weights.rope_factors_long.empty()) info.rope_scaling = RopeScaling::kLongRope;
  }
  weights.output_norm = reader.ReadNorm("output_norm", info.hidden_size, true);
  if (hp.family->output_required || reader.Has("output.weight")) {
    weights.output = reader.ReadLinear("output", info.vocabulary, info.hidden_size);
  } else {
    weights.output.weight = weights.token_embedding;
  }
}

void CountTensors(const format::ModelSource& file, ModelInfo& info) {
  std::map<DataType, std::uint64_t> bytes_of_type;
  for (const format::SourceTensor& tensor : file.tensors()) {
    const MatrixView matrix = tensor.Matrix();
    info.parameters += static_cast<std::uint64_t>(matrix.rows) * matrix.cols;
    info.weight_bytes += tensor.data.size();
    bytes_of_type[tensor.type] += tensor.data.size();
  }
  std::uint64_t most = 0;
  for (const auto& [type, bytes] : bytes_of_type) {
    if (bytes > most) {
      most = bytes;
      info.weight_type = DataTypeName(type);
    }
  }
}

}  // namespace

Result<Weights> CollectWeights(const format::ModelSource& file, Hyperparameters& hp) {
  Weights weights;
  TensorReader reader(file);
  ReadGlobals(reader, hp, weights);
  if (!reader.status().ok()) return reader.status();
  weights.layers.resize(hp.info.layers);
  for (std::size_t i = 0; i < hp.info.layers; ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    ReadAttention(reader, prefix, hp, weights.layers[i]);
    ReadFeedForward(reader, prefix, hp, weights.layers[i]);
    if (!reader.status().ok()) return reader.status();
  }
  reader.RequireAllUsed();
  if (!reader.status().ok()) return reader.status();
  CountTensors(file, hp.info);
  return weights;
}

Status CheckFinite(const format::ModelSource& file) {
  Vector row;
  for (const format::SourceTensor& tensor : file.tensors()) {
    const MatrixView matrix = tensor.Matrix();
    row.resize(matrix.cols);
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      Dequantize(matrix.type, matrix.Row(r), matrix.cols, row.data());
      for (const float value : row) {
        if (!std::isfinite(value)) {
          return file.Error(StatusCode::kNonFinite, "tensor '" + std::string(tensor.name) +
                                                        "' holds NaN or infinity in row " +
                                                        std::to_string(r));
        }
      }
    }
  }
  return Status::Ok();
}

}  // namespace fovea::model
