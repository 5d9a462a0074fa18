/* The smallest useful program: says which word comes next.
 *
 *     next_word model.gguf "The cat sat on"
 */
#include <fovea/fovea.h>
#include <stdio.h>
#include <string.h>

static int Fail(const char* message) {
  fprintf(stderr, "%s\n", message);
  return 1;
}

int main(int argc, char** argv) {
  fovea_error error;
  fovea_model* model = NULL;
  fovea_session* session = NULL;
  const fovea_tokenizer* tokenizer;
  const float* logits;
  int32_t ids[128];
  size_t count;
  char word[64];
  if (argc != 3) return Fail("usage: next_word MODEL.gguf TEXT");
  if (fovea_model_load(argv[1], NULL, &model, &error) ||
      fovea_model_tokenizer(model, &tokenizer, &error) ||
      fovea_session_create(model, NULL, &session, &error) ||
      fovea_tokenize(tokenizer, argv[2], strlen(argv[2]), NULL, ids, NULL, 128, &count, &error)) {
    return Fail(error.message);
  }
  if (fovea_session_prefill(session, ids, count, NULL, &logits)) {
    return Fail(fovea_session_error(session));
  }
  const int32_t next = fovea_argmax(logits, fovea_vocabulary_size(tokenizer));
  fovea_piece_bytes(tokenizer, next, word, sizeof word, NULL, NULL);
  printf("fovea %s: %s[%s]\n", fovea_version(), argv[2], word);
  fovea_session_free(session);
  fovea_model_free(model);
  return 0;
}
