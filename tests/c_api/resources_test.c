/* Memory and threads of the application; stopping a run and following it. */

#include "tests/c_api/check.h"

static const int32_t kIds[] = {1, 40, 300, 77, 1200, 9, 512, 33};
enum { kCount = sizeof kIds / sizeof *kIds };

typedef struct Arena {
  size_t blocks;  /* Given and not taken back. */
  size_t bytes;   /* Of those. */
  size_t largest; /* That `bytes` ever was. */
  size_t left;    /* Calls that still get memory. */
} Arena;

static void* Allocate(void* user, size_t bytes) {
  Arena* arena = user;
  if (arena->left == 0) return NULL;
  --arena->left;
  void* block = malloc(bytes);
  NEED(block != NULL);
  memset(block, 0xA5, bytes); /* Nobody may take it for zeros. */
  ++arena->blocks;
  arena->bytes += bytes;
  if (arena->bytes > arena->largest) arena->largest = arena->bytes;
  return block;
}

static void Release(void* user, void* block, size_t bytes) {
  Arena* arena = user;
  memset(block, 0xA5, bytes); /* Nobody may read it any more. */
  free(block);
  --arena->blocks;
  arena->bytes -= bytes;
}

/* Makes everything that takes an allocator and runs with it; FOVEA_OK if all of it got memory. */
static fovea_status UseEverything(const fovea_allocator* memory, float* last) {
  fovea_error error;
  fovea_model* model = NULL;
  fovea_session* session = NULL;
  fovea_recorder* recorder = NULL;
  fovea_statistics* statistics = NULL;
  fovea_sampler* sampler = NULL;
  fovea_detokenizer* stream = NULL;
  fovea_tokenizer* alone = NULL;
  const fovea_tokenizer* tokenizer = NULL;
  const float* logits = NULL;
  const fovea_model_options load = {.struct_size = sizeof load, .allocator = memory};
  const fovea_session_options options = {
      .struct_size = sizeof options, .context_size = 16, .allocator = memory};
  const fovea_recorder_options record = {.struct_size = sizeof record, .allocator = memory};
  const fovea_statistics_options count = {.struct_size = sizeof count, .allocator = memory};
  const fovea_sampler_options sample = {.struct_size = sizeof sample, .allocator = memory};
  fovea_run_options run = {.struct_size = sizeof run};
  fovea_map map = {.struct_size = sizeof map};

  fovea_status status = fovea_model_load(MODEL, &load, &model, &error);
  if (!status) status = fovea_session_create(model, &options, &session, &error);
  if (!status) status = fovea_recorder_create(&record, &recorder, &error);
  if (!status) status = fovea_statistics_create(model, &count, &statistics, &error);
  if (!status) status = fovea_sampler_create(&sample, &sampler, &error);
  if (!status) status = fovea_model_tokenizer(model, &tokenizer, &error);
  if (!status) status = fovea_detokenizer_create(tokenizer, 0, memory, &stream, &error);
  if (!status) status = fovea_tokenizer_load(MODEL, memory, &alone, &error);
  run.observer = fovea_recorder_observer(recorder);
  if (!status) status = fovea_session_prefill(session, kIds, kCount, &run, &logits);
  if (!status) status = fovea_recorder_map(recorder, 0, 0, FOVEA_STREAM_SELF, &map, &error);
  if (!status) memcpy(last, logits, 100 * sizeof *last);
  fovea_model_free(model);
  fovea_session_free(session);
  fovea_recorder_free(recorder);
  fovea_statistics_free(statistics);
  fovea_sampler_free(sampler);
  fovea_detokenizer_free(stream);
  fovea_tokenizer_free(alone);
  return status;
}

static void TheAllocatorGetsEverythingBack(void) {
  Arena arena = {.left = 1000};
  const fovea_allocator memory = {
      .struct_size = sizeof memory, .user = &arena, .allocate = Allocate, .release = Release};
  float plain[100];
  float host[100];
  NEED(!UseEverything(NULL, plain));
  NEED(!UseEverything(&memory, host));
  CHECK(memcmp(plain, host, sizeof plain) == 0);
  CHECK(arena.blocks == 0 && arena.bytes == 0);
  /* The file's bytes, the cache and the scratch came from it. */
  fovea_model* model;
  NEED(!fovea_model_load(MODEL, NULL, &model, NULL));
  fovea_model_info info = {.struct_size = sizeof info};
  fovea_memory_plan plan = {.struct_size = sizeof plan};
  const fovea_session_options options = {.struct_size = sizeof options, .context_size = 16};
  CHECK(!fovea_model_get_info(model, &info) && !fovea_session_plan(model, &options, &plan, NULL));
  CHECK(arena.largest > info.file_bytes + plan.kv_cache + plan.scratch);
  fovea_model_free(model);

  /* Whichever call gets nothing: an error, and everything comes back. */
  const size_t calls = 1000 - arena.left;
  CHECK(calls > 12 && calls < 1000);
  for (size_t left = 0; left < calls; ++left) {
    arena.left = left;
    CHECK(UseEverything(&memory, host) == FOVEA_OUT_OF_MEMORY);
    CHECK(arena.blocks == 0 && arena.bytes == 0);
  }
}

typedef struct Pool {
  size_t runs;
  size_t tasks;
  size_t workers;
} Pool;

/* Backwards, as if several workers took turns. */
static void RunTasks(void* user, size_t tasks, fovea_task task, void* context) {
  Pool* pool = user;
  ++pool->runs;
  pool->tasks += tasks;
  for (size_t i = tasks; i > 0; --i) task(context, i - 1, i % pool->workers);
}

static void TheThreadPoolDoesTheWork(const fovea_model* model) {
  float expected[100];
  const float* logits;
  fovea_error error;
  fovea_session* session;
  fovea_session_options options = {.struct_size = sizeof options, .context_size = 16};
  NEED(!fovea_session_create(model, &options, &session, &error));
  NEED(!fovea_session_prefill(session, kIds, kCount, NULL, &logits));
  memcpy(expected, logits, sizeof expected);
  fovea_session_free(session);

  Pool pool = {.workers = 3};
  fovea_thread_pool host = {
      .struct_size = sizeof host, .user = &pool, .workers = 3, .run = RunTasks};
  options.thread_pool = &host;
  NEED(!fovea_session_create(model, &options, &session, &error));
  host.run = NULL; /* It was copied. */
  NEED(!fovea_session_prefill(session, kIds, kCount, NULL, &logits));
  CHECK(memcmp(expected, logits, sizeof expected) == 0);
  CHECK(pool.runs > 10 && pool.tasks > pool.runs);
  fovea_session_info info = {.struct_size = sizeof info};
  CHECK(!fovea_session_get_info(session, &info) && info.threads == 3);
  fovea_session_free(session);
}

typedef struct Progress {
  fovea_session* session;
  size_t questions;
  size_t stop_at; /* The question that is answered with yes; 0: none. */
  size_t steps;
  double done;
  size_t positions;
} Progress;

static int32_t Stop(void* user) {
  Progress* progress = user;
  return ++progress->questions == progress->stop_at;
}

static void Follow(void* user, double done) {
  Progress* progress = user;
  CHECK(done > progress->done && done <= 1.0);
  progress->done = done;
  ++progress->steps;
  /* A session is not to be used from its own callbacks. */
  CHECK(fovea_session_decode(progress->session, 1, NULL, NULL) == FOVEA_BUSY);
  CHECK(fovea_session_truncate(progress->session, 0) == FOVEA_BUSY);
}

static void CountLogits(void* user, size_t position, const float* logits, size_t vocabulary) {
  Progress* progress = user;
  CHECK(position == progress->positions++ && vocabulary > 1000 && logits != NULL);
}

static void RunsAreFollowedAndStopped(const fovea_model* model) {
  fovea_error error;
  Progress progress = {.stop_at = 4};
  const fovea_session_options options = {
      .struct_size = sizeof options, .context_size = 16, .prefill_batch = 3};
  fovea_model_info info = {.struct_size = sizeof info};
  NEED(!fovea_session_create(model, &options, &progress.session, &error));
  NEED(!fovea_model_get_info(model, &info));
  const fovea_run_options run = {.struct_size = sizeof run,
                                 .user = &progress,
                                 .on_logits = CountLogits,
                                 .cancelled = Stop,
                                 .on_progress = Follow};
  CHECK(fovea_session_prefill(progress.session, kIds, kCount, &run, NULL) == FOVEA_CANCELLED);
  CHECK(progress.questions == 4 && progress.steps == 3);
  CHECK(fovea_session_position(progress.session) == 0);
  CHECK(strlen(fovea_session_error(progress.session)) > 0);

  fovea_session* session = progress.session;
  memset(&progress, 0, sizeof progress);
  progress.session = session;
  CHECK(!fovea_session_prefill(session, kIds, kCount, &run, NULL));
  CHECK(progress.done == 1.0 && progress.positions == kCount);
  CHECK(progress.steps == 3 * info.layers); /* Three chunks. */
  fovea_session_free(session);
}

int main(void) {
  fovea_model* model;
  NEED(!fovea_model_load(MODEL, NULL, &model, NULL));
  TheAllocatorGetsEverythingBack();
  TheThreadPoolDoesTheWork(model);
  RunsAreFollowedAndStopped(model);
  fovea_model_free(model);
  return Result();
}
