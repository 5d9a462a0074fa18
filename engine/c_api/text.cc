// Tokenizers, detokenizers and samplers for C callers.

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/c_api/errors.h"
#include "engine/c_api/handles.h"
#include "engine/c_api/memory.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/sampler.h"
#include "fovea/status_macros.h"
#include "fovea/tokenizer.h"

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

struct fovea_detokenizer {
  fovea_detokenizer(c_api::Memory host, const fovea_tokenizer& tokenizer, bool at_start)
      : memory(host), model(tokenizer.model), stream(*tokenizer.tokenizer, at_start) {}

  c_api::Memory memory;
  c_api::ModelUse model;  // Of a model's tokenizer; else nothing.
  fovea::StreamingDetokenizer stream;
  std::string text;  // What the last call gave.
};

namespace {

/// The C++ tokenizer, or null.
const fovea::Tokenizer* TokenizerOf(const fovea_tokenizer* handle) {
  return handle == nullptr ? nullptr : handle->tokenizer;
}

/// The text that `make` returns; null if there is no memory.
template <typename Make>
const char* Stream(fovea_detokenizer* detokenizer, std::size_t* length, const Make& make) noexcept {
  if (length != nullptr) *length = 0;
  if (detokenizer == nullptr) return nullptr;
  const fovea_status status = c_api::Guarded(nullptr, [&] {
    detokenizer->text = make(detokenizer->stream);
    return Status::Ok();
  });
  if (status != FOVEA_OK) return nullptr;
  if (length != nullptr) *length = detokenizer->text.size();
  return detokenizer->text.c_str();
}

/// The text that `make` returns, in an array of the caller.
template <typename Make>
fovea_status Text(const fovea_tokenizer* tokenizer, char* out, std::size_t capacity,
                  std::size_t* length, fovea_error* error, const Make& make) noexcept {
  if (length != nullptr) *length = 0;
  return c_api::Guarded(error, [&]() -> Status {
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    return c_api::WriteText(make(*tokenizer->tokenizer), out, capacity, length);
  });
}

/// Up to `capacity` tokens in arrays of the caller, which may be null; how many there are in
/// *count.
Status StoreTokens(const std::vector<fovea::Token>& tokens, std::int32_t* ids, std::size_t* offsets,
                   std::size_t capacity, std::size_t* count) {
  *count = tokens.size();
  for (std::size_t i = 0; i < tokens.size() && i < capacity; ++i) {
    if (ids != nullptr) ids[i] = tokens[i].id;
    if (offsets == nullptr) continue;
    offsets[2 * i] = tokens[i].begin;
    offsets[2 * i + 1] = tokens[i].end;
  }
  if (tokens.size() <= capacity) return Status::Ok();
  return {c_api::kBufferTooSmall, "the text has " + std::to_string(tokens.size()) +
                                      " tokens, the array holds " + std::to_string(capacity)};
}

}  // namespace

fovea_status fovea_model_tokenizer(const fovea_model* model, const fovea_tokenizer** tokenizer,
                                   fovea_error* error) {
  if (tokenizer != nullptr) *tokenizer = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (model == nullptr) return c_api::NullArgument("model");
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    if (model->tokenizer.tokenizer == nullptr) return model->model->tokenizer_status();
    *tokenizer = &model->tokenizer;
    return Status::Ok();
  });
}

fovea_status fovea_tokenizer_load(const char* path, const fovea_allocator* allocator,
                                  fovea_tokenizer** tokenizer, fovea_error* error) {
  if (tokenizer != nullptr) *tokenizer = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (path == nullptr) return c_api::NullArgument("path");
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(allocator, &memory));
    auto loaded = fovea::LoadTokenizer(path);
    FOVEA_RETURN_IF_ERROR(loaded);
    auto handle = c_api::NewHandle<fovea_tokenizer>(memory);
    if (handle == nullptr) return c_api::NoMemory();
    handle->owned = std::move(*loaded);
    handle->tokenizer = handle->owned.get();
    *tokenizer = handle.release();
    return Status::Ok();
  });
}

void fovea_tokenizer_free(fovea_tokenizer* tokenizer) {
  // One that a model owns goes with the model.
  if (tokenizer != nullptr && tokenizer->owned != nullptr) c_api::DeleteHandle(tokenizer);
}

fovea_status fovea_tokenize(const fovea_tokenizer* tokenizer, const char* text, size_t size,
                            const fovea_tokenize_options* options, int32_t* ids, size_t* offsets,
                            size_t capacity, size_t* count, fovea_error* error) {
  if (count != nullptr) *count = 0;
  return c_api::Guarded(error, [&]() -> Status {
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    if (text == nullptr && size != 0) return c_api::NullArgument("text");
    if (count == nullptr) return c_api::NullArgument("count");
    fovea_tokenize_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_tokenize_options", &read));
    const auto tokens = tokenizer->tokenizer->Tokenize(
        std::string_view(text, size),
        {.add_special = read.no_special == 0, .parse_special = read.parse_special != 0});
    FOVEA_RETURN_IF_ERROR(tokens);
    if (ids == nullptr && offsets == nullptr) capacity = tokens->size();  // It only counts.
    return StoreTokens(*tokens, ids, offsets, capacity, count);
  });
}

fovea_status fovea_tokenize_pair(const fovea_tokenizer* tokenizer, const char* first,
                                 size_t first_size, const char* second, size_t second_size,
                                 const fovea_tokenize_options* options, int32_t* ids,
                                 int32_t* segment_ids, size_t* offsets, size_t capacity,
                                 size_t* count, fovea_error* error) {
  if (count != nullptr) *count = 0;
  return c_api::Guarded(error, [&]() -> Status {
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    if (first == nullptr && first_size != 0) return c_api::NullArgument("first");
    if (second == nullptr && second_size != 0) return c_api::NullArgument("second");
    if (count == nullptr) return c_api::NullArgument("count");
    fovea_tokenize_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_tokenize_options", &read));
    const auto pair = tokenizer->tokenizer->EncodePair(
        std::string_view(first, first_size), std::string_view(second, second_size),
        {.add_special = read.no_special == 0, .parse_special = read.parse_special != 0});
    FOVEA_RETURN_IF_ERROR(pair);
    if (segment_ids != nullptr) {
      std::copy_n(pair->segment_ids.begin(), std::min(capacity, pair->segment_ids.size()),
                  segment_ids);
    } else if (ids == nullptr && offsets == nullptr) {
      capacity = pair->tokens.size();  // It only counts.
    }
    return StoreTokens(pair->tokens, ids, offsets, capacity, count);
  });
}

fovea_status fovea_detokenize(const fovea_tokenizer* tokenizer, const int32_t* ids, size_t count,
                              char* text, size_t capacity, size_t* length, fovea_error* error) {
  if (ids == nullptr && count != 0) {
    if (length != nullptr) *length = 0;
    return c_api::Guarded(error, [] { return c_api::NullArgument("ids"); });
  }
  return Text(tokenizer, text, capacity, length, error, [&](const fovea::Tokenizer& source) {
    return fovea::Detokenize(source, std::span(ids, count));
  });
}

fovea_status fovea_piece_bytes(const fovea_tokenizer* tokenizer, int32_t id, char* bytes,
                               size_t capacity, size_t* length, fovea_error* error) {
  return Text(tokenizer, bytes, capacity, length, error,
              [&](const fovea::Tokenizer& source) { return source.PieceBytes(id); });
}

fovea_status fovea_display_piece(const fovea_tokenizer* tokenizer, int32_t id, char* text,
                                 size_t capacity, size_t* length, fovea_error* error) {
  return Text(tokenizer, text, capacity, length, error,
              [&](const fovea::Tokenizer& source) { return source.DisplayPiece(id); });
}

size_t fovea_vocabulary_size(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? 0 : source->vocabulary_size();
}
int32_t fovea_bos_id(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? -1 : source->bos_id();
}
int32_t fovea_eos_id(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? -1 : source->eos_id();
}
int32_t fovea_unknown_id(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? -1 : source->unknown_id();
}
int32_t fovea_separator_id(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? -1 : source->separator_id();
}
int32_t fovea_padding_id(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? -1 : source->padding_id();
}
int32_t fovea_mask_id(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? -1 : source->mask_id();
}
int32_t fovea_is_special(const fovea_tokenizer* tokenizer, int32_t id) {
  const auto* source = TokenizerOf(tokenizer);
  return source != nullptr && source->IsSpecial(id) ? 1 : 0;
}
int32_t fovea_is_end_of_generation(const fovea_tokenizer* tokenizer, int32_t id) {
  const auto* source = TokenizerOf(tokenizer);
  return source != nullptr && source->IsEndOfGeneration(id) ? 1 : 0;
}
const char* fovea_tokenizer_kind(const fovea_tokenizer* tokenizer) {
  const auto* source = TokenizerOf(tokenizer);
  return source == nullptr ? "" : source->kind().data();  // A literal.
}

fovea_status fovea_detokenizer_create(const fovea_tokenizer* tokenizer, int32_t continues,
                                      const fovea_allocator* allocator,
                                      fovea_detokenizer** detokenizer, fovea_error* error) {
  if (detokenizer != nullptr) *detokenizer = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (tokenizer == nullptr) return c_api::NullArgument("tokenizer");
    if (detokenizer == nullptr) return c_api::NullArgument("detokenizer");
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(allocator, &memory));
    return c_api::HandOut(c_api::NewHandle<fovea_detokenizer>(memory, *tokenizer, continues == 0),
                          detokenizer);
  });
}

void fovea_detokenizer_free(fovea_detokenizer* detokenizer) {
  c_api::DeleteHandle(detokenizer);
}

const char* fovea_detokenizer_push(fovea_detokenizer* detokenizer, int32_t id, size_t* length) {
  return Stream(detokenizer, length,
                [id](fovea::StreamingDetokenizer& stream) { return stream.Push(id); });
}

const char* fovea_detokenizer_finish(fovea_detokenizer* detokenizer, size_t* length) {
  return Stream(detokenizer, length,
                [](fovea::StreamingDetokenizer& stream) { return stream.Finish(); });
}

fovea_status fovea_sampler_create(const fovea_sampler_options* options, fovea_sampler** sampler,
                                  fovea_error* error) {
  if (sampler != nullptr) *sampler = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (sampler == nullptr) return c_api::NullArgument("sampler");
    fovea_sampler_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_sampler_options", &read));
    c_api::Memory memory;
    FOVEA_RETURN_IF_ERROR(c_api::ReadAllocator(read.allocator, &memory));
    auto made = fovea::Sampler::Create({.temperature = read.temperature,
                                        .top_k = read.top_k,
                                        .top_p = read.top_p == 0.0F ? 1.0F : read.top_p,
                                        .seed = read.seed});
    FOVEA_RETURN_IF_ERROR(made);
    return c_api::HandOut(c_api::NewHandle<fovea_sampler>(memory, std::move(*made)), sampler);
  });
}

void fovea_sampler_free(fovea_sampler* sampler) {
  c_api::DeleteHandle(sampler);
}

fovea_status fovea_sampler_sample(fovea_sampler* sampler, const float* logits, size_t vocabulary,
                                  int32_t* id, fovea_error* error) {
  if (id != nullptr) *id = 0;
  return c_api::Guarded(error, [&]() -> Status {
    if (sampler == nullptr) return c_api::NullArgument("sampler");
    if (logits == nullptr) return c_api::NullArgument("logits");
    if (id == nullptr) return c_api::NullArgument("id");
    if (vocabulary == 0) return {StatusCode::kInvalidArgument, "there are no logits"};
    const auto chosen = sampler->sampler.Sample({logits, vocabulary});
    FOVEA_RETURN_IF_ERROR(chosen);
    *id = *chosen;
    return Status::Ok();
  });
}

int32_t fovea_argmax(const float* values, size_t count) {
  if (values == nullptr || count == 0) return -1;
  return fovea::ArgMax({values, count});
}
