// Models for C callers.

#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/model.h"
#include "fovea/status_macros.h"

namespace fovea::c_api {

ModelUse::ModelUse(const fovea_model* model) : model_(const_cast<fovea_model*>(model)) {
  if (model_ != nullptr) model_->users.fetch_add(1, std::memory_order_relaxed);
}
ModelUse::~ModelUse() {
  Release(model_);
}

void Release(fovea_model* model) {
  if (model == nullptr || model->users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  DeleteHandle(model);
}

namespace {

/// Makes the handle, then loads into it: the model's bytes come from the handle's memory.
template <typename LoadFunction>
Status LoadInto(const fovea_model_options* given, fovea_model** out, const LoadFunction& load) {
  fovea_model_options options;
  FOVEA_RETURN_IF_ERROR(ReadOptions(given, "fovea_model_options", &options));
  Memory memory;
  FOVEA_RETURN_IF_ERROR(ReadAllocator(options.allocator, &memory));
  auto handle = NewHandle<fovea_model>(memory);
  if (handle == nullptr) return NoMemory();
  auto model = load(LoadOptions{.map = options.map != 0,
                                .pack = options.no_pack == 0,
                                .check_finite = options.check_finite != 0,
                                .content_hash = options.no_content_hash == 0,
                                .max_memory = options.max_memory,
                                .allocator = handle->memory.host()});
  FOVEA_RETURN_IF_ERROR(model);
  handle->model.emplace(std::move(*model));
  handle->tokenizer.tokenizer = handle->model->tokenizer();
  handle->tokenizer.model = handle.get();
  *out = handle.release();
  return Status::Ok();
}

}  // namespace
}  // namespace fovea::c_api

using fovea::Status;
namespace c_api = fovea::c_api;

namespace {

fovea_position PositionToC(fovea::PositionKind kind) {
  switch (kind) {
    case fovea::PositionKind::kRopeInterleaved: return FOVEA_POSITION_ROPE_INTERLEAVED;
    case fovea::PositionKind::kRopeHalves: return FOVEA_POSITION_ROPE_HALVES;
    case fovea::PositionKind::kLearned: return FOVEA_POSITION_LEARNED;
    case fovea::PositionKind::kSinusoidal: return FOVEA_POSITION_SINUSOIDAL;
    case fovea::PositionKind::kAlibi: return FOVEA_POSITION_ALIBI;
    case fovea::PositionKind::kRelativeBuckets: return FOVEA_POSITION_RELATIVE_BUCKETS;
  }
  return FOVEA_POSITION_ROPE_HALVES;
}

fovea_rope_scaling RopeScalingToC(fovea::RopeScaling scaling) {
  switch (scaling) {
    case fovea::RopeScaling::kNone: return FOVEA_ROPE_SCALING_NONE;
    case fovea::RopeScaling::kLinear: return FOVEA_ROPE_SCALING_LINEAR;
    case fovea::RopeScaling::kYarn: return FOVEA_ROPE_SCALING_YARN;
    case fovea::RopeScaling::kLlama3: return FOVEA_ROPE_SCALING_LLAMA3;
    case fovea::RopeScaling::kLongRope: return FOVEA_ROPE_SCALING_LONGROPE;
  }
  return FOVEA_ROPE_SCALING_NONE;
}

fovea_model_kind KindToC(fovea::ModelKind kind) {
  switch (kind) {
    case fovea::ModelKind::kDecoder: return FOVEA_MODEL_DECODER;
    case fovea::ModelKind::kEncoder: return FOVEA_MODEL_ENCODER;
    case fovea::ModelKind::kEncoderDecoder: return FOVEA_MODEL_ENCODER_DECODER;
  }
  return FOVEA_MODEL_DECODER;
}

fovea_pooling PoolingToC(fovea::Pooling pooling) {
  switch (pooling) {
    case fovea::Pooling::kNone: return FOVEA_POOLING_NONE;
    case fovea::Pooling::kMean: return FOVEA_POOLING_MEAN;
    case fovea::Pooling::kCls: return FOVEA_POOLING_CLS;
    case fovea::Pooling::kLast: return FOVEA_POOLING_LAST;
  }
  return FOVEA_POOLING_NONE;
}

}  // namespace

fovea_status fovea_model_load(const char* path, const fovea_model_options* options,
                              fovea_model** model, fovea_error* error) {
  if (model != nullptr) *model = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (path == nullptr) return c_api::NullArgument("path");
    if (model == nullptr) return c_api::NullArgument("model");
    return c_api::LoadInto(options, model, [&](const fovea::LoadOptions& load) {
      return fovea::Model::Load(path, load);
    });
  });
}

fovea_status fovea_model_load_memory(const void* bytes, size_t size, const char* name,
                                     const fovea_model_options* options, fovea_model** model,
                                     fovea_error* error) {
  if (model != nullptr) *model = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (bytes == nullptr) return c_api::NullArgument("bytes");
    if (model == nullptr) return c_api::NullArgument("model");
    const std::span file(static_cast<const std::byte*>(bytes), size);
    return c_api::LoadInto(options, model, [&](const fovea::LoadOptions& load) {
      return fovea::Model::FromBuffer(file, load, name == nullptr ? "buffer" : name);
    });
  });
}

void fovea_model_free(fovea_model* model) {
  c_api::Release(model);
}

fovea_status fovea_model_get_info(const fovea_model* model, fovea_model_info* info) {
  return c_api::Guarded(nullptr, [&]() -> Status {
    if (model == nullptr) return c_api::NullArgument("model");
    const fovea::ModelInfo& from = model->model->info();
    const fovea::StackInfo& encoder = from.encoder_stack();
    const fovea_model_info filled = {.struct_size = sizeof(filled),
                                     .path = from.path.c_str(),
                                     .family = from.family.c_str(),
                                     .name = from.name.c_str(),
                                     .layers = from.layers,
                                     .heads = from.heads,
                                     .kv_heads = from.kv_heads,
                                     .head_dim = from.head_dim,
                                     .value_dim = from.value_dim,
                                     .hidden_size = from.hidden_size,
                                     .ffn_size = from.ffn_size,
                                     .vocabulary = from.vocabulary,
                                     .context = from.context,
                                     .weight_type = from.weight_type.c_str(),
                                     .content_hash = from.content_hash.c_str(),
                                     .windows = from.windows.data(),
                                     .parameters = from.parameters,
                                     .weight_bytes = from.weight_bytes,
                                     .file_bytes = from.file_bytes,
                                     .rope_base = from.rope_base,
                                     .rope_factor = from.rope_factor,
                                     .attention_scale = from.attention_scale,
                                     .attention_softcap = from.attention_softcap,
                                     .logit_softcap = from.logit_softcap,
                                     .position = PositionToC(from.position),
                                     .rope_scaling = RopeScalingToC(from.rope_scaling),
                                     .reserved = 0,
                                     .encoder_layers = encoder.layers,
                                     .encoder_heads = encoder.heads,
                                     .encoder_kv_heads = encoder.kv_heads,
                                     .encoder_head_dim = encoder.head_dim,
                                     .encoder_value_dim = encoder.value_dim,
                                     .encoder_hidden_size = encoder.hidden_size,
                                     .kind = KindToC(from.kind),
                                     .pooling = PoolingToC(from.pooling),
                                     .decoder_start_token = from.decoder_start_token,
                                     .has_logits = from.has_logits ? 1 : 0};
    return c_api::WriteStruct(filled, "fovea_model_info", info);
  });
}

fovea_status fovea_model_visit_tensors(const fovea_model* model,
                                       void (*visit)(void* user, const fovea_tensor_info* tensor),
                                       void* user, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (model == nullptr) return c_api::NullArgument("model");
    if (visit == nullptr) return c_api::NullArgument("visit");
    for (const fovea::TensorSummary& tensor : model->model->Tensors()) {
      // Names of types are literals.
      const fovea_tensor_info info = {.struct_size = sizeof(info),
                                      .name = tensor.name.c_str(),
                                      .type = fovea::DataTypeName(tensor.type).data(),
                                      .shape = tensor.shape.data(),
                                      .rank = tensor.shape.size(),
                                      .bytes = tensor.bytes};
      visit(user, &info);
    }
    return Status::Ok();
  });
}
