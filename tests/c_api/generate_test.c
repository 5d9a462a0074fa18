/* The generation loop of the C API against one written by hand. */

#include "tests/c_api/check.h"

enum { kTokens = 12, kContext = 64 };

static const char* const kPrompt = "one two three, one two three, one two";

typedef struct Stream {
  fovea_session* session;
  char text[512];
  size_t pieces;
} Stream;

static void Append(void* user, int32_t id, const char* text, size_t length) {
  Stream* stream = user;
  CHECK(strlen(text) == length && strlen(stream->text) + length < sizeof stream->text);
  strcat(stream->text, text);
  CHECK(id >= -1);
  ++stream->pieces;
  CHECK(fovea_session_truncate(stream->session, 0) == FOVEA_BUSY);
}

static int32_t Stop(void* user) {
  return ((Stream*)user)->pieces == 2;
}

static void GivesTheTextOfALoopByHand(fovea_session* session, const fovea_tokenizer* tokenizer,
                                      const int32_t* prompt, size_t count) {
  int32_t by_hand[kTokens];
  const float* logits;
  NEED(!fovea_session_prefill(session, prompt, count, NULL, &logits));
  for (size_t i = 0; i < kTokens; ++i) {
    by_hand[i] = fovea_argmax(logits, fovea_vocabulary_size(tokenizer));
    NEED(!fovea_session_decode(session, by_hand[i], NULL, &logits));
  }
  char text[512];
  fovea_detokenizer* detokenizer;
  NEED(!fovea_detokenizer_create(tokenizer, 1, NULL, &detokenizer, NULL));
  text[0] = '\0';
  for (size_t i = 0; i < kTokens; ++i) {
    strcat(text, fovea_detokenizer_push(detokenizer, by_hand[i], NULL));
  }
  strcat(text, fovea_detokenizer_finish(detokenizer, NULL));
  fovea_detokenizer_free(detokenizer);

  for (size_t lookup = 0; lookup <= 4; lookup += 4) {
    Stream stream = {.session = session};
    int32_t ids[kTokens];
    fovea_generation made = {.struct_size = sizeof made};
    const fovea_generate_options options = {.struct_size = sizeof options,
                                            .user = &stream,
                                            .max_tokens = kTokens,
                                            .lookup = lookup,
                                            .on_text = Append};
    CHECK(!fovea_session_truncate(session, 0));
    CHECK(!fovea_generate(session, tokenizer, prompt, count, &options, ids, kTokens, &made));
    CHECK(made.count == kTokens && made.stop == FOVEA_STOP_MAX_TOKENS);
    CHECK(memcmp(ids, by_hand, sizeof ids) == 0);
    CHECK(made.runs + made.guessed_right == kTokens - 1 && made.guessed_right <= made.guessed);
    CHECK_TEXT(stream.text, text);
    CHECK(fovea_session_position(session) == count + kTokens - 1);
  }
}

static void StopsForEveryReason(const fovea_model* model, fovea_session* session,
                                const fovea_tokenizer* tokenizer, const int32_t* prompt,
                                size_t count) {
  int32_t few[2] = {-1, -1};
  fovea_generation made = {.struct_size = sizeof made};
  fovea_generate_options options = {.struct_size = sizeof options, .max_tokens = 4};
  CHECK(!fovea_session_truncate(session, 0));
  CHECK(fovea_generate(session, tokenizer, prompt, count, &options, few, 2, &made) ==
        FOVEA_BUFFER_TOO_SMALL);
  CHECK(strstr(fovea_session_error(session), "holds 2") != NULL);
  CHECK(made.count == 4 && few[0] >= 0 && few[1] >= 0);

  const char* stops[] = {" "};
  options.stop_texts = stops;
  options.stop_text_count = 1;
  Stream stream = {.session = session};
  options.on_text = Append;
  options.user = &stream;
  options.max_tokens = 32;
  CHECK(!fovea_session_truncate(session, 0));
  CHECK(!fovea_generate(session, tokenizer, prompt, count, &options, NULL, 0, &made));
  CHECK(made.stop == FOVEA_STOP_TEXT && strchr(stream.text, ' ') == NULL);

  /* Without options: to the end of a small context. */
  fovea_session* small;
  const fovea_session_options little = {.struct_size = sizeof little, .context_size = count + 1};
  NEED(!fovea_session_create(model, &little, &small, NULL));
  CHECK(!fovea_generate(small, tokenizer, prompt, count, NULL, NULL, 0, &made));
  CHECK(made.stop == FOVEA_STOP_CONTEXT_FULL && made.count == 2);
  fovea_session_free(small);

  Stream two = {.session = session};
  const fovea_run_options run = {.struct_size = sizeof run, .user = &two, .cancelled = Stop};
  const fovea_generate_options cancelled = {
      .struct_size = sizeof cancelled, .user = &two, .on_text = Append, .run = &run};
  CHECK(!fovea_session_truncate(session, 0));
  CHECK(fovea_generate(session, tokenizer, prompt, count, &cancelled, NULL, 0, NULL) ==
        FOVEA_CANCELLED);
  CHECK(two.pieces == 2);
}

static void RefusesWhatMakesNoSense(fovea_session* session, const fovea_tokenizer* tokenizer,
                                    const int32_t* prompt, size_t count) {
  fovea_generation unset = {0};
  fovea_sampler* sampler;
  const fovea_sampler_options warm = {.struct_size = sizeof warm, .temperature = 1.0f};
  NEED(!fovea_sampler_create(&warm, &sampler, NULL));
  const char* nothing[] = {NULL};
  const char* empty[] = {""};
  const fovea_generate_options refused[] = {
      {.struct_size = sizeof refused[0], .sampler = sampler, .lookup = 2},
      {.struct_size = sizeof refused[0], .stop_text_count = 1},
      {.struct_size = sizeof refused[0], .stop_texts = nothing, .stop_text_count = 1},
      {.struct_size = sizeof refused[0], .stop_texts = empty, .stop_text_count = 1},
      {.struct_size = 1}};
  CHECK(!fovea_session_truncate(session, 0));
  for (size_t i = 0; i < sizeof refused / sizeof *refused; ++i) {
    CHECK(fovea_generate(session, tokenizer, prompt, count, &refused[i], NULL, 0, NULL) ==
          FOVEA_INVALID_ARGUMENT);
  }
  CHECK(fovea_generate(session, tokenizer, prompt, count, NULL, NULL, 0, &unset) ==
        FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_generate(NULL, tokenizer, prompt, count, NULL, NULL, 0, NULL) ==
        FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_generate(session, NULL, prompt, count, NULL, NULL, 0, NULL) ==
        FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_generate(session, tokenizer, NULL, count, NULL, NULL, 0, NULL) ==
        FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_generate(session, tokenizer, prompt, 0, NULL, NULL, 0, NULL) ==
        FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_session_position(session) == 0);
  fovea_sampler_free(sampler);
}

int main(void) {
  fovea_error error;
  fovea_model* model;
  fovea_session* session;
  const fovea_tokenizer* tokenizer;
  int32_t prompt[32];
  size_t count;
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = kContext};
  NEED(!fovea_model_load(MODEL, NULL, &model, &error));
  NEED(!fovea_model_tokenizer(model, &tokenizer, &error));
  NEED(!fovea_session_create(model, &options, &session, &error));
  NEED(!fovea_tokenize(tokenizer, kPrompt, strlen(kPrompt), NULL, prompt, NULL, 32, &count, NULL));
  GivesTheTextOfALoopByHand(session, tokenizer, prompt, count);
  StopsForEveryReason(model, session, tokenizer, prompt, count);
  RefusesWhatMakesNoSense(session, tokenizer, prompt, count);
  fovea_session_free(session);
  fovea_model_free(model);
  return Result();
}
