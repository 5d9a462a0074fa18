#include "fovea/model.h"

#include <utility>

#include "engine/model/load/load_model.h"
#include "engine/model/model_impl.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

/// The only exceptions that can start in `load` are those of the standard library's containers.
template <typename LoadFunction>
Result<std::shared_ptr<Model::Impl>> Guarded(const std::string& name, const LoadFunction& load) {
  return platform::ContainExceptions(load, [&](const platform::Thrown& thrown) {
    return thrown.out_of_memory
               ? Status(StatusCode::kOutOfMemory, name + ": not enough memory to load the model")
               : Status(StatusCode::kLimitExceeded, name + ": " + thrown.text);
  });
}

}  // namespace

Result<Model> Model::Load(const std::string& path, const LoadOptions& options) {
  auto impl = Guarded(path, [&] { return model::LoadFile(path, options); });
  FOVEA_RETURN_IF_ERROR(impl);
  return Model(std::move(*impl));
}

Result<Model> Model::FromBuffer(std::span<const std::byte> bytes, const LoadOptions& options,
                                const std::string& name) {
  auto impl = Guarded(name, [&] { return model::LoadBuffer(bytes, options, name); });
  FOVEA_RETURN_IF_ERROR(impl);
  return Model(std::move(*impl));
}

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Model::Model(const Model&) noexcept = default;
Model& Model::operator=(const Model&) noexcept = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const ModelInfo& Model::info() const {
  return impl_->hp.info;
}
ModelMemory Model::memory() const {
  const ModelInfo& info = impl_->hp.info;
  return {.weights = impl_->source->bytes().size(),
          .metadata =
              sizeof(Impl) + impl_->source->heap_bytes() + impl_->weights.heap_bytes() +
              (info.windows.capacity() + info.encoder.windows.capacity()) * sizeof(std::size_t) +
              (impl_->tokenizer != nullptr ? impl_->tokenizer->memory_bytes() : 0)};
}
const Tokenizer* Model::tokenizer() const {
  return impl_->tokenizer.get();
}
const Status& Model::tokenizer_status() const {
  return impl_->tokenizer_status;
}

std::vector<TensorSummary> Model::Tensors() const {
  std::vector<TensorSummary> summaries;
  for (const format::SourceTensor& tensor : impl_->source->tensors()) {
    TensorSummary summary{.name = std::string(tensor.name),
                          .type = tensor.type,
                          .shape = {},
                          .bytes = tensor.data.size()};
    for (std::size_t i = tensor.rank; i > 0; --i) summary.shape.push_back(tensor.shape[i - 1]);
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::string_view PositionKindName(PositionKind kind) {
  switch (kind) {
    case PositionKind::kRopeInterleaved: return "rope interleaved";
    case PositionKind::kRopeHalves: return "rope";
    case PositionKind::kLearned: return "learned";
    case PositionKind::kSinusoidal: return "sinusoidal";
    case PositionKind::kAlibi: return "alibi";
    case PositionKind::kRelativeBuckets: return "relative buckets";
  }
  return "";
}

std::string_view ModelKindName(ModelKind kind) {
  switch (kind) {
    case ModelKind::kDecoder: return "decoder";
    case ModelKind::kEncoder: return "encoder";
    case ModelKind::kEncoderDecoder: return "encoder-decoder";
  }
  return "";
}

std::string_view PoolingName(Pooling pooling) {
  switch (pooling) {
    case Pooling::kNone: return "none";
    case Pooling::kMean: return "mean";
    case Pooling::kCls: return "cls";
    case Pooling::kLast: return "last";
  }
  return "";
}

std::string_view RopeScalingName(RopeScaling scaling) {
  switch (scaling) {
    case RopeScaling::kNone: return "none";
    case RopeScaling::kLinear: return "linear";
    case RopeScaling::kYarn: return "yarn";
    case RopeScaling::kLlama3: return "llama3";
    case RopeScaling::kLongRope: return "longrope";
  }
  return "";
}

}  // namespace fovea
