/* Live attention: while text is generated, one line per token says where one head looked for it.
 *
 *     watch_head model.gguf 1 3 "The cat sat on the mat. The cat" 12
 */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxTokens = 256 };

/* What the observer's callback keeps: the key with the largest weight of the last row. */
typedef struct Gaze {
  size_t key;
  float weight;
} Gaze;

static void OnRows(void* user, const fovea_rows* rows) {
  Gaze* gaze = user;
  const float* last = rows->weights + (rows->query_count - 1) * rows->stride;
  gaze->key = (size_t)fovea_argmax(last, rows->key_count);
  gaze->weight = last[gaze->key];
}

static void PrintGaze(const fovea_tokenizer* tokenizer, const int32_t* ids, size_t position,
                      const Gaze* gaze) {
  char from[64] = "?";
  char to[64] = "?";
  char bar[21] = "";
  fovea_display_piece(tokenizer, ids[position], from, sizeof from, NULL, NULL);
  fovea_display_piece(tokenizer, ids[gaze->key], to, sizeof to, NULL, NULL);
  memset(bar, '#', (size_t)(gaze->weight * 20.0f + 0.5f));
  printf("%3zu looks at %3zu with %.3f %-20s %s -> %s\n", position, gaze->key, (double)gaze->weight,
         bar, from, to);
}

static int Watch(const char* path, size_t layer, size_t head, const char* prompt, size_t tokens) {
  fovea_error error = {0};
  fovea_model* model = NULL;
  fovea_session* session = NULL;
  const fovea_tokenizer* tokenizer = NULL;
  int32_t ids[kMaxTokens];
  size_t count = 0;

  fovea_session_options options = {.struct_size = sizeof options, .context_size = kMaxTokens};
  int ok = !fovea_model_load(path, NULL, &model, &error) &&
           !fovea_model_tokenizer(model, &tokenizer, &error) &&
           !fovea_session_create(model, &options, &session, &error) &&
           !fovea_tokenize(tokenizer, prompt, strlen(prompt), NULL, ids, NULL, kMaxTokens, &count,
                           &error);

  /* One layer, one head: all others run as fast as if nobody watched. */
  Gaze gaze = {0, 0.0f};
  fovea_observer observer = {.struct_size = sizeof observer,
                             .user = &gaze,
                             .layers = &layer,
                             .layer_count = 1,
                             .heads = &head,
                             .head_count = 1,
                             .on_rows = OnRows};
  fovea_run_options run = {.struct_size = sizeof run, .observer = &observer};
  const float* logits = NULL;
  ok = ok && !fovea_session_prefill(session, ids, count, &run, &logits);
  for (size_t i = 0; ok && i < tokens && count < kMaxTokens; ++i) {
    PrintGaze(tokenizer, ids, count - 1, &gaze);
    ids[count] = fovea_argmax(logits, fovea_vocabulary_size(tokenizer));
    if (fovea_is_end_of_generation(tokenizer, ids[count])) break;
    ok = !fovea_session_decode(session, ids[count], &run, &logits);
    ++count;
  }

  if (!ok) fprintf(stderr, "%s\n", error.code ? error.message : fovea_session_error(session));
  fovea_session_free(session);
  fovea_model_free(model);
  return ok ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc != 6) {
    fprintf(stderr, "usage: watch_head MODEL.gguf LAYER HEAD PROMPT TOKENS\n");
    return 2;
  }
  return Watch(argv[1], (size_t)strtoul(argv[2], NULL, 10), (size_t)strtoul(argv[3], NULL, 10),
               argv[4], (size_t)strtoul(argv[5], NULL, 10));
}
