// Generation for C callers.

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/session_handle.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/generate.h"
#include "fovea/sampler.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;

namespace {

/// The C++ options but for those of the runs. *given must outlive them.
Status ReadOptions(const fovea_generate_options* given, fovea::GenerateOptions* options) {
  if (given->max_tokens != 0) options->max_tokens = given->max_tokens;
  options->lookup = given->lookup;
  if (given->stop_text_count != 0 && given->stop_texts == nullptr) {
    return c_api::NullArgument("fovea_generate_options.stop_texts");
  }
  for (std::size_t i = 0; i < given->stop_text_count; ++i) {
    if (given->stop_texts[i] == nullptr) {
      return c_api::NullArgument("an entry of fovea_generate_options.stop_texts");
    }
    options->stop_texts.emplace_back(given->stop_texts[i]);
  }
  if (given->on_text != nullptr) {
    options->on_text = [given](const fovea::GeneratedText& piece) {
      const std::string text(piece.text);  // With a zero byte at its end.
      given->on_text(given->user, piece.id, text.c_str(), text.size());
    };
  }
  return Status::Ok();
}

fovea_stop_reason StopReasonToC(fovea::StopReason reason) {
  switch (reason) {
    case fovea::StopReason::kMaxTokens: return FOVEA_STOP_MAX_TOKENS;
    case fovea::StopReason::kEndToken: return FOVEA_STOP_END_TOKEN;
    case fovea::StopReason::kStopText: return FOVEA_STOP_TEXT;
    case fovea::StopReason::kContextFull: return FOVEA_STOP_CONTEXT_FULL;
  }
  return FOVEA_STOP_MAX_TOKENS;
}

Status HandOver(const fovea::Generation& made, std::int32_t* ids, std::size_t capacity,
                fovea_generation* generation) {
  if (generation != nullptr) {
    const fovea_generation filled = {.struct_size = sizeof(filled),
                                     .count = made.ids.size(),
                                     .runs = made.runs,
                                     .guessed = made.guessed,
                                     .guessed_right = made.guessed_right,
                                     .stop = StopReasonToC(made.stop),
                                     .reserved = 0};
    FOVEA_RETURN_IF_ERROR(c_api::WriteStruct(filled, "fovea_generation", generation));
  }
  if (ids == nullptr) return Status::Ok();
  std::copy_n(made.ids.begin(), std::min(made.ids.size(), capacity), ids);
  if (made.ids.size() <= capacity) return Status::Ok();
  return {c_api::kBufferTooSmall, std::to_string(made.ids.size()) +
                                      " tokens were generated, the array holds " +
                                      std::to_string(capacity)};
}

}  // namespace

fovea_status fovea_generate(fovea_session* session, const fovea_tokenizer* tokenizer,
                            const int32_t* prompt, size_t prompt_count,
                            const fovea_generate_options* options, int32_t* ids, size_t capacity,
                            fovea_generation* generation) {
  if (session == nullptr) return FOVEA_INVALID_ARGUMENT;
  const c_api::SessionEntry entry(session);
  if (!entry.granted()) return FOVEA_BUSY;
  return c_api::Guarded(&session->last, [&]() -> Status {
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    if (prompt == nullptr) return c_api::NullArgument("prompt");
    if (generation != nullptr) {
      FOVEA_RETURN_IF_ERROR(c_api::CheckStructSize(generation->struct_size, "fovea_generation"));
    }
    fovea_generate_options read;
    fovea_run_options run;
    fovea::GenerateOptions generate;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_generate_options", &read));
    FOVEA_RETURN_IF_ERROR(ReadOptions(&read, &generate));
    FOVEA_RETURN_IF_ERROR(c_api::ReadRun(session, read.run, &run, &generate.run));
    std::optional<fovea::Sampler> greedy;
    if (read.sampler == nullptr) {
      auto created = fovea::Sampler::Create({});
      FOVEA_RETURN_IF_ERROR(created);
      greedy.emplace(std::move(*created));
    }
    const auto made =
        fovea::Generate(*session->session, *tokenizer->tokenizer, {prompt, prompt_count},
                        greedy ? *greedy : read.sampler->sampler, generate);
    FOVEA_RETURN_IF_ERROR(made);
    return HandOver(*made, ids, capacity, generation);
  });
}
