// Encoders for C callers: a text's hidden states, and one vector of a text.

#include <optional>
#include <span>
#include <string>

#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/session_handle.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/session.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

namespace {

/// Runs `call(tokens, options)` in a session and hands out the floats that it gives.
template <typename Call>
fovea_status RunText(fovea_session* session, const int32_t* tokens, std::size_t count,
                     const fovea_run_options* run, const float** out, const Call& call) {
  if (out != nullptr) *out = nullptr;
  if (session == nullptr) return FOVEA_INVALID_ARGUMENT;
  const c_api::SessionEntry entry(session);
  if (!entry.granted()) return FOVEA_BUSY;
  return c_api::Guarded(&session->last, [&]() -> Status {
    if (tokens == nullptr) return c_api::NullArgument("tokens");
    fovea_run_options read;
    fovea::RunOptions options;
    FOVEA_RETURN_IF_ERROR(c_api::ReadRun(session, run, &read, &options));
    if (read.token_types != nullptr) options.token_types = {read.token_types, count};
    const fovea::Result<std::span<const float>> result =
        call(std::span<const std::int32_t>(tokens, count), options);
    FOVEA_RETURN_IF_ERROR(result);
    if (out != nullptr) *out = result->data();
    return Status::Ok();
  });
}

Status ReadPooling(fovea_pooling given, std::optional<fovea::Pooling>* pooling) {
  switch (given) {
    case FOVEA_POOLING_NONE: return Status::Ok();
    case FOVEA_POOLING_MEAN: *pooling = fovea::Pooling::kMean; return Status::Ok();
    case FOVEA_POOLING_CLS: *pooling = fovea::Pooling::kCls; return Status::Ok();
    case FOVEA_POOLING_LAST: *pooling = fovea::Pooling::kLast; return Status::Ok();
    default:
      return {StatusCode::kInvalidArgument,
              "fovea_embed_options.pooling is " + std::to_string(given) + ", which means nothing"};
  }
}

}  // namespace

fovea_status fovea_session_encode(fovea_session* session, const int32_t* tokens, size_t count,
                                  const fovea_run_options* run, const float** states) {
  return RunText(session, tokens, count, run, states,
                 [session](std::span<const std::int32_t> ids, const fovea::RunOptions& options) {
                   return session->session->Encode(ids, options);
                 });
}

fovea_status fovea_session_embed(fovea_session* session, const int32_t* tokens, size_t count,
                                 const fovea_embed_options* options, const fovea_run_options* run,
                                 const float** vector) {
  return RunText(
      session, tokens, count, run, vector,
      [session, options](std::span<const std::int32_t> ids, const fovea::RunOptions& run_options)
          -> fovea::Result<std::span<const float>> {
        fovea_embed_options read;
        FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_embed_options", &read));
        fovea::EmbedOptions embed{.normalize = read.no_normalize == 0};
        FOVEA_RETURN_IF_ERROR(ReadPooling(read.pooling, &embed.pooling));
        return session->session->Embed(ids, embed, run_options);
      });
}

size_t fovea_session_encoded_tokens(const fovea_session* session) {
  return session == nullptr ? 0 : session->session->encoded_tokens();
}
