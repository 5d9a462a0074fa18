/* Two models, many sessions, several threads: every run gives the bits that one thread alone gives,
 * and a session that is in use says so. */

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>

#include "tests/c_api/check.h"

enum { kThreads = 4, kSessions = 3, kTokens = 12, kKept = 64 };

typedef struct Work {
  const fovea_model* models[2];
  const float (*expected)[kKept]; /* [2] */
  size_t thread;
  int failed;
} Work;

static void MakeIds(const fovea_model* model, int32_t* ids) {
  fovea_model_info info = {.struct_size = sizeof info};
  NEED(!fovea_model_get_info(model, &info));
  for (size_t i = 0; i < kTokens; ++i)
    ids[i] = (int32_t)((i * 37 + 11) % (info.vocabulary - 3) + 3);
}

static fovea_status RunOnce(const fovea_model* model, size_t threads, float* last) {
  int32_t ids[kTokens];
  const float* logits;
  fovea_session* session;
  const fovea_session_options options = {
      .struct_size = sizeof options, .context_size = kTokens, .threads = threads};
  MakeIds(model, ids);
  fovea_status status = fovea_session_create(model, &options, &session, NULL);
  if (status) return status;
  status = fovea_session_prefill(session, ids, kTokens - 1, NULL, NULL);
  if (!status) status = fovea_session_decode(session, ids[kTokens - 1], NULL, &logits);
  if (!status) memcpy(last, logits, kKept * sizeof *last);
  fovea_session_free(session);
  return status;
}

static void* RunMany(void* argument) {
  Work* work = argument;
  for (size_t i = 0; i < kSessions; ++i) {
    const size_t which = (work->thread + i) % 2;
    float last[kKept];
    if (RunOnce(work->models[which], 1 + i % 2, last) != FOVEA_OK) work->failed = 1;
    if (memcmp(last, work->expected[which], sizeof last) != 0) work->failed = 1;
  }
  return NULL;
}

typedef struct Shared {
  fovea_session* session;
  pthread_barrier_t inside; /* The first thread is in its run. */
  pthread_barrier_t tried;  /* The second has tried. */
  int asked;
} Shared;

static int32_t MeetInside(void* user) {
  Shared* shared = user;
  if (shared->asked++ == 0) {
    pthread_barrier_wait(&shared->inside);
    pthread_barrier_wait(&shared->tried);
  }
  return 0;
}

static void* RunShared(void* argument) {
  Shared* shared = argument;
  const fovea_run_options run = {
      .struct_size = sizeof run, .user = shared, .cancelled = MeetInside};
  CHECK(fovea_session_decode(shared->session, 1, &run, NULL) == FOVEA_OK);
  return NULL;
}

static void ASessionInUseIsBusy(const fovea_model* model) {
  Shared shared = {.asked = 0};
  pthread_t thread;
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 4};
  NEED(!fovea_session_create(model, &options, &shared.session, NULL));
  NEED(!pthread_barrier_init(&shared.inside, NULL, 2));
  NEED(!pthread_barrier_init(&shared.tried, NULL, 2));
  NEED(!pthread_create(&thread, NULL, RunShared, &shared));
  pthread_barrier_wait(&shared.inside);
  CHECK(fovea_session_decode(shared.session, 1, NULL, NULL) == FOVEA_BUSY);
  pthread_barrier_wait(&shared.tried);
  pthread_join(thread, NULL);
  CHECK(fovea_session_position(shared.session) == 1);
  CHECK(fovea_session_decode(shared.session, 1, NULL, NULL) == FOVEA_OK);
  pthread_barrier_destroy(&shared.inside);
  pthread_barrier_destroy(&shared.tried);
  fovea_session_free(shared.session);
}

int main(void) {
  fovea_model* models[2];
  static float expected[2][kKept];
  pthread_t threads[kThreads];
  Work works[kThreads];
  NEED(!fovea_model_load(MODEL, NULL, &models[0], NULL));
  NEED(!fovea_model_load(OTHER_MODEL, NULL, &models[1], NULL));
  for (size_t i = 0; i < 2; ++i) NEED(!RunOnce(models[i], 1, expected[i]));
  CHECK(memcmp(expected[0], expected[1], sizeof *expected) != 0);
  for (size_t i = 0; i < kThreads; ++i) {
    const Work work = {{models[0], models[1]}, (const float(*)[kKept])expected, i, 0};
    works[i] = work;
    NEED(!pthread_create(&threads[i], NULL, RunMany, &works[i]));
  }
  for (size_t i = 0; i < kThreads; ++i) {
    pthread_join(threads[i], NULL);
    CHECK(!works[i].failed);
  }
  ASessionInUseIsBusy(models[0]);
  fovea_model_free(models[0]);
  fovea_model_free(models[1]);
  return Result();
}
