// Statistics of heads for C callers.

#include "fovea/analysis.h"

#include <string>
#include <utility>
#include <vector>

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

struct fovea_statistics {
  fovea_statistics(c_api::Memory host, fovea::AttentionSelection selection, std::size_t period,
                   std::size_t repeat_begin, const fovea::ModelInfo& model)
      : memory(host),
        heads(std::move(selection), period, repeat_begin, &model),
        observer(c_api::ObserverFor(&heads)) {}

  c_api::Memory memory;
  fovea::HeadStatisticsObserver heads;
  fovea_observer observer;
};

namespace {

fovea_head_statistics ToC(const fovea::HeadStatistics& from) {
  return {.layer = from.layer,
          .head = from.head,
          .kv_head = from.kv_head,
          .rows = from.rows,
          .entropy = from.entropy,
          .mean_distance = from.mean_distance,
          .confidence = from.confidence,
          .previous_token = from.previous_token,
          .first_token = from.first_token,
          .self = from.self,
          .duplicate_token = from.duplicate_token,
          .induction = from.induction,
          .row_sum_error = from.row_sum_error,
          .even_entropy = from.even_entropy,
          .even_distance = from.even_distance,
          .stream = static_cast<fovea_stream>(from.stream),
          .reserved = 0};
}

fovea::HeadStatistics FromC(const fovea_head_statistics& from) {
  return {.stream = static_cast<fovea::AttentionStream>(from.stream),
          .layer = from.layer,
          .head = from.head,
          .kv_head = from.kv_head,
          .rows = from.rows,
          .entropy = from.entropy,
          .mean_distance = from.mean_distance,
          .confidence = from.confidence,
          .previous_token = from.previous_token,
          .first_token = from.first_token,
          .self = from.self,
          .duplicate_token = from.duplicate_token,
          .induction = from.induction,
          .row_sum_error = from.row_sum_error,
          .even_entropy = from.even_entropy,
          .even_distance = from.even_distance};
}

}  // namespace

fovea_status fovea_statistics_create(const fovea_model* model,
                                     const fovea_statistics_options* options,
                                     fovea_statistics** statistics, fovea_error* error) {
  if (statistics != nullptr) *statistics = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (model == nullptr) return c_api::NullArgument("model");
    if (statistics == nullptr) return c_api::NullArgument("statistics");
    fovea_statistics_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_statistics_options", &read));
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(read.allocator, &memory));
    fovea::AttentionSelection selection;
    FOVEA_RETURN_IF_ERROR(c_api::ReadSelection(read, &selection));
    return c_api::HandOut(
        c_api::NewHandle<fovea_statistics>(memory, std::move(selection), read.period,
                                           read.repeat_begin, model->model->info()),
        statistics);
  });
}

void fovea_statistics_free(fovea_statistics* statistics) {
  c_api::DeleteHandle(statistics);
}

const fovea_observer* fovea_statistics_observer(fovea_statistics* statistics) {
  return statistics == nullptr ? nullptr : &statistics->observer;
}

fovea_status fovea_statistics_heads(const fovea_statistics* statistics,
                                    fovea_head_statistics* heads, size_t capacity, size_t* count,
                                    fovea_error* error) {
  if (count != nullptr) *count = 0;
  return c_api::Guarded(error, [&]() -> Status {
    if (statistics == nullptr) return c_api::NullArgument("statistics");
    if (count == nullptr) return c_api::NullArgument("count");
    const std::vector<fovea::HeadStatistics> seen = statistics->heads.Heads();
    *count = seen.size();
    if (heads == nullptr) return Status::Ok();
    for (std::size_t i = 0; i < seen.size() && i < capacity; ++i) heads[i] = ToC(seen[i]);
    if (seen.size() <= capacity) return Status::Ok();
    return {c_api::kBufferTooSmall, std::to_string(seen.size()) +
                                        " heads were seen, the array has room for " +
                                        std::to_string(capacity)};
  });
}

const char* fovea_head_type(const fovea_head_statistics* head) {
  return head == nullptr ? "" : fovea::HeadType(FromC(*head)).data();  // A literal.
}
