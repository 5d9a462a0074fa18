/* What heads and values do, from C: measured effects equal runs with that head taken out, norms are
 * lengths, rollout and flow follow the maps. */

#include <math.h>

#include "tests/c_api/check.h"

static const int32_t kIds[] = {1, 40, 300, 77, 1200, 9, 512, 33};
enum { kCount = sizeof kIds / sizeof *kIds };

/* The loss of a text, position by position. */
typedef struct Loss {
  double sum;
} Loss;

static void AddLoss(void* user, size_t position, const float* logits, size_t vocabulary) {
  Loss* loss = user;
  if (position + 1 == kCount) return;
  loss->sum += fovea_negative_log_likelihood(NULL, logits, vocabulary, kIds[position + 1]);
}

static double LossWithout(const fovea_model* model, const fovea_ablation* ablation) {
  fovea_session* session;
  Loss loss = {0.0};
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = kCount};
  const fovea_run_options run = {.struct_size = sizeof run,
                                 .user = &loss,
                                 .on_logits = AddLoss,
                                 .ablations = ablation,
                                 .ablation_count = ablation == NULL ? 0 : 1};
  NEED(!fovea_session_create(model, &options, &session, NULL));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  fovea_session_free(session);
  return loss.sum / (kCount - 1);
}

static void EffectsEqualAblatedRuns(const fovea_model* model) {
  fovea_error error;
  fovea_head_effect effects[2];
  size_t count;
  double loss = 0.0;
  const size_t layers[] = {1, 2};
  const size_t heads[] = {3};
  fovea_effect_options options = {.struct_size = sizeof options,
                                  .layers = layers,
                                  .layer_count = 2,
                                  .heads = heads,
                                  .head_count = 1};
  CHECK(!fovea_measure_head_effects(model, kIds, kCount, NULL, &options, NULL, NULL, 0, &count,
                                    &error));
  CHECK(count == 2);
  CHECK_ERROR(fovea_measure_head_effects(model, kIds, kCount, NULL, &options, NULL, effects, 1,
                                         &count, &error),
              FOVEA_BUFFER_TOO_SMALL, error, "room for 2");
  NEED(!fovea_measure_head_effects(model, kIds, kCount, NULL, &options, &loss, effects, 2, &count,
                                   &error));
  CHECK(count == 2 && effects[0].layer == 1 && effects[1].layer == 2 && effects[1].head == 3);
  CHECK(loss == LossWithout(model, NULL));
  const fovea_ablation zero = {.layer = 1, .head = 3};
  CHECK(effects[0].loss == LossWithout(model, &zero));
  CHECK(fabs(effects[0].loss_change - (effects[0].loss - loss)) < 1e-12);
  CHECK(effects[0].divergence > 0.0 && effects[0].top1_change >= 0.0);

  /* With the mean in place of zeros, and that mean given by hand. */
  fovea_model_info info = {.struct_size = sizeof info};
  NEED(!fovea_model_get_info(model, &info));
  const size_t size = info.layers * info.heads * info.value_dim;
  float* means = calloc(size, sizeof *means);
  NEED(means != NULL);
  CHECK(fovea_measure_head_means(model, kIds, kCount, NULL, NULL, means, size - 1, NULL) ==
        FOVEA_BUFFER_TOO_SMALL);
  NEED(!fovea_measure_head_means(model, kIds, kCount, NULL, NULL, means, size, &error));
  const fovea_ablation mean = {
      .layer = 1, .head = 3, .replacement = means + (info.heads + 3) * info.value_dim};
  options.kind = FOVEA_ABLATION_MEAN;
  NEED(!fovea_measure_head_effects(model, kIds, kCount, NULL, &options, NULL, effects, 2, &count,
                                   &error));
  CHECK(effects[0].loss == LossWithout(model, &mean));
  free(means);

  options.kind = 5;
  CHECK_ERROR(fovea_measure_head_effects(model, kIds, kCount, NULL, &options, NULL, effects, 2,
                                         &count, &error),
              FOVEA_INVALID_ARGUMENT, error, "kind is 5");
  options.kind = FOVEA_ABLATION_ZERO;
  CHECK(fovea_measure_head_effects(model, kIds, 1, NULL, &options, NULL, effects, 2, &count,
                                   NULL) == FOVEA_INVALID_ARGUMENT);
}

static int32_t Always(void* user) {
  ++*(int*)user;
  return 1;
}

static void MeasuringCanBeStopped(const fovea_model* model) {
  int asked = 0;
  size_t count;
  fovea_model_info info = {.struct_size = sizeof info};
  NEED(!fovea_model_get_info(model, &info));
  fovea_head_effect* effects = calloc(info.layers * info.heads, sizeof *effects);
  NEED(effects != NULL);
  const fovea_effect_options options = {
      .struct_size = sizeof options, .user = &asked, .cancelled = Always};
  CHECK(fovea_measure_head_effects(model, kIds, kCount, NULL, &options, NULL, effects,
                                   info.layers * info.heads, &count, NULL) == FOVEA_CANCELLED);
  CHECK(asked == 1 && count == 0);
  free(effects);
}

typedef struct Norms {
  fovea_value_norms* norms;
  float* cells; /* [heads, count] */
  size_t calls;
} Norms;

static void SeeValues(void* user, const fovea_values* values) {
  Norms* to = user;
  ++to->calls;
  CHECK(!fovea_value_norms_compute(to->norms, values, to->cells));
}

static void NormsAreLengths(const fovea_model* model, fovea_session* session) {
  fovea_error error;
  Norms norms = {NULL, NULL, 0};
  fovea_model_info info = {.struct_size = sizeof info};
  const size_t layers[] = {2};
  const fovea_value_norms_options options = {
      .struct_size = sizeof options, .layers = layers, .layer_count = 1};
  NEED(!fovea_model_get_info(model, &info));
  norms.cells = calloc(info.heads * kCount, sizeof *norms.cells);
  NEED(norms.cells != NULL);
  NEED(!fovea_value_norms_create(model, &options, &norms.norms, &error));
  fovea_observer observer = {.struct_size = sizeof observer,
                             .user = &norms,
                             .layers = layers,
                             .layer_count = 1,
                             .on_values = SeeValues};
  const fovea_run_options run = {.struct_size = sizeof run, .observer = &observer};
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(norms.calls == 1);
  for (size_t i = 0; i < info.heads * kCount; ++i) CHECK(norms.cells[i] > 0.0f);
  /* A layer that was not prepared gives NaN, the only number that differs from itself. */
  const size_t other[] = {0};
  observer.layers = other;
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(norms.calls == 2 && isnan(norms.cells[0]));
  fovea_value_norms_free(norms.norms);
  free(norms.cells);
  const fovea_value_norms_options scalar = {
      .struct_size = sizeof scalar, .layers = layers, .layer_count = 1, .isa = "scalar"};
  NEED(!fovea_value_norms_create(model, &scalar, &norms.norms, &error));
  fovea_value_norms_free(norms.norms);
  const fovea_value_norms_options unknown = {.struct_size = sizeof unknown, .isa = "sse9"};
  CHECK_ERROR(fovea_value_norms_create(model, &unknown, &norms.norms, &error),
              FOVEA_INVALID_ARGUMENT, error, "fovea_value_norms_options.isa is \"sse9\"");
  const size_t missing[] = {99};
  const fovea_value_norms_options bad = {
      .struct_size = sizeof bad, .layers = missing, .layer_count = 1};
  CHECK_ERROR(fovea_value_norms_create(model, &bad, &norms.norms, &error), FOVEA_INVALID_ARGUMENT,
              error, "layer 99");
}

static void InfluenceFollowsTheMaps(const fovea_model* model, fovea_session* session) {
  fovea_error error;
  fovea_mean_maps* maps;
  float row[kCount];
  float rollout[kCount][kCount];
  float flow[kCount];
  NEED(!fovea_mean_maps_create(model, kCount, NULL, &maps, &error));
  const fovea_run_options run = {.struct_size = sizeof run,
                                 .observer = fovea_mean_maps_observer(maps)};
  NEED(!fovea_session_truncate(session, 0));
  NEED(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(fovea_mean_maps_tokens(maps) == kCount);

  /* Through one layer, rollout is half the mean map plus half the token itself, by definition, and
   * so is flow: there is one way only. */
  const fovea_influence_options one = {.struct_size = sizeof one, .layers = 1};
  NEED(!fovea_mean_maps_row(maps, 0, kCount - 1, row, &error));
  NEED(!fovea_rollout(maps, &one, &rollout[0][0], &error));
  NEED(!fovea_flow(maps, kCount - 1, &one, flow, &error));
  for (size_t k = 0; k < kCount; ++k) {
    const float expected = 0.5f * row[k] + (k + 1 == kCount ? 0.5f : 0.0f);
    CHECK(fabsf(rollout[kCount - 1][k] - expected) < 1e-6f);
    CHECK(fabsf(flow[k] - expected) < 1e-6f);
  }
  /* Through all of them rows still sum to 1. */
  NEED(!fovea_rollout(maps, NULL, &rollout[0][0], &error));
  for (size_t q = 0; q < kCount; ++q) {
    double sum = 0.0;
    for (size_t k = 0; k < kCount; ++k) sum += (double)rollout[q][k];
    CHECK(fabs(sum - 1.0) < 1e-5);
  }
  int asked = 0;
  const fovea_influence_options stopped = {
      .struct_size = sizeof stopped, .user = &asked, .cancelled = Always};
  CHECK(fovea_rollout(maps, &stopped, &rollout[0][0], NULL) == FOVEA_CANCELLED && asked == 1);
  const fovea_influence_options deep = {.struct_size = sizeof deep, .layers = 99};
  CHECK(fovea_flow(maps, 0, &deep, flow, NULL) == FOVEA_INVALID_ARGUMENT);
  fovea_mean_maps_free(maps);
  const fovea_mean_maps_options small = {.struct_size = sizeof small, .max_memory = 10};
  CHECK_ERROR(fovea_mean_maps_create(model, 100, &small, &maps, &error), FOVEA_LIMIT_EXCEEDED,
              error, "10");
}

int main(void) {
  fovea_model* model;
  fovea_session* session;
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = kCount};
  NEED(!fovea_model_load(MODEL, NULL, &model, NULL));
  NEED(!fovea_session_create(model, &options, &session, NULL));
  EffectsEqualAblatedRuns(model);
  MeasuringCanBeStopped(model);
  NormsAreLengths(model, session);
  InfluenceFollowsTheMaps(model, session);
  fovea_session_free(session);
  fovea_model_free(model);
  return Result();
}
