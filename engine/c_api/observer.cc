#include "engine/c_api/observer.h"

#include <cstdint>
#include <iterator>
#include <string>

#include "engine/c_api/structs.h"
#include "fovea/status_macros.h"

namespace fovea::c_api {
namespace {

constexpr AttentionStream kStreams[] = {AttentionStream::kSelf, AttentionStream::kEncoder,
                                        AttentionStream::kCross};

std::uint32_t BitOf(AttentionStream stream) {
  return std::uint32_t{1} << static_cast<unsigned>(stream);
}

Status ReadStreams(std::uint32_t bits, AttentionSelection* selection) {
  if (bits >> std::size(kStreams) != 0) {
    return {StatusCode::kInvalidArgument,
            "streams is " + std::to_string(bits) + ", which has bits of no stream"};
  }
  selection->streams.clear();
  for (const AttentionStream stream : kStreams) {
    if ((bits & BitOf(stream)) != 0) selection->streams.push_back(stream);
  }
  return Status::Ok();
}

AttentionRows FromC(const fovea_rows& rows) {
  return {.stream = static_cast<AttentionStream>(rows.stream),
          .layer = rows.layer,
          .head = rows.head,
          .kv_head = rows.kv_head,
          .query_begin = rows.query_begin,
          .query_count = rows.query_count,
          .key_count = rows.key_count,
          .weights = rows.weights,
          .scores = rows.scores,
          .stride = rows.stride,
          .log_sum_exp = rows.log_sum_exp,
          .mask = static_cast<Mask::Kind>(rows.mask),
          .window = rows.window};
}

}  // namespace

template <typename Struct>
Status ReadSelection(const Struct& from, AttentionSelection* selection) {
  FOVEA_RETURN_IF_ERROR(CheckArray(from.layers, from.layer_count, "layers", "layer_count"));
  FOVEA_RETURN_IF_ERROR(CheckArray(from.heads, from.head_count, "heads", "head_count"));
  selection->layers.assign(from.layers, from.layers + from.layer_count);
  selection->heads.assign(from.heads, from.heads + from.head_count);
  if constexpr (requires { from.streams; }) return ReadStreams(from.streams, selection);
  return Status::Ok();
}
template Status ReadSelection(const fovea_observer& from, AttentionSelection* selection);
template Status ReadSelection(const fovea_recorder_options& from, AttentionSelection* selection);
template Status ReadSelection(const fovea_statistics_options& from, AttentionSelection* selection);
template Status ReadSelection(const fovea_effect_options& from, AttentionSelection* selection);

Status CallbackObserver::Read(const fovea_observer* given) {
  selection_ = {};
  FOVEA_RETURN_IF_ERROR(ReadOptions(given, "fovea_observer", &callbacks_));
  FOVEA_RETURN_IF_ERROR(ReadSelection(callbacks_, &selection_));
  selection_.rows = callbacks_.on_rows != nullptr;
  selection_.scores = selection_.rows && callbacks_.scores != 0;
  selection_.trace = callbacks_.on_trace != nullptr;
  selection_.values = callbacks_.on_values != nullptr;
  return Status::Ok();
}

void CallbackObserver::OnRows(const AttentionRows& rows) {
  const fovea_rows out = {.struct_size = sizeof(out),
                          .layer = rows.layer,
                          .head = rows.head,
                          .kv_head = rows.kv_head,
                          .query_begin = rows.query_begin,
                          .query_count = rows.query_count,
                          .key_count = rows.key_count,
                          .stride = rows.stride,
                          .weights = rows.weights,
                          .scores = rows.scores,
                          .log_sum_exp = rows.log_sum_exp,
                          .window = rows.window,
                          .mask = static_cast<fovea_mask>(rows.mask),
                          .stream = static_cast<fovea_stream>(rows.stream)};
  callbacks_.on_rows(callbacks_.user, &out);
}

void CallbackObserver::OnTrace(const AttentionTrace& trace) {
  const fovea_trace out = {.struct_size = sizeof(out),
                           .layer = trace.layer,
                           .query_begin = trace.query_begin,
                           .query_count = trace.query_count,
                           .key_begin = trace.key_begin,
                           .key_count = trace.key_count,
                           .heads = trace.heads,
                           .kv_heads = trace.kv_heads,
                           .head_dim = trace.head_dim,
                           .query = trace.query,
                           .key = trace.key,
                           .log_sum_exp = trace.log_sum_exp,
                           .bias = trace.bias.table.empty() ? nullptr : trace.bias.table.data(),
                           .bias_head_stride = trace.bias.head_stride,
                           .bias_zero = trace.bias.zero,
                           .scale = trace.scale,
                           .softcap = trace.softcap,
                           .window = trace.window,
                           .mask = static_cast<fovea_mask>(trace.mask),
                           .stream = static_cast<fovea_stream>(trace.stream)};
  callbacks_.on_trace(callbacks_.user, &out);
}

void CallbackObserver::OnValues(const AttentionValues& values) {
  const fovea_values out = {.struct_size = sizeof(out),
                            .layer = values.layer,
                            .begin = values.begin,
                            .count = values.count,
                            .kv_heads = values.kv_heads,
                            .value_dim = values.value_dim,
                            .value = values.value,
                            .stream = static_cast<fovea_stream>(values.stream),
                            .reserved = 0};
  callbacks_.on_values(callbacks_.user, &out);
}

fovea_observer ObserverFor(AttentionObserver* target) {
  const AttentionSelection& selection = target->selection();
  fovea_observer observer = {};
  observer.struct_size = sizeof(observer);
  observer.user = target;
  observer.layers = selection.layers.empty() ? nullptr : selection.layers.data();
  observer.layer_count = selection.layers.size();
  observer.heads = selection.heads.empty() ? nullptr : selection.heads.data();
  observer.head_count = selection.heads.size();
  observer.on_rows = [](void* user, const fovea_rows* rows) {
    static_cast<AttentionObserver*>(user)->OnRows(FromC(*rows));
  };
  observer.concurrent = target->concurrent() ? 1 : 0;
  for (const AttentionStream stream : selection.streams) observer.streams |= BitOf(stream);
  return observer;
}

}  // namespace fovea::c_api
