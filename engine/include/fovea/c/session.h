/** @file
 * Sessions: one running sequence over a model, with its KV cache and scratch memory. Part of the C
 * API; include fovea/fovea.h, which says what holds for every function.
 */
#ifndef FOVEA_C_SESSION_H_
#define FOVEA_C_SESSION_H_

#include "fovea/c/attention.h"
#include "fovea/c/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A running sequence; opaque, for one thread at a time. */
typedef struct fovea_session fovea_session;

/** How products with weight matrices are computed; everything else is 32-bit floats either way. */
typedef int32_t fovea_arithmetic;
enum {
  FOVEA_ARITHMETIC_DEFAULT = 0, /**< FOVEA_ARITHMETIC_FAST */
  /** Quantized weights meet activations rounded to 8 bits, F16 and BF16 weights activations rounded
   * to bfloat16 where that is faster. */
  FOVEA_ARITHMETIC_FAST = 1,
  FOVEA_ARITHMETIC_EXACT = 2 /**< Activations stay 32-bit floats. */
};

/** Element type of cached keys and values. */
typedef int32_t fovea_kv_type;
enum {
  FOVEA_KV_DEFAULT = 0, /**< FOVEA_KV_F16 */
  FOVEA_KV_F32 = 1,
  FOVEA_KV_F16 = 2,
  FOVEA_KV_BF16 = 3,
  FOVEA_KV_Q8 = 4 /**< 8-bit integers with one scale per row. */
};

/** Sizes, precision, threads and memory of a session; all may be 0. */
typedef struct fovea_session_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  /** Positions that the KV cache holds; 0: the model's context. */
  size_t context_size;
  /** Tokens that prefill runs at once; 0: 256. The result does not depend on it. */
  size_t prefill_batch;
  /** Threads that compute, the caller's included, up to 256; 0 or 1 starts none. Steps too small to
   * gain from threads are left to the caller's unless threads_for_all_steps. The result does not
   * depend on it. Ignored with a thread_pool. */
  size_t threads;
  /** Refuse (FOVEA_LIMIT_EXCEEDED, before allocating) if KV cache and scratch need more bytes; 0:
   * no limit. */
  size_t max_memory;
  const fovea_allocator* allocator;     /**< NULL: malloc and free. Copied. */
  const fovea_thread_pool* thread_pool; /**< NULL: `threads` of the session's own. Copied. */
  const char* isa;                      /**< Kernels to use (fovea_isa_name); NULL: the best. */
  fovea_kv_type kv_type;                /**< Element type of cached keys and values. */
  fovea_arithmetic arithmetic;          /**< How products with weights are computed. */
  int32_t threads_for_all_steps;        /**< Not 0: every step uses all threads. */
  int32_t reserved;                     /**< 0 */
  /** Tokens that the encoder of an encoder-decoder takes at most; 0: the model's context. (Of a
   * plain encoder it is context_size.) */
  size_t encoder_context_size;
} fovea_session_options;

/** How many threads to give a session on this machine: the cores that this process may use, but for
 * those slower than a quarter of the fastest, and no more than the CPU quota of its container keeps
 * busy. At least 1. Thread-safe.
 *
 * @code
 * options.threads = fovea_useful_threads();
 * @endcode
 */
FOVEA_API size_t fovea_useful_threads(void);

/** Bytes that a session allocates. */
typedef struct fovea_memory_plan {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  size_t kv_cache;    /**< Bytes of cached keys and values. */
  size_t scratch;     /**< Bytes of working memory. */
} fovea_memory_plan;

/** What fovea_session_create would allocate, without allocating. Errors as of that. Thread-safe.
 *
 * @code
 * fovea_memory_plan plan = {.struct_size = sizeof plan};
 * fovea_session_plan(model, &options, &plan, &error);
 * if (plan.kv_cache + plan.scratch > 100000000) return puts("not on this machine");
 * @endcode
 */
FOVEA_API fovea_status fovea_session_plan(const fovea_model* model,
                                          const fovea_session_options* options,
                                          fovea_memory_plan* plan, fovea_error* error);

/** What a model and one session over it keep in memory at most, in bytes. A process takes that and
 * its own code, stacks, and what observers keep. */
typedef struct fovea_memory_estimate {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  size_t weights;     /**< The file's bytes: read, rearranged where they are, or mapped. */
  size_t metadata;    /**< Vocabulary and merges, lists of keys and tensors, norms and biases. */
  size_t kv_cache;    /**< Keys and values of all positions. */
  size_t scratch;     /**< Intermediate results of a prefill batch. */
  size_t total;       /**< The sum of the four. */
} fovea_memory_estimate;

/** Estimates before anything is loaded: reads the file's metadata and no weights. `options` may be
 * NULL. Errors as of fovea_model_load and fovea_session_plan. Thread-safe.
 *
 * @code
 * fovea_memory_estimate memory = {.struct_size = sizeof memory};
 * fovea_estimate_memory("model.gguf", &options, &memory, &error);
 * if (memory.total > 400000000) return puts("not on this board");
 * @endcode
 */
FOVEA_API fovea_status fovea_estimate_memory(const char* path, const fovea_session_options* options,
                                             fovea_memory_estimate* estimate, fovea_error* error);

/** Allocates all that running needs: prefill and decode allocate nothing (an observer's rows
 * aside). `options` may be NULL. On success *session must be freed with fovea_session_free; the
 * model may be freed before. FOVEA_INVALID_ARGUMENT, FOVEA_UNSUPPORTED (an instruction set that
 * this CPU lacks), FOVEA_LIMIT_EXCEEDED, FOVEA_OUT_OF_MEMORY. Thread-safe.
 *
 * @code
 * fovea_session_options options = {.struct_size = sizeof options, .context_size = 512};
 * fovea_session_create(model, &options, &session, &error);
 * fovea_session_prefill(session, ids, count, NULL, &logits);
 * @endcode
 */
FOVEA_API fovea_status fovea_session_create(const fovea_model* model,
                                            const fovea_session_options* options,
                                            fovea_session** session, fovea_error* error);
/** Stops the session's threads. Not from a callback of the session. */
FOVEA_API void fovea_session_free(fovea_session* session);

/** Takes one head out of a run (Michel et al. 2019): what it hands to the output projection is
 * replaced for every token of the call. Its own map is computed as always; later layers see the
 * change. */
typedef struct fovea_ablation {
  size_t layer;             /**< Counted from 0. */
  size_t head;              /**< Query head. */
  const float* replacement; /**< [value_dim] of that attention; NULL: zeros. */
  fovea_stream stream;      /**< Which attention of the layer. */
  int32_t reserved;         /**< 0 */
} fovea_ablation;

/** What to do while tokens run. All callbacks may be NULL; `user` is passed to each of them (not to
 * the observer's, which have their own). They come on the calling thread and must not use the
 * session: FOVEA_BUSY. */
typedef struct fovea_run_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  void* user;         /**< Passed to the callbacks. */
  /** Receives attention during the call. */
  const fovea_observer* observer;
  /** Called for every position in order with its logits [vocabulary], valid during the call.
   * Without it only the last position's logits are computed. */
  void (*on_logits)(void* user, size_t position, const float* logits, size_t vocabulary);
  /** Asked at least once per layer and prefill batch; not 0 stops with FOVEA_CANCELLED. */
  int32_t (*cancelled)(void* user);
  /** Called after each layer of each prefill batch with the work done so far, from 0 to 1. */
  void (*on_progress)(void* user, double done);
  const fovea_ablation* ablations; /**< [ablation_count] */
  size_t ablation_count;           /**< Entries of `ablations`. */
  /** Called with the hidden states of tokens [position, position + count): layer 0 is what enters
   * the first layer, layer n what leaves the n-th. rows: [count, hidden_size], valid during the
   * call. */
  void (*on_hidden)(void* user, size_t layer, size_t position, const float* rows, size_t count,
                    size_t hidden_size);
  /** [count] of fovea_session_encode and fovea_session_embed: the segment of each token of a pair
   * of texts (BERT's token types). NULL: all 0. */
  const int32_t* token_types;
} fovea_run_options;

/** Runs the whole text, `count` tokens, through the encoder. *states (may be NULL) becomes its
 * output [count, encoder_hidden_size], valid until the next call for this session. Of an
 * encoder-decoder it also fills the keys and values of cross-attention and forgets the decoder's
 * positions: then fovea_session_prefill starts with fovea_model_info.decoder_start_token. `run` may
 * be NULL. FOVEA_UNSUPPORTED if the model has no encoder; else as fovea_session_prefill.
 *
 * @code
 * const float* states;
 * if (fovea_session_encode(session, ids, count, NULL, &states) != FOVEA_OK) {
 *   return puts(fovea_session_error(session));
 * }
 * @endcode
 */
FOVEA_API fovea_status fovea_session_encode(fovea_session* session, const int32_t* tokens,
                                            size_t count, const fovea_run_options* run,
                                            const float** states);

/** How fovea_session_embed makes one vector of a text; all may be 0. */
typedef struct fovea_embed_options {
  size_t struct_size;    /**< sizeof this struct, set by the caller. */
  fovea_pooling pooling; /**< FOVEA_POOLING_NONE: as the model's file says, or the mean. */
  int32_t no_normalize;  /**< Not 0: leave the vector's length as it is; else it becomes 1. */
} fovea_embed_options;

/** fovea_session_encode, then one vector of the text: *vector becomes [encoder_hidden_size], valid
 * until the next call for this session. `options` and `run` may be NULL. Errors as of
 * fovea_session_encode.
 *
 * @code
 * const float* vector;
 * fovea_embed_options pooled = {.struct_size = sizeof pooled, .pooling = FOVEA_POOLING_MEAN};
 * if (!fovea_session_embed(session, ids, count, &pooled, NULL, &vector)) printf("%g\n", vector[0]);
 * @endcode
 */
FOVEA_API fovea_status fovea_session_embed(fovea_session* session, const int32_t* tokens,
                                           size_t count, const fovea_embed_options* options,
                                           const fovea_run_options* run, const float** vector);

/** Tokens of the last fovea_session_encode or fovea_session_embed that succeeded; 0 before one, and
 * for NULL. */
FOVEA_API size_t fovea_session_encoded_tokens(const fovea_session* session);

/** Runs `count` tokens after those that are cached already. *logits (may be NULL) becomes the last
 * position's logits [vocabulary], valid until the next call for this session. `run` may be NULL.
 * FOVEA_LIMIT_EXCEEDED if the tokens do not fit, FOVEA_INVALID_ARGUMENT for an id outside the
 * vocabulary or a layer or head that does not exist, FOVEA_CANCELLED, FOVEA_NON_FINITE,
 * FOVEA_OUT_OF_MEMORY, FOVEA_BUSY; the cache is then as before the call. FOVEA_UNSUPPORTED of a
 * model without decoder, FOVEA_INVALID_ARGUMENT of an encoder-decoder before fovea_session_encode.
 * The same tokens give the same bits on the same CPU, whatever the prefill batches, the threads,
 * and whoever observes.
 *
 * @code
 * const float* logits;
 * if (fovea_session_prefill(session, ids, count, NULL, &logits) != FOVEA_OK) {
 *   return puts(fovea_session_error(session));
 * }
 * @endcode
 */
FOVEA_API fovea_status fovea_session_prefill(fovea_session* session, const int32_t* tokens,
                                             size_t count, const fovea_run_options* run,
                                             const float** logits);

/** Runs one token: the same as a prefill of one.
 *
 * @code
 * int32_t id = fovea_argmax(logits, vocabulary);
 * fovea_session_decode(session, id, NULL, &logits);
 * @endcode
 */
FOVEA_API fovea_status fovea_session_decode(fovea_session* session, int32_t token,
                                            const fovea_run_options* run, const float** logits);

/** Forgets all positions from `position` on; 0 forgets everything. FOVEA_INVALID_ARGUMENT if there
 * are fewer, FOVEA_BUSY.
 *
 * @code
 * fovea_session_truncate(session, 0);
 * fovea_session_prefill(session, ids, count, NULL, &logits);
 * @endcode
 */
FOVEA_API fovea_status fovea_session_truncate(fovea_session* session, size_t position);

/** The text of the last call for this session that failed, other than with FOVEA_BUSY; "" if there
 * is none. Valid until the next call for the session. Never NULL. */
FOVEA_API const char* fovea_session_error(const fovea_session* session);

/** Tokens in the cache; 0 for NULL. */
FOVEA_API size_t fovea_session_position(const fovea_session* session);

/** What a session is. */
typedef struct fovea_session_info {
  size_t struct_size;          /**< sizeof this struct, set by the caller. */
  size_t context_size;         /**< Positions that the cache holds. */
  size_t vocabulary;           /**< Logits of a position. */
  size_t threads;              /**< Threads that compute, the caller's included. */
  size_t kv_cache;             /**< Bytes. */
  size_t scratch;              /**< Bytes. */
  const char* isa;             /**< The kernels that run; lives as long as the program. */
  fovea_kv_type kv_type;       /**< Element type of cached keys and values. */
  fovea_arithmetic arithmetic; /**< How products with weights are computed. */
  size_t encoder_context_size; /**< Tokens that an encoder takes at most; 0 of a plain decoder. */
} fovea_session_info;

/** Fills *info as far as its struct_size goes. FOVEA_INVALID_ARGUMENT for NULL or a struct_size
 * that was not set.
 *
 * @code
 * fovea_session_info info = {.struct_size = sizeof info};
 * fovea_session_get_info(session, &info);
 * printf("%zu threads, %s\n", info.threads, info.isa);
 * @endcode
 */
FOVEA_API fovea_status fovea_session_get_info(const fovea_session* session,
                                              fovea_session_info* info);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_SESSION_H_ */
