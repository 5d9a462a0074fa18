/* Streaming text generation: the words appear as they are chosen.
 *
 *     generate model.gguf "Once upon a time" 40
 */
#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kMaxTokens = 512 };

/* Only whole characters come: bytes of an unfinished one wait for the next token. */
static void PrintText(void* user, int32_t id, const char* text, size_t length) {
  (void)user;
  (void)id;
  fwrite(text, 1, length, stdout);
  fflush(stdout);
}

static int Generate(const char* path, const char* prompt, size_t tokens) {
  fovea_error error = {0};
  fovea_model* model = NULL;
  fovea_session* session = NULL;
  fovea_sampler* sampler = NULL;
  const fovea_tokenizer* tokenizer = NULL;
  int32_t ids[kMaxTokens];
  size_t count = 0;

  /* Everything that can fail, in order; the first failure skips the rest. */
  fovea_session_options options = {.struct_size = sizeof options, .context_size = kMaxTokens};
  fovea_sampler_options sampling = {.struct_size = sizeof sampling, .temperature = 0.0f};
  int ok = !fovea_model_load(path, NULL, &model, &error) &&
           !fovea_model_tokenizer(model, &tokenizer, &error) &&
           !fovea_session_create(model, &options, &session, &error) &&
           !fovea_sampler_create(&sampling, &sampler, &error) &&
           !fovea_tokenize(tokenizer, prompt, strlen(prompt), NULL, ids, NULL, kMaxTokens, &count,
                           &error);
  if (ok) {
    fovea_generate_options story = {.struct_size = sizeof story,
                                    .max_tokens = tokens,
                                    .sampler = sampler,
                                    .on_text = PrintText};
    fputs(prompt, stdout);
    ok = !fovea_generate(session, tokenizer, ids, count, &story, NULL, 0, NULL);
    puts("");
    if (!ok) fprintf(stderr, "%s\n", fovea_session_error(session));
  }

  if (error.code != FOVEA_OK) fprintf(stderr, "%s\n", error.message);
  fovea_sampler_free(sampler);
  fovea_session_free(session);
  fovea_model_free(model);
  return ok ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: generate MODEL.gguf PROMPT TOKENS\n");
    return 2;
  }
  return Generate(argv[1], argv[2], (size_t)strtoul(argv[3], NULL, 10));
}
