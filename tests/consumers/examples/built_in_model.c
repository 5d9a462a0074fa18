/* A model inside the program: no file is needed at run time, and its weights are read where the
 * program lies in memory, without a copy. Compile with -DMODEL_FILE='"path/to/model.gguf"'.
 *
 *     built_in_model "The cat sat on"
 */
#include <fovea/fovea.h>
#include <stdio.h>
#include <string.h>

/* The assembler of gcc and clang puts the file's bytes into read-only data, at a multiple of 64.
 * The names are global, yet hidden: on ARM, addresses of local ones would all be that of the
 * section. */
__asm__(
    ".globl built_in_model_begin\n"
    ".globl built_in_model_end\n"
    ".hidden built_in_model_begin\n"
    ".hidden built_in_model_end\n"
    ".section .rodata\n"
    ".balign 64\n"
    "built_in_model_begin:\n"
    ".incbin \"" MODEL_FILE
    "\"\n"
    "built_in_model_end:\n"
    ".byte 0\n"
    ".balign 4\n"
    ".text\n");
extern const unsigned char built_in_model_begin[];
extern const unsigned char built_in_model_end[];

static int CompleteWith(fovea_model* model, const char* prompt) {
  fovea_error error = {0};
  fovea_session* session = NULL;
  const fovea_tokenizer* tokenizer = NULL;
  const float* logits = NULL;
  int32_t ids[128];
  size_t count = 0;
  char word[64] = "";
  fovea_session_options options = {.struct_size = sizeof options, .context_size = 128};
  int ok =
      !fovea_model_tokenizer(model, &tokenizer, &error) &&
      !fovea_session_create(model, &options, &session, &error) &&
      !fovea_tokenize(tokenizer, prompt, strlen(prompt), NULL, ids, NULL, 128, &count, &error) &&
      !fovea_session_prefill(session, ids, count, NULL, &logits);
  if (ok) {
    const int32_t next = fovea_argmax(logits, fovea_vocabulary_size(tokenizer));
    fovea_piece_bytes(tokenizer, next, word, sizeof word, NULL, NULL);
    printf("%s[%s]\n", prompt, word);
  } else {
    fprintf(stderr, "%s\n", error.code ? error.message : fovea_session_error(session));
  }
  fovea_session_free(session);
  return ok ? 0 : 1;
}

int main(int argc, char** argv) {
  fovea_error error;
  fovea_model* model;
  const size_t size = (size_t)(built_in_model_end - built_in_model_begin);
  fovea_model_options options = {.struct_size = sizeof options, .map = 1}; /* Used in place. */
  if (argc != 2) {
    fprintf(stderr, "usage: built_in_model PROMPT\n");
    return 2;
  }
  if (fovea_model_load_memory(built_in_model_begin, size, "built in", &options, &model, &error)) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  const int result = CompleteWith(model, argv[1]);
  fovea_model_free(model);
  return result;
}
