/** @file
 * Attention as it is computed: an observer receives the exact rows of the maps, the queries and
 * keys to rebuild them (trace), and the values, while a session runs. Part of the C API; include
 * fovea/fovea.h, which says what holds for every function.
 *
 * Maps are [query, key]: row = query, column = key, rows sum to 1. Heads are query heads; under
 * grouped-query attention kv_head says which key/value head a query head read.
 */
#ifndef FOVEA_C_ATTENTION_H_
#define FOVEA_C_ATTENTION_H_

#include "fovea/c/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which keys a query may look at. */
typedef int32_t fovea_mask;
enum {
  FOVEA_MASK_NONE = 0,            /**< Every valid key. */
  FOVEA_MASK_CAUSAL = 1,          /**< key <= query. */
  FOVEA_MASK_SLIDING_WINDOW = 2,  /**< key <= query and query - key < window. */
  FOVEA_MASK_SYMMETRIC_WINDOW = 3 /**< |query - key| <= window / 2, rounded down. */
};

/** Which attention a row belongs to. */
typedef int32_t fovea_stream;
enum {
  FOVEA_STREAM_SELF = 0,    /**< Self-attention of the decoder, or of the model's only stack. */
  FOVEA_STREAM_ENCODER = 1, /**< Self-attention of the encoder before a decoder. */
  FOVEA_STREAM_CROSS = 2    /**< The decoder's queries, the encoder's keys. */
};

/** Finished rows of one head's map. */
typedef struct fovea_rows {
  size_t struct_size; /**< Set by the library, as in the structs below. */
  size_t layer;       /**< Counted from 0. */
  size_t head;        /**< Query head. */
  size_t kv_head;     /**< Key/value head that it read. */
  size_t query_begin; /**< Position of the first row in its sequence. */
  size_t query_count; /**< Rows. */
  size_t key_count;   /**< Columns 0 … key_count - 1 are delivered. */
  size_t stride;      /**< Floats between rows, >= key_count. */
  /** Normalised weights, row r at weights + r * stride; masked cells are exactly 0. */
  const float* weights;
  /** Scores before softmax (after scale, softcap and bias), masked cells -inf; same stride. NULL
   * unless the observer asked for scores. */
  const float* scores;
  /** ln of the softmax denominator of each row, [query_count]. */
  const float* log_sum_exp;
  size_t window;       /**< Of a window. */
  fovea_mask mask;     /**< Which keys the queries may look at. */
  fovea_stream stream; /**< Which attention this is. */
} fovea_rows;

/** What is needed to rebuild any row of one layer's maps later: for query position p and key k
 * weight = exp(cap(q . k * scale) + b - log_sum_exp), cap(s) = softcap * tanh(s / softcap) if
 * softcap is not 0, else s; b = bias[head * bias_head_stride + bias_zero + k - p], or 0 without one
 * (ALiBi, Press et al. 2022; relative positions, Raffel et al. 2020). Queries and keys have ranges
 * of their own: each key comes once, with the first call that attends to it. */
typedef struct fovea_trace {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  size_t layer;       /**< Counted from 0. */
  size_t query_begin; /**< Position of the first query given here, in its sequence. */
  size_t query_count; /**< Number of queries. */
  size_t key_begin;   /**< Position of the first key given here, in its sequence. */
  size_t key_count;   /**< Number of keys; may be 0 in cross-attention. */
  size_t heads;       /**< Query heads. */
  size_t kv_heads;    /**< Key/value heads. */
  size_t head_dim;    /**< Width of a query or key head. */
  const float* query; /**< [query_count, heads, head_dim], after positions were applied. */
  /** [key_count, kv_heads, head_dim], as read back from the KV cache (so rounded to F16 if the
   * cache is F16). */
  const float* key;
  const float* log_sum_exp; /**< [heads, query_count] */
  const float* bias;        /**< [heads, bias_head_stride], or NULL. */
  size_t bias_head_stride;  /**< Floats between heads. */
  size_t bias_zero;         /**< Index of distance 0. */
  float scale;              /**< Multiplies q . k. */
  float softcap;            /**< 0: none. */
  size_t window;            /**< Of a window. */
  fovea_mask mask;          /**< Which keys the queries may look at. */
  fovea_stream stream;      /**< Which attention this is. */
} fovea_trace;

/** The values that come with one prefill_batch, of all KV heads of a layer: those of its tokens, or
 * of the whole other sequence in cross-attention. */
typedef struct fovea_values {
  size_t struct_size;  /**< sizeof this struct, set by the caller. */
  size_t layer;        /**< Counted from 0. */
  size_t begin;        /**< Position of the first value. */
  size_t count;        /**< Number of positions. */
  size_t kv_heads;     /**< Key/value heads. */
  size_t value_dim;    /**< Width of a value head. */
  const float* value;  /**< [count, kv_heads, value_dim], as read back from the KV cache. */
  fovea_stream stream; /**< Which attention this is. */
  int32_t reserved;    /**< 0 */
} fovea_values;

/** Listens while a session runs. It never changes what is computed; unselected heads run the plain
 * path, and without an observer nothing is spent. What is delivered follows from which callbacks
 * are set. Structs and arrays that a callback receives are valid during the call only.
 *
 * Callbacks come on the session's threads; by default one at a time. They must not use the session.
 * Rows of one (stream, layer, head) come in ascending order, each position once; heads come in any
 * order.
 *
 * @code
 * static void show(void* user, const fovea_rows* rows) {
 *   printf("layer %zu head %zu: %zu rows\n", rows->layer, rows->head, rows->query_count);
 * }
 * fovea_observer observer = {.struct_size = sizeof observer, .on_rows = show};
 * fovea_run_options run = {.struct_size = sizeof run, .observer = &observer};
 * @endcode
 */
typedef struct fovea_observer {
  size_t struct_size;   /**< sizeof this struct, set by the caller. */
  void* user;           /**< Passed to the callbacks. */
  const size_t* layers; /**< [layer_count], the layers to observe; NULL: all. */
  size_t layer_count;   /**< Entries of `layers`. */
  const size_t* heads;  /**< [head_count], query heads, the same for every layer; NULL: all. */
  size_t head_count;    /**< Entries of `heads`. */
  /** Finished rows of one head. */
  void (*on_rows)(void* user, const fovea_rows* rows);
  /** What rebuilds the rows of a layer. */
  void (*on_trace)(void* user, const fovea_trace* trace);
  /** Once per selected layer and prefill batch, before that batch's rows of the layer. */
  void (*on_values)(void* user, const fovea_values* values);
  int32_t scores;     /**< Not 0: deliver scores with the rows. */
  int32_t concurrent; /**< Not 0: the callbacks are safe for different heads at once. */
  /** The streams to observe: the sum of 1 << FOVEA_STREAM_… of each; 0: all. */
  uint32_t streams;
  int32_t reserved; /**< 0 */
} fovea_observer;

/* ---------------------------------------------------------------------------------------------
 * A recorder is an observer that keeps whole maps
 */

/** Keeps maps in memory; opaque, for one thread at a time. */
typedef struct fovea_recorder fovea_recorder;

/** One head's map: row q at weights + q * stride. */
typedef struct fovea_map {
  size_t struct_size;   /**< sizeof this struct, set by the caller. */
  size_t queries;       /**< Rows. */
  size_t keys;          /**< Columns; as many as rows in self-attention. */
  size_t stride;        /**< Floats between rows, >= keys. */
  const float* weights; /**< Row r at weights + r * stride. */
} fovea_map;

/** What is recorded; all may be 0. */
typedef struct fovea_recorder_options {
  size_t struct_size;               /**< sizeof this struct, set by the caller. */
  const size_t* layers;             /**< As of fovea_observer; copied. */
  size_t layer_count;               /**< Entries of `layers`. */
  const size_t* heads;              /**< As of fovea_observer; copied. */
  size_t head_count;                /**< Entries of `heads`. */
  const fovea_allocator* allocator; /**< NULL: malloc and free. Copied. */
  uint32_t streams;                 /**< As of fovea_observer. */
  int32_t reserved;                 /**< 0 */
} fovea_recorder_options;

/** Maps grow as rows arrive: 4 bytes for each cell, of all heads, and up to three times that while
 * they grow. `options` may be NULL. One session at a time. FOVEA_OUT_OF_MEMORY.
 *
 * @code
 * fovea_recorder_create(NULL, &recorder, &error);
 * run.observer = fovea_recorder_observer(recorder);
 * fovea_session_prefill(session, ids, count, &run, NULL);
 * @endcode
 */
FOVEA_API fovea_status fovea_recorder_create(const fovea_recorder_options* options,
                                             fovea_recorder** recorder, fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_recorder_free(fovea_recorder* recorder);

/** The observer to run with; lives as long as the recorder. NULL for NULL. */
FOVEA_API const fovea_observer* fovea_recorder_observer(fovea_recorder* recorder);

/** Fills *map, whose weights are valid until the next run with this recorder. A generation is
 * stitched: prompt rows first, then one row per token; in cross-attention a row over all source
 * tokens for each target token. FOVEA_NOT_FOUND if nothing was recorded for this head;
 * FOVEA_OUT_OF_MEMORY if rows were lost because a map could not grow.
 *
 * @code
 * fovea_map map = {.struct_size = sizeof map};
 * fovea_recorder_map(recorder, 1, 3, FOVEA_STREAM_SELF, &map, &error);
 * float weight = map.weights[query * map.stride + key];
 * @endcode
 */
FOVEA_API fovea_status fovea_recorder_map(const fovea_recorder* recorder, size_t layer, size_t head,
                                          fovea_stream stream, fovea_map* map, fovea_error* error);

/** Forgets all rows and frees their memory. */
FOVEA_API void fovea_recorder_clear(fovea_recorder* recorder);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_ATTENTION_H_ */
