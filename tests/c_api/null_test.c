/* NULL where it is not allowed is an error, in every function; freeing NULL does nothing. */

#include "tests/c_api/check.h"

#define REFUSED(call) CHECK((call) == FOVEA_INVALID_ARGUMENT)

static void Visit(void* user, const fovea_tensor_info* tensor) {
  (void)user;
  (void)tensor;
}

static void ModelsAndText(const fovea_model* model, const fovea_tokenizer* tokenizer) {
  fovea_error error;
  fovea_model* out;
  const fovea_tokenizer* of_model;
  fovea_tokenizer* loaded;
  fovea_detokenizer* stream;
  fovea_sampler* sampler;
  char text[32];
  size_t count;
  int32_t id;
  const float logits[2] = {0.0f, 1.0f};
  CHECK_ERROR(fovea_model_load(NULL, NULL, &out, &error), FOVEA_INVALID_ARGUMENT, error, "path");
  REFUSED(fovea_model_load(MODEL, NULL, NULL, NULL));
  REFUSED(fovea_model_load_memory(NULL, 5, NULL, NULL, &out, NULL));
  REFUSED(fovea_model_load_memory(text, 5, NULL, NULL, NULL, NULL));
  REFUSED(fovea_model_get_info(NULL, NULL));
  REFUSED(fovea_model_get_info(model, NULL));
  REFUSED(fovea_model_visit_tensors(NULL, Visit, NULL, NULL));
  REFUSED(fovea_model_visit_tensors(model, NULL, NULL, NULL));
  REFUSED(fovea_model_tokenizer(NULL, &of_model, NULL));
  REFUSED(fovea_model_tokenizer(model, NULL, NULL));
  REFUSED(fovea_tokenizer_load(NULL, NULL, &loaded, NULL));
  REFUSED(fovea_tokenizer_load(MODEL, NULL, NULL, NULL));
  REFUSED(fovea_tokenize(NULL, "a", 1, NULL, NULL, NULL, 0, &count, NULL));
  REFUSED(fovea_tokenize(tokenizer, NULL, 1, NULL, NULL, NULL, 0, &count, NULL));
  REFUSED(fovea_tokenize(tokenizer, "a", 1, NULL, NULL, NULL, 0, NULL, NULL));
  REFUSED(fovea_tokenize_pair(NULL, "a", 1, "b", 1, NULL, NULL, NULL, NULL, 0, &count, NULL));
  REFUSED(fovea_tokenize_pair(tokenizer, NULL, 1, "b", 1, NULL, NULL, NULL, NULL, 0, &count, NULL));
  REFUSED(fovea_tokenize_pair(tokenizer, "a", 1, NULL, 1, NULL, NULL, NULL, NULL, 0, &count, NULL));
  REFUSED(fovea_tokenize_pair(tokenizer, "a", 1, "b", 1, NULL, NULL, NULL, NULL, 0, NULL, NULL));
  REFUSED(fovea_detokenize(NULL, &id, 0, text, 32, NULL, NULL));
  REFUSED(fovea_detokenize(tokenizer, NULL, 1, text, 32, NULL, NULL));
  REFUSED(fovea_detokenize(tokenizer, NULL, 0, NULL, 32, NULL, NULL));
  REFUSED(fovea_piece_bytes(NULL, 1, text, 32, NULL, NULL));
  REFUSED(fovea_display_piece(NULL, 1, text, 32, NULL, NULL));
  CHECK(fovea_vocabulary_size(NULL) == 0 && fovea_bos_id(NULL) == -1 && fovea_eos_id(NULL) == -1);
  CHECK(fovea_unknown_id(NULL) == -1 && fovea_separator_id(NULL) == -1);
  CHECK(fovea_padding_id(NULL) == -1 && fovea_mask_id(NULL) == -1);
  CHECK(!fovea_is_special(NULL, 1) && !fovea_is_end_of_generation(NULL, 1));
  CHECK_TEXT(fovea_tokenizer_kind(NULL), "");
  REFUSED(fovea_detokenizer_create(NULL, 0, NULL, &stream, NULL));
  REFUSED(fovea_detokenizer_create(tokenizer, 0, NULL, NULL, NULL));
  CHECK(fovea_detokenizer_push(NULL, 1, NULL) == NULL);
  CHECK(fovea_detokenizer_finish(NULL, NULL) == NULL);
  REFUSED(fovea_sampler_create(NULL, NULL, NULL));
  NEED(!fovea_sampler_create(NULL, &sampler, NULL));
  REFUSED(fovea_sampler_sample(NULL, logits, 2, &id, NULL));
  REFUSED(fovea_sampler_sample(sampler, NULL, 2, &id, NULL));
  REFUSED(fovea_sampler_sample(sampler, logits, 2, NULL, NULL));
  CHECK(fovea_argmax(NULL, 2) == -1 && fovea_argmax(logits, 0) == -1);
  fovea_sampler_free(sampler);
}

static void SessionsAndMaps(const fovea_model* model) {
  fovea_session* session;
  fovea_recorder* recorder;
  fovea_statistics* statistics;
  fovea_head_statistics head;
  fovea_memory_plan plan = {.struct_size = sizeof plan};
  fovea_session_info info = {.struct_size = sizeof info};
  fovea_map map = {.struct_size = sizeof map};
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 8};
  const int32_t id = 1;
  size_t count;
  const float row[2] = {0.5f, 0.5f};
  REFUSED(fovea_session_plan(NULL, NULL, &plan, NULL));
  REFUSED(fovea_session_plan(model, &options, NULL, NULL));
  fovea_memory_estimate estimate = {.struct_size = sizeof estimate};
  REFUSED(fovea_estimate_memory(NULL, NULL, &estimate, NULL));
  REFUSED(fovea_estimate_memory(MODEL, NULL, NULL, NULL));
  REFUSED(fovea_session_create(NULL, NULL, &session, NULL));
  REFUSED(fovea_session_create(model, &options, NULL, NULL));
  REFUSED(fovea_session_prefill(NULL, &id, 1, NULL, NULL));
  REFUSED(fovea_session_decode(NULL, 1, NULL, NULL));
  REFUSED(fovea_session_encode(NULL, &id, 1, NULL, NULL));
  REFUSED(fovea_session_embed(NULL, &id, 1, NULL, NULL, NULL));
  CHECK(fovea_session_encoded_tokens(NULL) == 0);
  REFUSED(fovea_session_truncate(NULL, 0));
  REFUSED(fovea_session_get_info(NULL, &info));
  CHECK_TEXT(fovea_session_error(NULL), "");
  CHECK(fovea_session_position(NULL) == 0);
  REFUSED(fovea_recorder_create(NULL, NULL, NULL));
  CHECK(fovea_recorder_observer(NULL) == NULL);
  REFUSED(fovea_recorder_map(NULL, 0, 0, FOVEA_STREAM_SELF, &map, NULL));
  NEED(!fovea_recorder_create(NULL, &recorder, NULL));
  REFUSED(fovea_recorder_map(recorder, 0, 0, FOVEA_STREAM_SELF, NULL, NULL));
  CHECK(fovea_recorder_map(recorder, 0, 0, FOVEA_STREAM_SELF, &map, NULL) == FOVEA_NOT_FOUND);
  fovea_recorder_free(recorder);
  REFUSED(fovea_statistics_create(NULL, NULL, &statistics, NULL));
  CHECK(fovea_statistics_observer(NULL) == NULL);
  REFUSED(fovea_statistics_heads(NULL, &head, 1, &count, NULL));
  REFUSED(fovea_statistics_create(model, NULL, NULL, NULL));
  NEED(!fovea_statistics_create(model, NULL, &statistics, NULL));
  REFUSED(fovea_statistics_heads(statistics, &head, 1, NULL, NULL));
  fovea_statistics_free(statistics);
  CHECK_TEXT(fovea_head_type(NULL), "");
  REFUSED(fovea_attend(NULL, NULL, NULL, NULL, NULL));
  /* NaN is the only number that differs from itself. */
  const double nothing[] = {fovea_jensen_shannon(NULL, row, 2),
                            fovea_jensen_shannon(row, NULL, 2),
                            fovea_kullback_leibler(NULL, NULL, row, 2),
                            fovea_kullback_leibler(NULL, row, row, 0),
                            fovea_negative_log_likelihood(NULL, NULL, 2, 0),
                            fovea_negative_log_likelihood(NULL, row, 2, 2),
                            fovea_negative_log_likelihood(NULL, row, 2, -1)};
  for (size_t i = 0; i < sizeof nothing / sizeof *nothing; ++i)
    CHECK(!(nothing[i] <= 0) && !(nothing[i] >= 0));
}

static void EffectsAndInfluence(const fovea_model* model) {
  fovea_value_norms* norms;
  fovea_mean_maps* maps;
  fovea_head_effect effect;
  float cell[4];
  size_t count;
  const int32_t ids[] = {1, 2};
  const fovea_values values = {.struct_size = sizeof values};
  REFUSED(fovea_value_norms_create(NULL, NULL, &norms, NULL));
  REFUSED(fovea_value_norms_create(model, NULL, NULL, NULL));
  REFUSED(fovea_value_norms_compute(NULL, &values, cell));
  NEED(!fovea_value_norms_create(model, NULL, &norms, NULL));
  REFUSED(fovea_value_norms_compute(norms, NULL, cell));
  REFUSED(fovea_value_norms_compute(norms, &values, NULL));
  fovea_value_norms_free(norms);
  REFUSED(fovea_measure_head_effects(NULL, ids, 2, NULL, NULL, NULL, &effect, 1, &count, NULL));
  REFUSED(fovea_measure_head_effects(model, NULL, 2, NULL, NULL, NULL, &effect, 1, &count, NULL));
  REFUSED(fovea_measure_head_effects(model, ids, 2, NULL, NULL, NULL, &effect, 1, NULL, NULL));
  REFUSED(fovea_measure_head_means(NULL, ids, 2, NULL, NULL, cell, 4, NULL));
  REFUSED(fovea_measure_head_means(model, NULL, 2, NULL, NULL, cell, 4, NULL));
  REFUSED(fovea_measure_head_means(model, ids, 2, NULL, NULL, NULL, 4, NULL));
  REFUSED(fovea_mean_maps_create(NULL, 4, NULL, &maps, NULL));
  REFUSED(fovea_mean_maps_create(model, 4, NULL, NULL, NULL));
  REFUSED(fovea_mean_maps_create(model, 0, NULL, &maps, NULL));
  NEED(!fovea_mean_maps_create(model, 4, NULL, &maps, NULL));
  CHECK(fovea_mean_maps_observer(NULL) == NULL && fovea_mean_maps_tokens(NULL) == 0);
  REFUSED(fovea_mean_maps_row(NULL, 0, 0, cell, NULL));
  REFUSED(fovea_mean_maps_row(maps, 0, 0, NULL, NULL));
  REFUSED(fovea_mean_maps_row(maps, 0, 0, cell, NULL)); /* No rows have come. */
  REFUSED(fovea_rollout(NULL, NULL, cell, NULL));
  REFUSED(fovea_rollout(maps, NULL, NULL, NULL));
  REFUSED(fovea_rollout(maps, NULL, cell, NULL));
  REFUSED(fovea_flow(NULL, 0, NULL, cell, NULL));
  REFUSED(fovea_flow(maps, 0, NULL, NULL, NULL));
  REFUSED(fovea_flow(maps, 0, NULL, cell, NULL));
  fovea_mean_maps_free(maps);
}

static void QuantizingAndWriting(void) {
  fovea_gguf_writer* writer;
  float row[32] = {0.0f};
  char bytes[128];
  const uint64_t shape[] = {32};
  CHECK(fovea_encoded_bytes(NULL, 32) == 0 && fovea_encoded_bytes("Q9_9", 32) == 0);
  REFUSED(fovea_encode(NULL, row, 32, bytes, 34, NULL, NULL));
  REFUSED(fovea_encode("Q8_0", NULL, 32, bytes, 34, NULL, NULL));
  REFUSED(fovea_encode("Q8_0", row, 32, NULL, 34, NULL, NULL));
  REFUSED(fovea_decode(NULL, bytes, 34, row, 32, NULL));
  REFUSED(fovea_decode("Q8_0", NULL, 34, row, 32, NULL));
  REFUSED(fovea_decode("Q8_0", bytes, 34, NULL, 32, NULL));
  REFUSED(fovea_quantize_file(NULL, "out.gguf", "Q8_0", NULL, NULL, NULL));
  REFUSED(fovea_quantize_file(MODEL, NULL, "Q8_0", NULL, NULL, NULL));
  REFUSED(fovea_quantize_file(MODEL, "out.gguf", NULL, NULL, NULL, NULL));
  REFUSED(fovea_gguf_writer_create(NULL, &writer, NULL));
  REFUSED(fovea_gguf_writer_create("never-written.gguf", NULL, NULL));
  NEED(!fovea_gguf_writer_create("never-written.gguf", &writer, NULL));
  REFUSED(fovea_gguf_add_text(NULL, "key", "text", NULL));
  REFUSED(fovea_gguf_add_text(writer, NULL, "text", NULL));
  REFUSED(fovea_gguf_add_text(writer, "key", NULL, NULL));
  REFUSED(fovea_gguf_add_u32(NULL, "key", 1, NULL));
  REFUSED(fovea_gguf_add_f32(writer, NULL, 1.0f, NULL));
  REFUSED(fovea_gguf_add_raw(writer, "key", 0, NULL, 1, NULL));
  REFUSED(fovea_gguf_describe(writer, NULL, "F32", shape, 1, NULL));
  REFUSED(fovea_gguf_describe(writer, "tensor", NULL, shape, 1, NULL));
  REFUSED(fovea_gguf_describe(writer, "tensor", "F32", NULL, 1, NULL));
  REFUSED(fovea_gguf_describe(writer, "tensor", "F32", shape, 5, NULL));
  REFUSED(fovea_gguf_append(NULL, bytes, 1, NULL));
  REFUSED(fovea_gguf_append(writer, NULL, 1, NULL));
  REFUSED(fovea_gguf_finish(NULL, NULL));
  fovea_gguf_writer_free(writer);
  CHECK(fopen("never-written.gguf", "rb") == NULL);
}

int main(void) {
  fovea_model* model;
  const fovea_tokenizer* tokenizer;
  NEED(!fovea_model_load(MODEL, NULL, &model, NULL));
  NEED(!fovea_model_tokenizer(model, &tokenizer, NULL));
  ModelsAndText(model, tokenizer);
  SessionsAndMaps(model);
  EffectsAndInfluence(model);
  QuantizingAndWriting();
  fovea_model_free(model);
  fovea_model_free(NULL);
  fovea_tokenizer_free(NULL);
  fovea_detokenizer_free(NULL);
  fovea_sampler_free(NULL);
  fovea_session_free(NULL);
  fovea_recorder_free(NULL);
  fovea_recorder_clear(NULL);
  fovea_statistics_free(NULL);
  fovea_value_norms_free(NULL);
  fovea_mean_maps_free(NULL);
  fovea_gguf_writer_free(NULL);
  return Result();
}
