/* Attention as C callers see it: rows, traces that rebuild them, values, ablations, statistics, and
 * the operator, with numbers known by hand. */

#include <math.h>

#include "tests/c_api/check.h"

static const int32_t kIds[] = {1, 40, 300, 77, 1200, 9, 512, 33};
enum { kCount = sizeof kIds / sizeof *kIds };

/* One head's rows and what is needed to rebuild them. */
typedef struct Seen {
  size_t layer, head, kv_head;
  float weights[kCount][kCount];
  float log_sum_exp[kCount];
  float rebuilt[kCount][kCount];
  size_t rows, traces, values;
  double worst_sum;
} Seen;

static void SeeRows(void* user, const fovea_rows* rows) {
  Seen* seen = user;
  CHECK(rows->struct_size == sizeof *rows && rows->layer == seen->layer);
  CHECK(rows->mask == FOVEA_MASK_CAUSAL && rows->stream == FOVEA_STREAM_SELF);
  CHECK(rows->scores != NULL);
  if (rows->head != seen->head) return;
  seen->kv_head = rows->kv_head;
  for (size_t r = 0; r < rows->query_count; ++r) {
    const size_t query = rows->query_begin + r;
    double sum = 0.0;
    for (size_t key = 0; key < rows->key_count; ++key) {
      const float weight = rows->weights[r * rows->stride + key];
      const float score = rows->scores[r * rows->stride + key];
      seen->weights[query][key] = weight;
      sum += (double)weight;
      /* A masked cell has weight 0 and score -inf. */
      if (key > query) CHECK(weight == 0.0f && score < -1e30f);
      if (key <= query) CHECK(fabsf(expf(score - rows->log_sum_exp[r]) - weight) < 1e-5f);
    }
    if (fabs(sum - 1.0) > seen->worst_sum) seen->worst_sum = fabs(sum - 1.0);
    seen->log_sum_exp[query] = rows->log_sum_exp[r];
    ++seen->rows;
  }
}

static void SeeTrace(void* user, const fovea_trace* trace) {
  Seen* seen = user;
  const size_t group = trace->heads / trace->kv_heads;
  CHECK(trace->struct_size == sizeof *trace && trace->query_count == kCount);
  CHECK(trace->key_begin == 0 && trace->key_count == kCount && trace->bias == NULL);
  for (size_t q = 0; q < kCount; ++q) {
    for (size_t k = 0; k <= q; ++k) {
      const float* query = trace->query + (q * trace->heads + seen->head) * trace->head_dim;
      const float* key = trace->key + (k * trace->kv_heads + seen->head / group) * trace->head_dim;
      float dot = 0.0f;
      for (size_t i = 0; i < trace->head_dim; ++i) dot += query[i] * key[i];
      seen->rebuilt[q][k] =
          expf(dot * trace->scale - trace->log_sum_exp[seen->head * trace->query_count + q]);
    }
  }
  ++seen->traces;
}

static void SeeValues(void* user, const fovea_values* values) {
  Seen* seen = user;
  CHECK(values->struct_size == sizeof *values && values->count == kCount && values->begin == 0);
  CHECK(values->value != NULL && seen->rows == 0); /* Before the rows. */
  ++seen->values;
}

static void RowsAndTracesAgree(fovea_session* session) {
  static Seen seen = {.layer = 1, .head = 3};
  const size_t layers[] = {1};
  const size_t heads[] = {3};
  fovea_observer observer = {.struct_size = sizeof observer,
                             .user = &seen,
                             .layers = layers,
                             .layer_count = 1,
                             .heads = heads,
                             .head_count = 1,
                             .on_rows = SeeRows,
                             .on_trace = SeeTrace,
                             .on_values = SeeValues,
                             .scores = 1};
  const fovea_run_options run = {.struct_size = sizeof run, .observer = &observer};
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(seen.rows == kCount && seen.traces == 1 && seen.values == 1);
  CHECK(seen.worst_sum < 1e-5);
  for (size_t q = 0; q < kCount; ++q) {
    for (size_t k = 0; k <= q; ++k) CHECK(fabsf(seen.rebuilt[q][k] - seen.weights[q][k]) < 1e-5f);
  }
  /* A decoder has no other streams. */
  observer.streams = 1 << FOVEA_STREAM_CROSS | 1 << FOVEA_STREAM_ENCODER;
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(seen.rows == kCount && seen.traces == 1 && seen.values == 1);
  observer.streams = 1 << FOVEA_STREAM_SELF;
  NEED(!fovea_session_truncate(session, 0));
  seen.rows = seen.traces = seen.values = 0;
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(seen.rows == kCount && seen.traces == 1 && seen.values == 1);
  observer.streams = 8;
  CHECK(fovea_session_decode(session, 5, &run, NULL) == FOVEA_INVALID_ARGUMENT);
  observer.streams = 0;
  /* An observer that wants nothing is allowed. */
  observer.on_rows = NULL;
  observer.on_trace = NULL;
  observer.on_values = NULL;
  CHECK(!fovea_session_decode(session, 5, &run, NULL));
  CHECK(seen.rows == kCount);
}

static void RecorderStitchesAGeneration(fovea_session* session) {
  fovea_error error;
  fovea_recorder* recorder;
  const size_t layers[] = {0, 1};
  const fovea_recorder_options options = {
      .struct_size = sizeof options, .layers = layers, .layer_count = 2};
  NEED(!fovea_recorder_create(&options, &recorder, &error));
  const fovea_run_options run = {.struct_size = sizeof run,
                                 .observer = fovea_recorder_observer(recorder)};
  fovea_map map = {.struct_size = sizeof map};
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount - 2, &run, NULL));
  NEED(!fovea_session_decode(session, kIds[kCount - 2], &run, NULL));
  NEED(!fovea_session_decode(session, kIds[kCount - 1], &run, NULL));
  NEED(!fovea_recorder_map(recorder, 1, 3, FOVEA_STREAM_SELF, &map, &error));
  CHECK(map.queries == kCount && map.keys == kCount && map.stride >= kCount);
  for (size_t q = 0; q < kCount; ++q) {
    double sum = 0.0;
    for (size_t k = 0; k < kCount; ++k) sum += (double)map.weights[q * map.stride + k];
    CHECK(fabs(sum - 1.0) < 1e-5);
  }
  CHECK_ERROR(fovea_recorder_map(recorder, 2, 0, FOVEA_STREAM_SELF, &map, &error), FOVEA_NOT_FOUND,
              error, "layer 2");
  CHECK(map.queries == 0 && map.weights == NULL);
  CHECK(fovea_recorder_map(recorder, 1, 3, FOVEA_STREAM_CROSS, &map, NULL) == FOVEA_NOT_FOUND);
  fovea_recorder_clear(recorder);
  CHECK(fovea_recorder_map(recorder, 1, 3, FOVEA_STREAM_SELF, &map, NULL) == FOVEA_NOT_FOUND);
  fovea_recorder_free(recorder);
}

static void AblationChangesLaterLayersOnly(fovea_session* session) {
  const fovea_ablation ablation = {.layer = 1, .head = 3};
  const fovea_run_options whole = {.struct_size = sizeof whole};
  const fovea_run_options without = {
      .struct_size = sizeof without, .ablations = &ablation, .ablation_count = 1};
  const float* logits;
  float first[64];
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &whole, &logits));
  memcpy(first, logits, sizeof first);
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &without, &logits));
  CHECK(memcmp(first, logits, sizeof first) != 0);
  const double divergence = fovea_kullback_leibler(session, first, logits, 64);
  CHECK(divergence > 0.0 && divergence < 10.0);
}

static void StatisticsCountEveryHead(const fovea_model* model, fovea_session* session) {
  fovea_model_info info = {.struct_size = sizeof info};
  fovea_statistics* statistics;
  fovea_head_statistics* heads;
  size_t count;
  NEED(!fovea_model_get_info(model, &info));
  NEED(!fovea_statistics_create(model, NULL, &statistics, NULL));
  const fovea_run_options run = {.struct_size = sizeof run,
                                 .observer = fovea_statistics_observer(statistics)};
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(!fovea_statistics_heads(statistics, NULL, 0, &count, NULL));
  CHECK(count == info.layers * info.heads);
  heads = calloc(count, sizeof *heads);
  NEED(heads != NULL);
  CHECK(fovea_statistics_heads(statistics, heads, 1, &count, NULL) == FOVEA_BUFFER_TOO_SMALL);
  CHECK(!fovea_statistics_heads(statistics, heads, count, &count, NULL));
  for (size_t i = 0; i < count; ++i) {
    CHECK(heads[i].stream == FOVEA_STREAM_SELF);
    CHECK(heads[i].layer == i / info.heads && heads[i].head == i % info.heads);
    CHECK(heads[i].rows == kCount && heads[i].row_sum_error < 1e-5);
    CHECK(heads[i].entropy > 0.0 && heads[i].confidence > 1.0 / (double)kCount);
    CHECK(strlen(fovea_head_type(&heads[i])) > 3);
  }
  free(heads);
  fovea_statistics_free(statistics);
}

static void OperatorsGiveNumbersKnownByHand(void) {
  /* One query of width 1 against keys 0 and ln 3: weights 1/4 and 3/4. */
  const float query[] = {1.0f};
  const float key[] = {0.0f, 1.0986123f};
  const float value[] = {4.0f, 8.0f};
  float output[1];
  float weights[2];
  float log_sum_exp[1];
  fovea_error error;
  fovea_attend_inputs in = {.struct_size = sizeof in,
                            .queries = 1,
                            .keys = 2,
                            .query_width = 1,
                            .key_width = 1,
                            .value_width = 1,
                            .query = query,
                            .key = key,
                            .value = value};
  CHECK(!fovea_attend(&in, output, weights, log_sum_exp, &error));
  CHECK(fabsf(weights[0] - 0.25f) < 1e-6f && fabsf(weights[1] - 0.75f) < 1e-6f);
  CHECK(fabsf(output[0] - 7.0f) < 1e-5f && fabsf(log_sum_exp[0] - 1.3862944f) < 1e-6f);
  /* A bias of ln 3 on distance 0 makes both scores equal. */
  const float bias[] = {1.0986123f, 0.0f};
  in.bias = bias;
  in.bias_head_stride = 2;
  in.mask = FOVEA_MASK_SYMMETRIC_WINDOW;
  in.window = 2;
  CHECK(!fovea_attend(&in, output, weights, log_sum_exp, &error));
  CHECK(fabsf(weights[0] - 0.5f) < 1e-6f && fabsf(weights[1] - 0.5f) < 1e-6f);
  CHECK(fabsf(log_sum_exp[0] - 1.7917595f) < 1e-6f);
  in.bias_zero = 1;
  CHECK_ERROR(fovea_attend(&in, output, weights, log_sum_exp, &error), FOVEA_INVALID_ARGUMENT,
              error, "bias has the distances -1 to 0, query 0 attends to keys 0 to 1");
  in.bias = NULL;
  in.mask = FOVEA_MASK_NONE;
  /* Additive: v tanh(W q + U k) with W = 0, U = 1, v = 2 for keys 0 and ln 3, whose tanh is 0.8. */
  const float zero[] = {0.0f};
  const float one[] = {1.0f};
  const float two[] = {2.0f};
  in.isa = "scalar";
  CHECK(!fovea_attend(&in, output, NULL, NULL, &error));
  CHECK(fabsf(output[0] - 7.0f) < 1e-5f);
  in.isa = "sse9";
  CHECK_ERROR(fovea_attend(&in, output, NULL, NULL, &error), FOVEA_INVALID_ARGUMENT, error,
              "fovea_attend_inputs.isa is \"sse9\"");
  in.isa = NULL;
  in.scoring = FOVEA_SCORING_ADDITIVE;
  in.additive_query = zero;
  in.additive_key = one;
  in.additive_v = two;
  in.additive_size = 1;
  in.no_softmax = 1;
  CHECK(!fovea_attend(&in, NULL, weights, NULL, &error));
  CHECK(fabsf(weights[0]) < 1e-6f && fabsf(weights[1] - 1.6f) < 1e-5f);
  in.additive_size = 0;
  CHECK(fovea_attend(&in, NULL, weights, NULL, &error) == FOVEA_INVALID_ARGUMENT);
  in.scoring = 9;
  CHECK_ERROR(fovea_attend(&in, NULL, weights, NULL, &error), FOVEA_INVALID_ARGUMENT, error,
              "scoring is 9");
  in.scoring = FOVEA_SCORING_DOT;
  in.queries = (size_t)-1;
  CHECK(fovea_attend(&in, NULL, weights, NULL, &error) != FOVEA_OK);

  const float left[] = {1.0f, 0.0f};
  const float right[] = {0.0f, 1.0f};
  CHECK(fabs(fovea_jensen_shannon(left, right, 2) - 0.6931472) < 1e-6);
  CHECK(fabs(fovea_negative_log_likelihood(NULL, key, 2, 1) + log(0.75)) < 1e-6);
  CHECK(fovea_kullback_leibler(NULL, key, key, 2) == 0.0);
}

int main(void) {
  fovea_model* model;
  fovea_session* session;
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 16};
  NEED(!fovea_model_load(MODEL, NULL, &model, NULL));
  NEED(!fovea_session_create(model, &options, &session, NULL));
  RowsAndTracesAgree(session);
  RecorderStitchesAGeneration(session);
  AblationChangesLaterLayersOnly(session);
  StatisticsCountEveryHead(model, session);
  OperatorsGiveNumbersKnownByHand();
  fovea_session_free(session);
  fovea_model_free(model);
  return Result();
}
