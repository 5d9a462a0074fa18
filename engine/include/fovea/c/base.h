/** @file
 * Status codes, error texts, and host-provided memory and threads. Part of the C
 * API; include fovea/fovea.h, which says what holds for every function.
 */
#ifndef FOVEA_C_BASE_H_
#define FOVEA_C_BASE_H_

#include <stddef.h>
#include <stdint.h>

/** What the shared library shows; everything else in it is hidden. */
#if defined(__GNUC__) || defined(__clang__)
#define FOVEA_API __attribute__((visibility("default")))
#else
#define FOVEA_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header. Within one major version, functions and struct fields are only
 * added.
 */
#define FOVEA_VERSION_MAJOR 0
/** See FOVEA_VERSION_MAJOR. */
#define FOVEA_VERSION_MINOR 1
/** See FOVEA_VERSION_MAJOR. */
#define FOVEA_VERSION_PATCH 0

/** The version of the library that runs, e.g. "0.1.0". Thread-safe; lives as long as the program.
 */
FOVEA_API const char* fovea_version(void);

/* ---------------------------------------------------------------------------------------------
 * Errors
 */

/** One of the codes below; a later version may add some. */
typedef int32_t fovea_status;

enum {
  FOVEA_OK = 0,
  FOVEA_INVALID_ARGUMENT = 1, /**< The caller passed something that can never work. */
  FOVEA_NOT_FOUND = 2,        /**< A file, key or tensor is missing. */
  FOVEA_IO_ERROR = 3,         /**< The operating system refused to open, read or write. */
  FOVEA_MALFORMED = 4,        /**< Bytes that break their format's rules. */
  FOVEA_UNSUPPORTED = 5,      /**< Well-formed, but unknown to this build. */
  FOVEA_LIMIT_EXCEEDED = 6,   /**< Beyond a limit of the format, the model or the caller. */
  FOVEA_OUT_OF_MEMORY = 7,    /**< An allocation failed; nothing was changed. */
  FOVEA_CANCELLED = 8,        /**< The cancel callback said stop. */
  FOVEA_NON_FINITE = 9,       /**< A computed logit is NaN or infinite. */
  FOVEA_BUFFER_TOO_SMALL =
      100,             /**< The caller's array is too short; the length needed was stored. */
  FOVEA_BUSY = 101,    /**< The handle is in use: by another thread, or by the call whose
                          callback this is. */
  FOVEA_INTERNAL = 102 /**< A mistake in the library; please report it. */
};

/** "ok", "invalid argument", …; "unknown" for other numbers. Thread-safe; never NULL. */
FOVEA_API const char* fovea_status_name(fovea_status status);

/** What went wrong, in memory of the caller: no handle is needed to read it, and threads cannot
 * overwrite each other's. Functions fill it when they fail and leave it alone otherwise. */
typedef struct fovea_error {
  fovea_status code; /**< What kind of thing went wrong. */
  /** One line of English that names the file, key, tensor or argument, ended by a zero byte; a text
   * that does not fit is cut between two characters and ends with "...". */
  char message[1020];
} fovea_error;

/* ---------------------------------------------------------------------------------------------
 * Memory and threads of the application
 */

/** Gives memory: handles, a model's bytes (unless they are mapped or borrowed), a session's KV
 * cache and scratch, the rows and maps of observers. Small things inside (names, the vocabulary,
 * lists of tensors) come from the C++ runtime's operator new. The functions may be called from the
 * threads that use the handle, must not call back into the library, and must work until every
 * handle that was made with them is freed. The struct itself is copied.
 *
 * @code
 * static void* my_allocate(void* user, size_t bytes) { return malloc(bytes); }
 * static void my_release(void* user, void* block, size_t bytes) { free(block); }
 *
 * fovea_allocator arena = {.struct_size = sizeof arena, .user = NULL,
 *                          .allocate = my_allocate, .release = my_release};
 * fovea_model_options options = {.struct_size = sizeof options, .allocator = &arena};
 * fovea_model_load("model.gguf", &options, &model, &error);
 * @endcode
 */
typedef struct fovea_allocator {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  void* user;         /**< Passed to both functions. */
  /** `bytes` (> 0) with any contents, aligned as malloc does; NULL becomes FOVEA_OUT_OF_MEMORY. */
  void* (*allocate)(void* user, size_t bytes);
  /** Takes back a block that `allocate` gave for the same number of bytes. */
  void (*release)(void* user, void* block, size_t bytes);
} fovea_allocator;

/** One piece of work: call it with the `context` that came with it. */
typedef void (*fovea_task)(void* context, size_t task, size_t worker);

/** Threads of the application, for sessions that shall start none of their own. The struct is
 * copied; `user` must live until the last session that was made with it is freed.
 *
 * @code
 * static void run_tasks(void* user, size_t tasks, fovea_task task, void* context) {
 *   for (size_t i = 0; i < tasks; ++i) task(context, i, 0);   // a pool of one: the caller
 * }
 *
 * fovea_thread_pool pool = {.struct_size = sizeof pool, .workers = 1, .run = run_tasks};
 * @endcode
 */
typedef struct fovea_thread_pool {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  void* user;         /**< Passed to run. */
  size_t workers; /**< Tasks that may run at the same time, the calling thread's included; 1-256. */
  /** Must call task(context, i, worker) exactly once for every i below `tasks`, in any order, on
   * any threads, and return when all have returned. `worker` must be below `workers` and differ
   * between tasks that run at the same time. Tasks take microseconds to milliseconds, never wait
   * for each other, and never call `run`. A session makes one call at a time; sessions of different
   * threads that share a pool may call at the same time. */
  void (*run)(void* user, size_t tasks, fovea_task task, void* context);
} fovea_thread_pool;

/** Names of the instruction sets that this build has and this CPU runs, slowest first ("scalar",
 * "avx2", …); NULL from the first index beyond them. Thread-safe.
 *
 * @code
 * for (size_t i = 0; fovea_isa_name(i) != NULL; ++i) puts(fovea_isa_name(i));
 * @endcode
 */
FOVEA_API const char* fovea_isa_name(size_t index);

/** Names of the model families that can be loaded ("llama", "gpt2", …), as fovea_isa_name. */
FOVEA_API const char* fovea_family_name(size_t index);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_BASE_H_ */
