// Sessions for C callers.

#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/c_api/callbacks.h"
#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/session_handle.h"
#include "engine/c_api/session_options.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/memory_estimate.h"
#include "fovea/session.h"
#include "fovea/status_macros.h"
#include "fovea/threads.h"

namespace fovea::c_api {

Kernels KernelsOf(const fovea_session* session) {
  return session == nullptr ? Kernels::Best() : session->session->kernels();
}

namespace {

/// Width of the heads of one attention.
std::size_t ValueDimOf(const ModelInfo& info, AttentionStream stream) {
  return stream == AttentionStream::kEncoder ? info.encoder_stack().value_dim : info.value_dim;
}

Status ReadAblations(const fovea_run_options& run, fovea_session* handle) {
  if (run.ablation_count != 0 && run.ablations == nullptr) {
    return NullArgument("fovea_run_options.ablations");
  }
  handle->ablations.clear();
  for (std::size_t i = 0; i < run.ablation_count; ++i) {
    const fovea_ablation& from = run.ablations[i];
    if (from.stream < FOVEA_STREAM_SELF || from.stream > FOVEA_STREAM_CROSS) {
      return {StatusCode::kInvalidArgument,
              "fovea_ablation.stream is " + std::to_string(from.stream) + ", which means nothing"};
    }
    const auto stream = static_cast<AttentionStream>(from.stream);
    const std::size_t value_dim = ValueDimOf(handle->model->info(), stream);
    handle->ablations.push_back(
        {.stream = stream,
         .layer = from.layer,
         .head = from.head,
         .replacement = {from.replacement, from.replacement == nullptr ? 0 : value_dim}});
  }
  return Status::Ok();
}

}  // namespace

Status ReadRun(fovea_session* handle, const fovea_run_options* given, fovea_run_options* run,
               RunOptions* options) {
  FOVEA_RETURN_IF_ERROR(ReadOptions(given, "fovea_run_options", run));
  FOVEA_RETURN_IF_ERROR(handle->observer.Read(run->observer));
  if (handle->observer.wants_anything()) options->observer = &handle->observer;
  if (run->on_logits != nullptr) {
    options->on_logits = [run](std::size_t position, std::span<const float> logits) {
      run->on_logits(run->user, position, logits.data(), logits.size());
    };
  }
  options->cancelled = CancelledOf(run);
  options->on_progress = ProgressOf(run);
  if (run->on_hidden != nullptr) {
    const std::size_t hidden_size = handle->model->info().hidden_size;  // Of every stack.
    options->on_hidden = [run, hidden_size](std::size_t layer, std::size_t position,
                                            std::span<const float> rows) {
      run->on_hidden(run->user, layer, position, rows.data(), rows.size() / hidden_size,
                     hidden_size);
    };
  }
  FOVEA_RETURN_IF_ERROR(ReadAblations(*run, handle));
  options->ablations = handle->ablations;
  return Status::Ok();
}

}  // namespace fovea::c_api

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

namespace {

/// Options, memory and threads of a session that is to be made; plans need no handle.
Status Prepare(const fovea_model* model, const fovea_session_options* given,
               c_api::SessionSetup* setup) {
  if (model == nullptr) return c_api::NullArgument("model");
  return c_api::ReadSessionOptions(given, setup);
}

}  // namespace

fovea_status fovea_session_plan(const fovea_model* model, const fovea_session_options* options,
                                fovea_memory_plan* plan, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    c_api::SessionSetup setup;
    FOVEA_RETURN_IF_ERROR(Prepare(model, options, &setup));
    c_api::HostThreadPool threads(setup.threads);
    const auto planned =
        fovea::Session::Plan(*model->model, setup.Options(nullptr, threads.runner()));
    FOVEA_RETURN_IF_ERROR(planned);
    const fovea_memory_plan filled = {
        .struct_size = sizeof(filled), .kv_cache = planned->kv_cache, .scratch = planned->scratch};
    return c_api::WriteStruct(filled, "fovea_memory_plan", plan);
  });
}

fovea_status fovea_estimate_memory(const char* path, const fovea_session_options* options,
                                   fovea_memory_estimate* estimate, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (path == nullptr) return c_api::NullArgument("path");
    if (estimate == nullptr) return c_api::NullArgument("estimate");
    c_api::SessionSetup setup;
    FOVEA_RETURN_IF_ERROR(c_api::ReadSessionOptions(options, &setup));
    c_api::HostThreadPool threads(setup.threads);
    const auto memory = fovea::EstimateMemory(path, setup.Options(nullptr, threads.runner()));
    FOVEA_RETURN_IF_ERROR(memory);
    const fovea_memory_estimate filled = {.struct_size = sizeof(filled),
                                          .weights = memory->model.weights,
                                          .metadata = memory->model.metadata,
                                          .kv_cache = memory->session.kv_cache,
                                          .scratch = memory->session.scratch,
                                          .total = memory->total()};
    return c_api::WriteStruct(filled, "fovea_memory_estimate", estimate);
  });
}

size_t fovea_useful_threads(void) {
  return fovea::UsefulThreads();
}

fovea_status fovea_session_create(const fovea_model* model, const fovea_session_options* options,
                                  fovea_session** session, fovea_error* error) {
  if (session != nullptr) *session = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (session == nullptr) return c_api::NullArgument("session");
    c_api::SessionSetup setup;
    FOVEA_RETURN_IF_ERROR(Prepare(model, options, &setup));
    auto handle = c_api::NewHandle<fovea_session>(setup.memory, model, setup.threads);
    if (handle == nullptr) return c_api::NoMemory();
    auto made = fovea::Session::Create(
        *model->model, setup.Options(handle->memory.host(), handle->threads.runner()));
    FOVEA_RETURN_IF_ERROR(made);
    handle->session.emplace(std::move(*made));
    *session = handle.release();
    return Status::Ok();
  });
}

void fovea_session_free(fovea_session* session) {
  c_api::DeleteHandle(session);
}

fovea_status fovea_session_prefill(fovea_session* session, const int32_t* tokens, size_t count,
                                   const fovea_run_options* run, const float** logits) {
  if (logits != nullptr) *logits = nullptr;
  if (session == nullptr) return FOVEA_INVALID_ARGUMENT;
  const c_api::SessionEntry entry(session);
  if (!entry.granted()) return FOVEA_BUSY;
  return c_api::Guarded(&session->last, [&]() -> Status {
    if (tokens == nullptr) return c_api::NullArgument("tokens");
    fovea_run_options read;
    fovea::RunOptions options;
    FOVEA_RETURN_IF_ERROR(c_api::ReadRun(session, run, &read, &options));
    const auto result = session->session->Prefill({tokens, count}, options);
    FOVEA_RETURN_IF_ERROR(result);
    if (logits != nullptr) *logits = result->data();
    return Status::Ok();
  });
}

fovea_status fovea_session_decode(fovea_session* session, int32_t token,
                                  const fovea_run_options* run, const float** logits) {
  return fovea_session_prefill(session, &token, 1, run, logits);
}

fovea_status fovea_session_truncate(fovea_session* session, size_t position) {
  if (session == nullptr) return FOVEA_INVALID_ARGUMENT;
  const c_api::SessionEntry entry(session);
  if (!entry.granted()) return FOVEA_BUSY;
  return c_api::Guarded(&session->last, [&] { return session->session->Truncate(position); });
}

const char* fovea_session_error(const fovea_session* session) {
  return session == nullptr ? "" : session->last.message;
}

size_t fovea_session_position(const fovea_session* session) {
  return session == nullptr ? 0 : session->session->position();
}

fovea_status fovea_session_get_info(const fovea_session* session, fovea_session_info* info) {
  return c_api::Guarded(nullptr, [&]() -> Status {
    if (session == nullptr) return c_api::NullArgument("session");
    const fovea::Session& from = *session->session;
    const fovea_session_info filled = {.struct_size = sizeof(filled),
                                       .context_size = from.context_size(),
                                       .vocabulary = session->model->info().vocabulary,
                                       .threads = from.threads(),
                                       .kv_cache = from.memory().kv_cache,
                                       .scratch = from.memory().scratch,
                                       .isa = fovea::IsaName(from.isa()).data(),  // A literal.
                                       .kv_type = c_api::KvTypeToC(from.kv_type()),
                                       .arithmetic = c_api::ArithmeticToC(from.arithmetic()),
                                       .encoder_context_size = from.encoder_context_size()};
    return c_api::WriteStruct(filled, "fovea_session_info", info);
  });
}
