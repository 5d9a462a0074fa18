/* Encoders from C: hidden states, vectors of texts, and an encoder before a decoder. */

#include <math.h>

#include "tests/c_api/check.h"

#define BERT FOVEA_SOURCE_DIR "/tests/golden/data/encoders/bert.gguf"
#define T5 FOVEA_SOURCE_DIR "/tests/golden/data/encoder_decoders/t5-gated.gguf"

static const int32_t kIds[] = {3, 40, 17, 9, 61};
enum { kCount = sizeof kIds / sizeof *kIds, kLargest = 64 };

/* A session, its model's numbers, and copies of what it gave. */
typedef struct Run {
  fovea_model* model;
  fovea_session* session;
  fovea_model_info info;
  float states[kCount * kLargest];
} Run;

static void Open(const char* path, const fovea_session_options* options, Run* run) {
  fovea_error error;
  run->info.struct_size = sizeof run->info;
  NEED(!fovea_model_load(path, NULL, &run->model, &error));
  NEED(!fovea_model_get_info(run->model, &run->info));
  NEED(!fovea_session_create(run->model, options, &run->session, &error));
}

static void Close(Run* run) {
  fovea_session_free(run->session);
  fovea_model_free(run->model);
}

/* Copies, for the next call reuses the memory. */
static void Encode(Run* run, const fovea_run_options* options) {
  const float* states;
  NEED(run->info.encoder_hidden_size <= kLargest);
  NEED(!fovea_session_encode(run->session, kIds, kCount, options, &states));
  memcpy(run->states, states, kCount * run->info.encoder_hidden_size * sizeof *states);
}

static int Differs(const Run* a, const Run* b) {
  return memcmp(a->states, b->states, kCount * a->info.encoder_hidden_size * sizeof(float)) != 0;
}

static void CheckFails(Run* run, const fovea_run_options* options, fovea_status wanted,
                       const char* piece) {
  const float* states = run->states;
  const fovea_status got = fovea_session_encode(run->session, kIds, kCount, options, &states);
  CHECK(got == wanted && states == NULL);
  if (!strstr(fovea_session_error(run->session), piece)) {
    CHECK_TEXT(fovea_session_error(run->session), piece);
  }
}

static void ModelsSayWhichStacksTheyHave(void) {
  Run run;
  Open(BERT, NULL, &run);
  CHECK(run.info.kind == FOVEA_MODEL_ENCODER && run.info.pooling == FOVEA_POOLING_MEAN);
  CHECK(run.info.encoder_layers == run.info.layers && run.info.encoder_heads == run.info.heads);
  CHECK(run.info.encoder_hidden_size == run.info.hidden_size);
  CHECK(!run.info.has_logits && run.info.decoder_start_token == -1);
  fovea_session_info info = {.struct_size = sizeof info};
  CHECK(!fovea_session_get_info(run.session, &info));
  CHECK(info.encoder_context_size == run.info.context);
  CHECK(fovea_session_prefill(run.session, kIds, kCount, NULL, NULL) == FOVEA_UNSUPPORTED);
  Close(&run);

  Open(T5, NULL, &run);
  CHECK(run.info.kind == FOVEA_MODEL_ENCODER_DECODER && run.info.pooling == FOVEA_POOLING_NONE);
  CHECK(run.info.encoder_layers > 0 && run.info.encoder_heads > 0);
  CHECK(run.info.encoder_kv_heads > 0 && run.info.encoder_head_dim > 0);
  CHECK(run.info.encoder_value_dim > 0 && run.info.has_logits && run.info.decoder_start_token >= 0);
  Close(&run);

  Open(MODEL, NULL, &run);
  CHECK(run.info.kind == FOVEA_MODEL_DECODER && run.info.has_logits);
  CHECK(run.info.encoder_layers == 0 && run.info.decoder_start_token == -1);
  CHECK(!fovea_session_get_info(run.session, &info) && info.encoder_context_size == 0);
  CheckFails(&run, NULL, FOVEA_UNSUPPORTED, "is a decoder");
  Close(&run);
}

typedef struct Hidden {
  size_t layers;
  size_t wrong;
  float last[kCount * kLargest];
} Hidden;

static void SeeHidden(void* user, size_t layer, size_t position, const float* rows, size_t count,
                      size_t hidden_size) {
  Hidden* hidden = user;
  if (layer != hidden->layers++ || position != 0 || count != kCount) ++hidden->wrong;
  memcpy(hidden->last, rows, count * hidden_size * sizeof *rows);
}

static void EveryLayersHiddenStatesAreShown(Run* run) {
  Hidden hidden = {0, 0, {0.0f}};
  const fovea_run_options options = {
      .struct_size = sizeof options, .user = &hidden, .on_hidden = SeeHidden};
  CHECK(fovea_session_encoded_tokens(run->session) == 0);
  Encode(run, &options);
  CHECK(hidden.layers == run->info.layers + 1 && hidden.wrong == 0);
  CHECK(!memcmp(hidden.last, run->states, kCount * run->info.hidden_size * sizeof(float)));
  CHECK(fovea_session_encoded_tokens(run->session) == kCount);
  CHECK(fovea_session_position(run->session) == 0);
}

static double LengthOf(const float* vector, size_t size) {
  double squares = 0.0;
  for (size_t i = 0; i < size; ++i) squares += (double)vector[i] * (double)vector[i];
  return sqrt(squares);
}

static void VectorsArePooledAndNormalized(Run* run) {
  const size_t size = run->info.encoder_hidden_size;
  const float* vector;
  fovea_embed_options options = {.struct_size = sizeof options, .no_normalize = 1};
  Encode(run, NULL);
  /* The file says mean. */
  NEED(!fovea_session_embed(run->session, kIds, kCount, &options, NULL, &vector));
  for (size_t i = 0; i < size; ++i) {
    double sum = 0.0;
    for (size_t t = 0; t < kCount; ++t) sum += (double)run->states[t * size + i];
    CHECK(vector[i] == (float)(sum / (double)kCount));
  }
  options.pooling = FOVEA_POOLING_CLS;
  NEED(!fovea_session_embed(run->session, kIds, kCount, &options, NULL, &vector));
  CHECK(!memcmp(vector, run->states, size * sizeof *vector));
  options.pooling = FOVEA_POOLING_LAST;
  NEED(!fovea_session_embed(run->session, kIds, kCount, &options, NULL, &vector));
  CHECK(!memcmp(vector, run->states + (kCount - 1) * size, size * sizeof *vector));
  NEED(!fovea_session_embed(run->session, kIds, kCount, NULL, NULL, &vector));
  CHECK(fabs(LengthOf(vector, size) - 1.0) < 1e-6);

  options.pooling = 9;
  CHECK(fovea_session_embed(run->session, kIds, kCount, &options, NULL, &vector) ==
        FOVEA_INVALID_ARGUMENT);
  CHECK(vector == NULL);
  CHECK_TEXT(fovea_session_error(run->session),
             "fovea_embed_options.pooling is 9, which means nothing");
  options.struct_size = 1;
  CHECK(fovea_session_embed(run->session, kIds, kCount, &options, NULL, NULL) ==
        FOVEA_INVALID_ARGUMENT);
}

static void SegmentsCount(Run* run) {
  static const int32_t kPair[kCount] = {0, 0, 0, 1, 1};
  static const int32_t kZeros[kCount] = {0};
  static const int32_t kMissing[kCount] = {0, 0, 0, 0, 2};
  Run other = *run;
  fovea_run_options options = {.struct_size = sizeof options, .token_types = kZeros};
  Encode(run, NULL);
  Encode(&other, &options);
  CHECK(!Differs(run, &other));
  options.token_types = kPair;
  Encode(&other, &options);
  CHECK(Differs(run, &other));
  options.token_types = kMissing;
  CheckFails(run, &options, FOVEA_INVALID_ARGUMENT, "token type 2 does not exist");
}

static void Reenter(void* user, size_t layer, size_t position, const float* rows, size_t count,
                    size_t hidden_size) {
  fovea_session* session = user;
  (void)layer, (void)position, (void)rows, (void)count, (void)hidden_size;
  CHECK(fovea_session_encode(session, kIds, kCount, NULL, NULL) == FOVEA_BUSY);
  CHECK(fovea_session_embed(session, kIds, kCount, NULL, NULL, NULL) == FOVEA_BUSY);
}

static int32_t Always(void* user) {
  (void)user;
  return 1;
}

static void MisuseIsRefused(Run* run) {
  const fovea_run_options busy = {
      .struct_size = sizeof busy, .user = run->session, .on_hidden = Reenter};
  const fovea_run_options stopped = {.struct_size = sizeof stopped, .cancelled = Always};
  Encode(run, &busy);
  CheckFails(run, &stopped, FOVEA_CANCELLED, "cancelled");
  CHECK(fovea_session_encoded_tokens(run->session) == 0);
  CHECK(fovea_session_encode(run->session, kIds, 0, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_session_encode(run->session, NULL, 1, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK_TEXT(fovea_session_error(run->session), "tokens must not be NULL");
  CHECK(fovea_session_encode(NULL, kIds, kCount, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_session_embed(NULL, kIds, kCount, NULL, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
  CHECK(fovea_session_encoded_tokens(NULL) == 0);
}

/* The first token's logits after an encoded text. */
static void FirstLogits(Run* run, const fovea_run_options* options, float* logits, size_t most) {
  const float* got;
  NEED(run->info.vocabulary <= most);
  NEED(!fovea_session_truncate(run->session, 0));
  NEED(!fovea_session_prefill(run->session, &run->info.decoder_start_token, 1, options, &got));
  memcpy(logits, got, run->info.vocabulary * sizeof *logits);
}

static void AnEncoderFeedsItsDecoder(void) {
  enum { kVocabulary = 4096 };
  static float logits[kVocabulary];
  static float changed[kVocabulary];
  Run run;
  const fovea_session_options options = {
      .struct_size = sizeof options, .context_size = 8, .encoder_context_size = kCount};
  Open(T5, &options, &run);
  fovea_session_info info = {.struct_size = sizeof info};
  CHECK(!fovea_session_get_info(run.session, &info));
  CHECK(info.context_size == 8 && info.encoder_context_size == kCount);
  CHECK(fovea_session_prefill(run.session, kIds, 1, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
  const int32_t many[kCount + 1] = {1, 2, 3, 4, 5, 6};
  CHECK(fovea_session_encode(run.session, many, kCount + 1, NULL, NULL) == FOVEA_LIMIT_EXCEEDED);
  Encode(&run, NULL);
  FirstLogits(&run, NULL, logits, kVocabulary);
  CHECK(fovea_session_position(run.session) == 1);

  /* Heads of each attention can be taken out: of the encoder, which changes its output … */
  Run without = run;
  const float* replacement = calloc(run.info.encoder_value_dim, sizeof *replacement);
  NEED(replacement != NULL);
  fovea_ablation ablation = {.stream = FOVEA_STREAM_ENCODER};
  const fovea_run_options ablated = {
      .struct_size = sizeof ablated, .ablations = &ablation, .ablation_count = 1};
  Encode(&without, &ablated);
  CHECK(Differs(&run, &without));
  ablation.replacement = replacement;
  Run by_zeros = run;
  Encode(&by_zeros, &ablated);
  CHECK(!Differs(&without, &by_zeros));
  free((void*)replacement);
  ablation.replacement = NULL;
  /* … and of cross-attention, which changes the decoder's. */
  Encode(&run, NULL);
  ablation.stream = FOVEA_STREAM_CROSS;
  FirstLogits(&run, &ablated, changed, kVocabulary);
  CHECK(memcmp(logits, changed, run.info.vocabulary * sizeof *logits) != 0);
  FirstLogits(&run, NULL, changed, kVocabulary);
  CHECK(memcmp(logits, changed, run.info.vocabulary * sizeof *logits) == 0);
  ablation.stream = 7;
  CheckFails(&run, &ablated, FOVEA_INVALID_ARGUMENT,
             "fovea_ablation.stream is 7, which means nothing");
  Close(&run);
}

int main(void) {
  Run run;
  ModelsSayWhichStacksTheyHave();
  Open(BERT, NULL, &run);
  EveryLayersHiddenStatesAreShown(&run);
  VectorsArePooledAndNormalized(&run);
  SegmentsCount(&run);
  MisuseIsRefused(&run);
  Close(&run);
  AnEncoderFeedsItsDecoder();
  return Result();
}
