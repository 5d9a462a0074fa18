/* The whole life of a model and its session, as a C program has it: load, describe, tokenize, run,
 * generate, go back, free. */

#include <math.h>

#include "tests/c_api/check.h"

static void CountTensors(void* user, const fovea_tensor_info* tensor) {
  size_t* counted = user;
  uint64_t elements = 1;
  for (size_t i = 0; i < tensor->rank; ++i) elements *= tensor->shape[i];
  CHECK(tensor->struct_size == sizeof *tensor);
  CHECK(strlen(tensor->name) > 0 && strlen(tensor->type) > 1 && tensor->bytes >= elements / 2);
  ++*counted;
}

static void DescribesTheModel(const fovea_model* model) {
  fovea_model_info info = {.struct_size = sizeof info};
  CHECK(fovea_model_get_info(model, &info) == FOVEA_OK);
  CHECK_TEXT(info.path, MODEL);
  CHECK_TEXT(info.family, "llama");
  CHECK_TEXT(info.weight_type, "Q8_0");
  CHECK(info.position == FOVEA_POSITION_ROPE_INTERLEAVED);
  CHECK(info.rope_scaling == FOVEA_ROPE_SCALING_NONE);
  CHECK(info.heads % info.kv_heads == 0 && info.hidden_size == info.heads * info.head_dim);
  CHECK(info.windows[info.layers - 1] == 0);
  CHECK(fabsf(info.attention_scale - 1.0f / sqrtf((float)info.head_dim)) < 1e-6f);
  CHECK(info.struct_size == sizeof info);

  size_t tensors = 0;
  CHECK(fovea_model_visit_tensors(model, CountTensors, &tensors, NULL) == FOVEA_OK);
  CHECK(tensors > 9 * info.layers);
  CHECK_TEXT(info.content_hash, "625c0610672e22949bce095d623ed911"); /* xxh128sum */
}

static void TextGoesToIdsAndBack(const fovea_tokenizer* tokenizer) {
  const char* text = "The cat sat on the mat.";
  int32_t ids[64];
  size_t offsets[128];
  size_t count = 0;
  fovea_error error;
  NEED(!fovea_tokenize(tokenizer, text, strlen(text), NULL, ids, offsets, 64, &count, &error));
  CHECK(count > 5 && ids[0] == fovea_bos_id(tokenizer) && fovea_is_special(tokenizer, ids[0]));
  CHECK(offsets[0] == offsets[1] && offsets[2 * count - 1] == strlen(text));

  size_t length = 0;
  char back[64];
  CHECK(!fovea_detokenize(tokenizer, ids, count, back, sizeof back, &length, &error));
  CHECK_TEXT(back, text);
  CHECK(length == strlen(text));

  /* A stream of the same ids gives the same text. */
  fovea_detokenizer* stream;
  NEED(!fovea_detokenizer_create(tokenizer, 0, NULL, &stream, &error));
  char streamed[64] = "";
  for (size_t i = 0; i < count; ++i) {
    const char* piece = fovea_detokenizer_push(stream, ids[i], &length);
    CHECK(strlen(piece) == length);
    strcat(streamed, piece);
  }
  strcat(streamed, fovea_detokenizer_finish(stream, NULL));
  CHECK_TEXT(streamed, text);
  fovea_detokenizer_free(stream);

  /* Counting, and arrays that are too short. */
  size_t counted = 0;
  CHECK(!fovea_tokenize(tokenizer, text, strlen(text), NULL, NULL, NULL, 0, &counted, NULL));
  CHECK(counted == count);
  int32_t few[2] = {-1, -1};
  CHECK_ERROR(fovea_tokenize(tokenizer, text, strlen(text), NULL, few, NULL, 2, &counted, &error),
              FOVEA_BUFFER_TOO_SMALL, error, "holds 2");
  CHECK(counted == count && few[0] == ids[0] && few[1] == ids[1]);
  CHECK_ERROR(fovea_detokenize(tokenizer, ids, count, back, 5, &length, &error),
              FOVEA_BUFFER_TOO_SMALL, error, "has 5");
  CHECK(length == strlen(text));
  CHECK(fovea_detokenize(tokenizer, ids, count, NULL, 0, &length, NULL) == FOVEA_BUFFER_TOO_SMALL);

  const fovea_tokenize_options plain = {.struct_size = sizeof plain, .no_special = 1};
  CHECK(!fovea_tokenize(tokenizer, text, strlen(text), &plain, NULL, NULL, 0, &counted, NULL));
  CHECK(counted < count);
  CHECK(!fovea_display_piece(tokenizer, ids[1], back, sizeof back, NULL, NULL) && strlen(back) > 0);
  CHECK(!fovea_piece_bytes(tokenizer, ids[1], back, sizeof back, &length, NULL) && length > 0);
  CHECK(!fovea_piece_bytes(tokenizer, ids[0], back, sizeof back, &length, NULL) && length == 0);
  CHECK(fovea_is_end_of_generation(tokenizer, fovea_eos_id(tokenizer)));
  CHECK(strlen(fovea_tokenizer_kind(tokenizer)) > 3);
}

/* Greedy text after a prompt, by arg max and by a sampler of temperature 0. */
static void GeneratesTheSameTextTwice(const fovea_model* model, const fovea_tokenizer* tokenizer) {
  const char* prompt = "Once upon a time";
  int32_t ids[32];
  int32_t first[8];
  size_t count = 0;
  fovea_error error;
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 48};
  fovea_session* session;
  fovea_sampler* sampler;
  NEED(!fovea_tokenize(tokenizer, prompt, strlen(prompt), NULL, ids, NULL, 32, &count, &error));
  NEED(!fovea_session_create(model, &options, &session, &error));
  NEED(!fovea_sampler_create(NULL, &sampler, &error));
  const size_t vocabulary = fovea_vocabulary_size(tokenizer);
  const float* logits;
  NEED(!fovea_session_prefill(session, ids, count, NULL, &logits));
  for (size_t i = 0; i < 8; ++i) {
    first[i] = fovea_argmax(logits, vocabulary);
    NEED(!fovea_session_decode(session, first[i], NULL, &logits));
  }
  CHECK(fovea_session_position(session) == count + 8);

  CHECK(fovea_session_truncate(session, 0) == FOVEA_OK);
  NEED(!fovea_session_prefill(session, ids, count, NULL, &logits));
  for (size_t i = 0; i < 8; ++i) {
    int32_t id = -1;
    CHECK(!fovea_sampler_sample(sampler, logits, vocabulary, &id, &error));
    CHECK(id == first[i]);
    NEED(!fovea_session_decode(session, id, NULL, &logits));
  }

  fovea_session_info info = {.struct_size = sizeof info};
  CHECK(fovea_session_get_info(session, &info) == FOVEA_OK);
  CHECK(info.context_size == 48 && info.vocabulary == vocabulary && info.threads == 1);
  CHECK(info.kv_type == FOVEA_KV_F16 && info.arithmetic == FOVEA_ARITHMETIC_FAST);
  fovea_memory_plan plan = {.struct_size = sizeof plan};
  CHECK(!fovea_session_plan(model, &options, &plan, &error));
  CHECK(plan.kv_cache == info.kv_cache && plan.scratch == info.scratch && plan.scratch > 0);
  CHECK(fovea_useful_threads() >= 1 && fovea_useful_threads() <= 256);
  fovea_model_info model_info = {.struct_size = sizeof model_info};
  CHECK(!fovea_model_get_info(model, &model_info));
  fovea_memory_estimate all = {.struct_size = sizeof all};
  CHECK(!fovea_estimate_memory(MODEL, &options, &all, &error));
  CHECK(all.weights == model_info.file_bytes && all.metadata > vocabulary * sizeof(float));
  CHECK(all.kv_cache == plan.kv_cache && all.scratch == plan.scratch);
  CHECK(all.total == all.weights + all.metadata + all.kv_cache + all.scratch);
  CHECK(fovea_estimate_memory("/no/such/file", NULL, &all, &error) == FOVEA_NOT_FOUND);
  CHECK_TEXT(fovea_session_error(session), "");
  fovea_sampler_free(sampler);
  fovea_session_free(session);
}

/* The model's bytes can come from memory; its handle may go before its session. */
static void LivesOnInItsSession(void) {
  FILE* file = fopen(MODEL, "rb");
  NEED(file != NULL && fseek(file, 0, SEEK_END) == 0);
  const size_t size = (size_t)ftell(file);
  unsigned char* bytes = malloc(size);
  rewind(file);
  NEED(bytes != NULL && fread(bytes, 1, size, file) == size);
  fclose(file);

  fovea_error error;
  fovea_model* model;
  fovea_session* session;
  const fovea_tokenizer* tokenizer;
  fovea_detokenizer* stream;
  NEED(!fovea_model_load_memory(bytes, size, "built in", NULL, &model, &error));
  memset(bytes, 0, size);
  free(bytes);
  fovea_model_info info = {.struct_size = sizeof info};
  CHECK(!fovea_model_get_info(model, &info));
  CHECK_TEXT(info.path, "built in");
  CHECK_TEXT(info.content_hash, "625c0610672e22949bce095d623ed911");
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 16};
  NEED(!fovea_session_create(model, &options, &session, &error));
  NEED(!fovea_model_tokenizer(model, &tokenizer, &error));
  NEED(!fovea_detokenizer_create(tokenizer, 1, NULL, &stream, &error));
  fovea_model_free(model);
  const int32_t ids[] = {1, 40, 300};
  CHECK(!fovea_session_prefill(session, ids, 3, NULL, NULL));
  CHECK(fovea_detokenizer_push(stream, 300, NULL) != NULL);
  fovea_session_free(session);
  fovea_detokenizer_free(stream);
}

static void TokenizersLoadAlone(void) {
  fovea_error error;
  fovea_tokenizer* tokenizer;
  NEED(!fovea_tokenizer_load(MODEL, NULL, &tokenizer, &error));
  TextGoesToIdsAndBack(tokenizer);
  fovea_tokenizer_free(tokenizer);
}

int main(void) {
  fovea_error error;
  fovea_model* model;
  const fovea_tokenizer* tokenizer;
  NEED(!fovea_model_load(MODEL, NULL, &model, &error));
  NEED(!fovea_model_tokenizer(model, &tokenizer, &error));
  DescribesTheModel(model);
  TextGoesToIdsAndBack(tokenizer);
  GeneratesTheSameTextTwice(model, tokenizer);
  fovea_model_free(model);
  LivesOnInItsSession();
  TokenizersLoadAlone();

  CHECK_TEXT(fovea_version(), FOVEA_PROJECT_VERSION);
  CHECK_TEXT(fovea_isa_name(0), "scalar");
  CHECK(fovea_isa_name(1000) == NULL && fovea_family_name(1000) == NULL);
  CHECK_TEXT(fovea_family_name(0), "llama");
  return Result();
}
