/* What the C tests check with: a failed check is printed and counted, and the program goes on. */
#ifndef FOVEA_TESTS_C_API_CHECK_H_
#define FOVEA_TESTS_C_API_CHECK_H_

#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf"
#define OTHER_MODEL FOVEA_SOURCE_DIR "/tests/golden/data/gpt2.gguf"

static int failures = 0;

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      ++failures;                                                               \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                           \
  } while (0)

/* A step without which the rest makes no sense. */
#define NEED(condition)                                                       \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: needed: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

#define CHECK_TEXT(text, wanted)                                                              \
  do {                                                                                        \
    if (strcmp((text), (wanted)) != 0) {                                                      \
      ++failures;                                                                             \
      fprintf(stderr, "%s:%d: \"%s\" is not \"%s\"\n", __FILE__, __LINE__, (text), (wanted)); \
    }                                                                                         \
  } while (0)

/* The code of a failure and a piece of its message. */
#define CHECK_ERROR(call, wanted, error, piece)                                             \
  do {                                                                                      \
    const fovea_status got = (call);                                                        \
    if (got != (wanted) || (error).code != (wanted) || !strstr((error).message, (piece))) { \
      ++failures;                                                                           \
      fprintf(stderr, "%s:%d: %s gives %s, \"%s\"\n", __FILE__, __LINE__, #call,            \
              fovea_status_name(got), (error).message);                                     \
    }                                                                                       \
  } while (0)

/* The result of main. */
static int Result(void) {
  if (failures == 0) puts("all checks passed");
  return failures == 0 ? 0 : 1;
}

#endif /* FOVEA_TESTS_C_API_CHECK_H_ */
