// Recorders of attention maps for C callers.

#include <string>
#include <utility>

#include "engine/c_api/errors.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/observer.h"
#include "engine/c_api/structs.h"
#include "fovea/attention.h"
#include "fovea/fovea.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

struct fovea_recorder {
  fovea_recorder(c_api::Memory host, fovea::AttentionSelection selection)
      : memory(host),
        maps(std::move(selection), memory.host()),
        observer(c_api::ObserverFor(&maps)) {}

  c_api::Memory memory;
  fovea::AttentionRecorder maps;
  fovea_observer observer;
};

fovea_status fovea_recorder_create(const fovea_recorder_options* options, fovea_recorder** recorder,
                                   fovea_error* error) {
  if (recorder != nullptr) *recorder = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (recorder == nullptr) return c_api::NullArgument("recorder");
    fovea_recorder_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_recorder_options", &read));
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(read.allocator, &memory));
    fovea::AttentionSelection selection;
    FOVEA_RETURN_IF_ERROR(c_api::ReadSelection(read, &selection));
    return c_api::HandOut(c_api::NewHandle<fovea_recorder>(memory, std::move(selection)), recorder);
  });
}

void fovea_recorder_free(fovea_recorder* recorder) {
  c_api::DeleteHandle(recorder);
}

const fovea_observer* fovea_recorder_observer(fovea_recorder* recorder) {
  return recorder == nullptr ? nullptr : &recorder->observer;
}

fovea_status fovea_recorder_map(const fovea_recorder* recorder, size_t layer, size_t head,
                                fovea_stream stream, fovea_map* map, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (recorder == nullptr) return c_api::NullArgument("recorder");
    if (!recorder->maps.status().ok()) return recorder->maps.status();
    const auto view = recorder->maps.Map(layer, head, static_cast<fovea::AttentionStream>(stream));
    const fovea_map filled = {.struct_size = sizeof(filled),
                              .queries = view.queries,
                              .keys = view.keys,
                              .stride = view.stride,
                              .weights = view.weights};
    FOVEA_RETURN_IF_ERROR(c_api::WriteStruct(filled, "fovea_map", map));
    if (view.queries != 0) return Status::Ok();
    return {StatusCode::kNotFound, "nothing was recorded for layer " + std::to_string(layer) +
                                       ", head " + std::to_string(head)};
  });
}

void fovea_recorder_clear(fovea_recorder* recorder) {
  if (recorder != nullptr) recorder->maps.Clear();
}
