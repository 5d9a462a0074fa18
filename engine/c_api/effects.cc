// Norms of values and effects of heads for C callers.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/c_api/callbacks.h"
#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/observer.h"
#include "engine/c_api/session_options.h"
#include "engine/c_api/structs.h"
#include "fovea/ablation.h"
#include "fovea/fovea.h"
#include "fovea/status_macros.h"
#include "fovea/value_norms.h"

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

struct fovea_value_norms {
  fovea_value_norms(c_api::Memory host, fovea::ValueNorms made)
      : memory(host), norms(std::move(made)) {}

  c_api::Memory memory;
  fovea::ValueNorms norms;
};

namespace {

Status TooSmall(const char* what, std::size_t needed, std::size_t capacity) {
  return {c_api::kBufferTooSmall, std::string(what) + " need room for " + std::to_string(needed) +
                                      ", the array has " + std::to_string(capacity)};
}

/// A text and a session's options, with the objects that they point to.
class Measurement {
 public:
  Status Read(const fovea_model* model, const int32_t* tokens, std::size_t count,
              const fovea_session_options* session, const fovea_effect_options* options) {
    if (model == nullptr) return c_api::NullArgument("model");
    if (tokens == nullptr) return c_api::NullArgument("tokens");
    FOVEA_RETURN_IF_ERROR(c_api::ReadSessionOptions(session, &setup_));
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_effect_options", &options_));
    pool_ = c_api::HostThreadPool(setup_.threads);
    model_ = &*model->model;
    tokens_ = {tokens, count};
    return Status::Ok();
  }

  const fovea::Model& model() const { return *model_; }
  std::span<const std::int32_t> tokens() const { return tokens_; }
  const fovea_effect_options& options() const { return options_; }
  fovea::SessionOptions session() { return setup_.Options(setup_.memory.host(), pool_.runner()); }

 private:
  const fovea::Model* model_ = nullptr;
  std::span<const std::int32_t> tokens_;
  c_api::SessionSetup setup_;
  fovea_effect_options options_ = {};
  c_api::HostThreadPool pool_{fovea_thread_pool{}};
};

Status ReadEffectOptions(const fovea_effect_options& from, fovea::EffectOptions* options) {
  if (from.kind != FOVEA_ABLATION_ZERO && from.kind != FOVEA_ABLATION_MEAN) {
    return {StatusCode::kInvalidArgument,
            "fovea_effect_options.kind is " + std::to_string(from.kind) + ", which means nothing"};
  }
  options->kind = static_cast<fovea::AblationKind>(from.kind);
  fovea::AttentionSelection selection;
  FOVEA_RETURN_IF_ERROR(c_api::ReadSelection(from, &selection));
  options->layers = std::move(selection.layers);
  options->heads = std::move(selection.heads);
  options->cancelled = c_api::CancelledOf(&from);
  options->on_progress = c_api::ProgressOf(&from);
  return Status::Ok();
}

}  // namespace

fovea_status fovea_value_norms_create(const fovea_model* model,
                                      const fovea_value_norms_options* options,
                                      fovea_value_norms** norms, fovea_error* error) {
  if (norms != nullptr) *norms = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (model == nullptr) return c_api::NullArgument("model");
    if (norms == nullptr) return c_api::NullArgument("norms");
    fovea_value_norms_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_value_norms_options", &read));
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(read.allocator, &memory));
    FOVEA_RETURN_IF_ERROR(
        c_api::CheckArray(read.layers, read.layer_count, "layers", "layer_count"));
    std::optional<fovea::Isa> isa;
    FOVEA_RETURN_IF_ERROR(c_api::ReadIsa(read.isa, "fovea_value_norms_options", &isa));
    auto made = fovea::ValueNorms::Create(
        *model->model, std::vector<std::size_t>(read.layers, read.layers + read.layer_count), isa);
    FOVEA_RETURN_IF_ERROR(made);
    return c_api::HandOut(c_api::NewHandle<fovea_value_norms>(memory, std::move(*made)), norms);
  });
}

void fovea_value_norms_free(fovea_value_norms* norms) {
  c_api::DeleteHandle(norms);
}

fovea_status fovea_value_norms_compute(const fovea_value_norms* norms, const fovea_values* values,
                                       float* out) {
  if (norms == nullptr || values == nullptr || out == nullptr) return FOVEA_INVALID_ARGUMENT;
  norms->norms.Norms(values->layer,
                     {.stream = static_cast<fovea::AttentionStream>(values->stream),
                      .layer = values->layer,
                      .begin = values->begin,
                      .count = values->count,
                      .kv_heads = values->kv_heads,
                      .value_dim = values->value_dim,
                      .value = values->value},
                     out);
  return FOVEA_OK;
}

fovea_status fovea_measure_head_effects(const fovea_model* model, const int32_t* tokens,
                                        size_t count, const fovea_session_options* session,
                                        const fovea_effect_options* options, double* loss,
                                        fovea_head_effect* effects, size_t capacity,
                                        size_t* effect_count, fovea_error* error) {
  if (loss != nullptr) *loss = 0.0;
  if (effect_count != nullptr) *effect_count = 0;
  return c_api::Guarded(error, [&]() -> Status {
    if (effect_count == nullptr) return c_api::NullArgument("effect_count");
    Measurement text;
    fovea::EffectOptions wanted;
    FOVEA_RETURN_IF_ERROR(text.Read(model, tokens, count, session, options));
    FOVEA_RETURN_IF_ERROR(ReadEffectOptions(text.options(), &wanted));
    const fovea::ModelInfo& info = text.model().info();
    *effect_count = (wanted.layers.empty() ? info.layers : wanted.layers.size()) *
                    (wanted.heads.empty() ? info.heads : wanted.heads.size());
    if (effects == nullptr) return Status::Ok();
    if (*effect_count > capacity) return TooSmall("the effects", *effect_count, capacity);
    const auto report =
        fovea::MeasureHeadEffects(text.model(), text.tokens(), text.session(), wanted);
    if (!report) {
      *effect_count = 0;
      return report.status();
    }
    // A head that was asked for twice is measured once.
    *effect_count = std::min(*effect_count, report->effects.size());
    for (std::size_t i = 0; i < *effect_count; ++i) {
      const fovea::HeadEffect& from = report->effects[i];
      effects[i] = {.layer = from.layer,
                    .head = from.head,
                    .loss = from.loss,
                    .loss_change = from.loss_change,
                    .divergence = from.divergence,
                    .top1_change = from.top1_change};
    }
    if (loss != nullptr) *loss = report->loss;
    return Status::Ok();
  });
}

fovea_status fovea_measure_head_means(const fovea_model* model, const int32_t* tokens, size_t count,
                                      const fovea_session_options* session,
                                      const fovea_effect_options* options, float* means,
                                      size_t capacity, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (means == nullptr) return c_api::NullArgument("means");
    Measurement text;
    FOVEA_RETURN_IF_ERROR(text.Read(model, tokens, count, session, options));
    const fovea::ModelInfo& info = text.model().info();
    const std::size_t size = info.layers * info.heads * info.value_dim;
    if (size > capacity) return TooSmall("the means", size, capacity);
    const auto measured = fovea::MeasureHeadMeans(text.model(), text.tokens(), text.session(),
                                                  c_api::CancelledOf(&text.options()));
    FOVEA_RETURN_IF_ERROR(measured);
    std::copy(measured->values.begin(), measured->values.end(), means);
    return Status::Ok();
  });
}
