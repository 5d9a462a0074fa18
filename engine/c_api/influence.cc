// Rollout and flow for C callers.

#include "fovea/influence.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/c_api/callbacks.h"
#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/observer.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

struct fovea_mean_maps {
  fovea_mean_maps(c_api::Memory host, fovea::MeanAttentionObserver made)
      : memory(host), maps(std::move(made)), observer(c_api::ObserverFor(&maps)) {}

  c_api::Memory memory;
  fovea::MeanAttentionObserver maps;
  fovea_observer observer;
};

namespace {

/// `read` must live as long as the options.
Status ReadInfluence(const fovea_mean_maps* maps, const fovea_influence_options* given,
                     fovea_influence_options* read, fovea::InfluenceOptions* options) {
  if (maps == nullptr) return c_api::NullArgument("maps");
  FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(given, "fovea_influence_options", read));
  if (read->layers != 0) options->layer = read->layers - 1;
  options->cancelled = c_api::CancelledOf(read);
  options->on_progress = c_api::ProgressOf(read);
  return Status::Ok();
}

}  // namespace

fovea_status fovea_mean_maps_create(const fovea_model* model, size_t context_size,
                                    const fovea_mean_maps_options* options, fovea_mean_maps** maps,
                                    fovea_error* error) {
  if (maps != nullptr) *maps = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (model == nullptr) return c_api::NullArgument("model");
    if (maps == nullptr) return c_api::NullArgument("maps");
    fovea_mean_maps_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_mean_maps_options", &read));
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(read.allocator, &memory));
    auto made =
        fovea::MeanAttentionObserver::Create(model->model->info(), context_size, read.max_memory);
    FOVEA_RETURN_IF_ERROR(made);
    return c_api::HandOut(c_api::NewHandle<fovea_mean_maps>(memory, std::move(*made)), maps);
  });
}

void fovea_mean_maps_free(fovea_mean_maps* maps) {
  c_api::DeleteHandle(maps);
}

const fovea_observer* fovea_mean_maps_observer(fovea_mean_maps* maps) {
  return maps == nullptr ? nullptr : &maps->observer;
}

size_t fovea_mean_maps_tokens(const fovea_mean_maps* maps) {
  return maps == nullptr ? 0 : maps->maps.tokens();
}

fovea_status fovea_mean_maps_row(const fovea_mean_maps* maps, size_t layer, size_t query,
                                 float* out, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (maps == nullptr) return c_api::NullArgument("maps");
    if (out == nullptr) return c_api::NullArgument("out");
    if (layer >= maps->maps.layers() || query >= maps->maps.tokens()) {
      return {StatusCode::kInvalidArgument,
              "there is no row " + std::to_string(query) + " of layer " + std::to_string(layer) +
                  ": " + std::to_string(maps->maps.layers()) + " layers have seen " +
                  std::to_string(maps->maps.tokens()) + " tokens"};
    }
    maps->maps.ReadRow(layer, query, out);
    return Status::Ok();
  });
}

fovea_status fovea_rollout(const fovea_mean_maps* maps, const fovea_influence_options* options,
                           float* out, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (out == nullptr) return c_api::NullArgument("out");
    fovea_influence_options read;
    fovea::InfluenceOptions follow;
    FOVEA_RETURN_IF_ERROR(ReadInfluence(maps, options, &read, &follow));
    const auto rollout = fovea::Rollout(maps->maps, follow);
    FOVEA_RETURN_IF_ERROR(rollout);
    std::copy(rollout->weights.begin(), rollout->weights.end(), out);
    return Status::Ok();
  });
}

fovea_status fovea_flow(const fovea_mean_maps* maps, size_t query,
                        const fovea_influence_options* options, float* out, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (out == nullptr) return c_api::NullArgument("out");
    fovea_influence_options read;
    fovea::InfluenceOptions follow;
    FOVEA_RETURN_IF_ERROR(ReadInfluence(maps, options, &read, &follow));
    const auto flow = fovea::Flow(maps->maps, query, follow);
    FOVEA_RETURN_IF_ERROR(flow);
    std::copy(flow->begin(), flow->end(), out);
    return Status::Ok();
  });
}
