#include "engine/model/load/collect_weights.h"

#include <cmath>
#include <map>
#include <string>

#include "engine/model/load/read_stack.h"
#include "engine/model/load/tensor_reader.h"
#include "engine/tensor/dequantize.h"

namespace fovea::model {
namespace {

void ReadRopeFactors(TensorReader& reader, Hyperparameters& hp, Weights& weights) {
  const std::size_t pairs = hp.rope.dims / 2;
  if (pairs == 0) return;
  weights.rope_factors = reader.Floats("rope_freqs.weight", pairs, false);
  weights.rope_factors_long = reader.Floats("rope_factors_long.weight", pairs, false);
  weights.rope_factors_short = reader.Floats("rope_factors_short.weight", pairs, false);
  for (const Vector* factors :
       {&weights.rope_factors, &weights.rope_factors_long, &weights.rope_factors_short}) {
    for (const float factor : *factors) {
      if (!(factor > 0.0F)) reader.Fail("rope_*", "holds a factor that is not positive");
    }
  }
  if (!weights.rope_factors.empty()) hp.info.rope_scaling = RopeScaling::kLlama3;
  if (!weights.rope_factors_long.empty()) hp.info.rope_scaling = RopeScaling::kLongRope;
}

void ReadEmbeddings(TensorReader& reader, Hyperparameters& hp, Weights& weights) {
  weights.token_embedding = reader.Matrix("token_embd.weight", 0, hp.embedding_size);
  hp.info.vocabulary = weights.token_embedding.rows;
  if (hp.family->token_types && reader.Has("token_types.weight")) {
    weights.token_types = reader.Matrix("token_types.weight", 0, hp.embedding_size);
  }
  if (hp.family->embedding_projection) {
    weights.embedding_projection =
        reader.ReadLinear("embd_proj", hp.info.hidden_size, hp.embedding_size);
  }
}

void ReadOutput(TensorReader& reader, Hyperparameters& hp, Weights& weights) {
  const ModelInfo& info = hp.info;
  if (!info.has_decoder()) return;
  if (hp.family->output_required || reader.Has("output.weight")) {
    weights.output = reader.ReadLinear("output", info.vocabulary, info.hidden_size);
    return;
  }
  weights.output.weight = weights.token_embedding;
  if (reader.Has("output.bias")) {
    weights.output.bias = reader.Floats("output.bias", info.vocabulary, true);
  }
  if (hp.family->scale_tied_output) {
    hp.logit_scale = 1.0F / std::sqrt(static_cast<float>(info.hidden_size));
  }
}

void ReadMaskedTokenHead(TensorReader& reader, Hyperparameters& hp, Weights& weights) {
  if (!hp.family->masked_token_head || !reader.Has("mlm_dense.weight")) return;
  ModelInfo& info = hp.info;
  MaskedTokenHead& head = weights.masked_token;
  head.dense = reader.ReadLinear("mlm_dense", hp.embedding_size, info.hidden_size);
  head.norm = reader.ReadNorm("mlm_norm", hp.embedding_size, true);
  if (reader.Has("mlm_output.weight")) {
    head.output = reader.ReadLinear("mlm_output", info.vocabulary, hp.embedding_size);
  } else {
    head.output.weight = weights.token_embedding;
    head.output.bias = reader.Floats("mlm_output.bias", info.vocabulary, false);
  }
  info.has_logits = true;
}

/// A head for classes is checked but not run: the encoder before it is what the maps are of.
void CheckClassificationHead(TensorReader& reader, const Hyperparameters& hp) {
  if (!hp.family->masked_token_head || !reader.Has("cls_head.weight")) return;
  const std::size_t size = hp.info.hidden_size;
  if (reader.Has("pooler.weight")) reader.ReadLinear("pooler", size, size);
  reader.ReadNorm("pooler_norm", size, false);
  const MatrixView head = reader.Matrix("cls_head.weight", 0, size);
  reader.Floats("cls_head.bias", head.rows, false);
}

void ReadWeights(TensorReader& reader, Hyperparameters& hp, Weights& weights) {
  ReadEmbeddings(reader, hp, weights);
  ReadRopeFactors(reader, hp, weights);
  if (!reader.status().ok()) return;
  const ModelInfo& info = hp.info;
  const bool named = hp.family->named_stacks;
  if (info.has_encoder()) {
    weights.encoder =
        ReadStack(reader, hp, info.encoder_stack(), named ? "enc." : "", /*cross=*/false);
  }
  if (info.has_decoder()) {
    weights.decoder =
        ReadStack(reader, hp, info, named ? "dec." : "", /*cross=*/info.has_encoder());
  }
  ReadOutput(reader, hp, weights);
  ReadMaskedTokenHead(reader, hp, weights);
  CheckClassificationHead(reader, hp);
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
  ReadWeights(reader, hp, weights);
  if (!reader.status().ok()) return reader.status();
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
