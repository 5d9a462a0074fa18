/* What can be done wrong gives a code and a line that says what: never a crash. */

#include "tests/c_api/check.h"

static void BadFilesAreNamed(void) {
  fovea_error error;
  fovea_model* model = (fovea_model*)&error;
  CHECK_ERROR(fovea_model_load("/no/such.gguf", NULL, &model, &error), FOVEA_NOT_FOUND, error,
              "/no/such.gguf");
  CHECK(model == NULL);
  CHECK_ERROR(fovea_model_load(FOVEA_SOURCE_DIR "/README.md", NULL, &model, &error),
              FOVEA_MALFORMED, error, "README.md");
  CHECK_ERROR(fovea_model_load_memory("GGUF", 4, NULL, NULL, &model, &error), FOVEA_MALFORMED,
              error, "buffer: ");
  const fovea_model_options small = {.struct_size = sizeof small, .max_memory = 1000};
  CHECK_ERROR(fovea_model_load(MODEL, &small, &model, &error), FOVEA_LIMIT_EXCEEDED, error, "1000");
  fovea_tokenizer* tokenizer;
  CHECK_ERROR(fovea_tokenizer_load("/no/such.gguf", NULL, &tokenizer, &error), FOVEA_NOT_FOUND,
              error, "/no/such.gguf");
}

static void LongMessagesAreCut(void) {
  char path[3001];
  /* Two-byte characters, so that a cut in the middle of one would show. */
  for (size_t i = 0; i < 3000; i += 2) memcpy(path + i, "\xC3\xA4", 2);
  path[3000] = '\0';
  fovea_error error;
  fovea_model* model;
  CHECK(fovea_model_load(path, NULL, &model, &error) != FOVEA_OK);
  const size_t length = strlen(error.message);
  CHECK(length < sizeof error.message && length > sizeof error.message - 5);
  CHECK(memcmp(error.message + length - 5, "\xC3\xA4...", 5) == 0);
}

/* A struct of a caller from the future. */
typedef struct FutureOptions {
  fovea_session_options known;
  size_t unknown;
} FutureOptions;

static void StructSizesTellVersionsApart(const fovea_model* model) {
  fovea_error error;
  fovea_session* session;
  FutureOptions future = {{.struct_size = sizeof future, .context_size = 16}, 0};
  CHECK(!fovea_session_create(model, &future.known, &session, &error));
  fovea_session_free(session);
  future.unknown = 1;
  CHECK_ERROR(fovea_session_create(model, &future.known, &session, &error), FOVEA_UNSUPPORTED,
              error, "older");
  CHECK(session == NULL);

  /* A caller from the past knows only the first field; what lies behind is not read. */
  fovea_session_options past = {
      .struct_size = 2 * sizeof(size_t), .context_size = 16, .prefill_batch = 7};
  past.kv_type = 77;
  CHECK(!fovea_session_create(model, &past, &session, &error));
  fovea_session_info info = {.struct_size = 2 * sizeof(size_t), .vocabulary = 12345};
  CHECK(fovea_session_get_info(session, &info) == FOVEA_OK);
  CHECK(info.context_size == 16 && info.vocabulary == 12345);
  fovea_session_free(session);

  for (int i = 0; i < 3; ++i) {
    const size_t sizes[] = {0, sizeof(size_t) - 1, (size_t)-1};
    past.struct_size = sizes[i];
    CHECK_ERROR(fovea_session_create(model, &past, &session, &error), FOVEA_INVALID_ARGUMENT, error,
                "fovea_session_options.struct_size");
    info.struct_size = sizes[i];
    CHECK(fovea_model_get_info(model, (fovea_model_info*)&info) == FOVEA_INVALID_ARGUMENT);
  }
}

static void OptionsAreChecked(const fovea_model* model) {
  fovea_error error;
  fovea_session* session;
  fovea_session_options options = {.struct_size = sizeof options, .context_size = 16};
  options.kv_type = 9;
  CHECK_ERROR(fovea_session_create(model, &options, &session, &error), FOVEA_INVALID_ARGUMENT,
              error, "kv_type is 9");
  options.kv_type = FOVEA_KV_DEFAULT;
  options.arithmetic = -1;
  CHECK_ERROR(fovea_session_create(model, &options, &session, &error), FOVEA_INVALID_ARGUMENT,
              error, "arithmetic is -1");
  options.arithmetic = FOVEA_ARITHMETIC_EXACT;
  options.isa = "mmx";
  CHECK_ERROR(fovea_session_create(model, &options, &session, &error), FOVEA_INVALID_ARGUMENT,
              error, "mmx");
  options.isa = "scalar";
  options.max_memory = 10;
  CHECK_ERROR(fovea_session_create(model, &options, &session, &error), FOVEA_LIMIT_EXCEEDED, error,
              "the limit is 10");
  options.max_memory = 0;
  const fovea_thread_pool idle = {.struct_size = sizeof idle, .workers = 2};
  options.thread_pool = &idle;
  CHECK_ERROR(fovea_session_create(model, &options, &session, &error), FOVEA_INVALID_ARGUMENT,
              error, "fovea_thread_pool.run");
  options.thread_pool = NULL;
  const fovea_allocator half = {.struct_size = sizeof half};
  options.allocator = &half;
  CHECK_ERROR(fovea_session_create(model, &options, &session, &error), FOVEA_INVALID_ARGUMENT,
              error, "fovea_allocator.allocate");

  fovea_sampler* sampler;
  const fovea_sampler_options cold = {.struct_size = sizeof cold, .temperature = -1.0f};
  CHECK_ERROR(fovea_sampler_create(&cold, &sampler, &error), FOVEA_INVALID_ARGUMENT, error,
              "temperature");
  fovea_recorder* recorder;
  const size_t layers[] = {0};
  const fovea_recorder_options none = {.struct_size = sizeof none, .layers = layers};
  CHECK_ERROR(fovea_recorder_create(&none, &recorder, &error), FOVEA_INVALID_ARGUMENT, error,
              "layer_count is 0");
  const fovea_recorder_options lost = {.struct_size = sizeof lost, .head_count = 2};
  CHECK_ERROR(fovea_recorder_create(&lost, &recorder, &error), FOVEA_INVALID_ARGUMENT, error,
              "heads is NULL");
}

static void CheckRun(fovea_session* session, const int32_t* ids, size_t count,
                     const fovea_run_options* run, const char* piece) {
  const float* logits = (const float*)&count;
  CHECK(fovea_session_prefill(session, ids, count, run, &logits) == FOVEA_INVALID_ARGUMENT);
  CHECK(logits == NULL && fovea_session_position(session) == 3);
  if (strstr(fovea_session_error(session), piece) == NULL) {
    ++failures;
    fprintf(stderr, "\"%s\" does not say \"%s\"\n", fovea_session_error(session), piece);
  }
}

static void Ignore(void* user, const fovea_rows* rows) {
  (void)user;
  (void)rows;
}

static void FailedRunsChangeNothing(const fovea_model* model) {
  fovea_error error;
  fovea_session* session;
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 8};
  NEED(!fovea_session_create(model, &options, &session, &error));
  const int32_t good[] = {1, 40, 300};
  const int32_t bad[] = {1, 1 << 30};
  NEED(!fovea_session_prefill(session, good, 3, NULL, NULL));
  CheckRun(session, NULL, 3, NULL, "tokens must not be NULL");
  CheckRun(session, good, 0, NULL, "no tokens");
  CheckRun(session, bad, 2, NULL, "token 1");
  const size_t layers[] = {99};
  const fovea_observer observer = {
      .struct_size = sizeof observer, .layers = layers, .layer_count = 1, .on_rows = Ignore};
  fovea_run_options run = {.struct_size = sizeof run, .observer = &observer};
  CheckRun(session, good, 3, &run, "layer 99");
  const fovea_ablation ablation = {.layer = 0, .head = 77};
  const fovea_run_options ablated = {
      .struct_size = sizeof ablated, .ablations = &ablation, .ablation_count = 1};
  CheckRun(session, good, 3, &ablated, "head 77");
  run.struct_size = 1;
  CheckRun(session, good, 3, &run, "fovea_run_options.struct_size");

  const int32_t many[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  CHECK(fovea_session_prefill(session, many, 6, NULL, NULL) == FOVEA_LIMIT_EXCEEDED);
  CHECK(fovea_session_truncate(session, 4) == FOVEA_INVALID_ARGUMENT);
  CHECK_TEXT(fovea_session_error(session), "cannot keep 4 of 3 positions");
  fovea_session_free(session);
}

static void BadTextIsRefused(const fovea_tokenizer* tokenizer) {
  fovea_error error;
  size_t count = 7;
  CHECK_ERROR(fovea_tokenize(tokenizer, "ab\xFF", 3, NULL, NULL, NULL, 0, &count, &error),
              FOVEA_INVALID_ARGUMENT, error, "2");
  CHECK(count == 0);
  count = 7;
  CHECK_ERROR(
      fovea_tokenize_pair(tokenizer, "a", 1, "b", 1, NULL, NULL, NULL, NULL, 0, &count, &error),
      FOVEA_UNSUPPORTED, error, "no form for pairs");
  CHECK(count == 0);
  fovea_sampler* sampler;
  int32_t id;
  const float nan_logits[2] = {0.0f, (float)strtod("nan", NULL)};
  NEED(!fovea_sampler_create(NULL, &sampler, &error));
  CHECK_ERROR(fovea_sampler_sample(sampler, nan_logits, 0, &id, &error), FOVEA_INVALID_ARGUMENT,
              error, "no logits");
  CHECK(fovea_sampler_sample(sampler, nan_logits, 2, &id, NULL) == FOVEA_NON_FINITE);
  fovea_sampler_free(sampler);
}

int main(void) {
  fovea_error error;
  fovea_model* model;
  const fovea_tokenizer* tokenizer;
  NEED(!fovea_model_load(MODEL, NULL, &model, &error));
  NEED(!fovea_model_tokenizer(model, &tokenizer, &error));
  BadFilesAreNamed();
  LongMessagesAreCut();
  StructSizesTellVersionsApart(model);
  OptionsAreChecked(model);
  FailedRunsChangeNothing(model);
  BadTextIsRefused(tokenizer);
  fovea_model_free(model);
  CHECK_TEXT(fovea_status_name(FOVEA_OK), "ok");
  CHECK_TEXT(fovea_status_name(FOVEA_NON_FINITE), "not finite");
  CHECK_TEXT(fovea_status_name(FOVEA_BUSY), "busy");
  CHECK_TEXT(fovea_status_name(-1), "unknown");
  CHECK_TEXT(fovea_status_name(50), "unknown");
  return Result();
}
