/** @file
 * Numbers from attention maps: statistics of heads, counted as rows stream by. Part of the C API;
 * include fovea/fovea.h, which says what holds for every function.
 */
#ifndef FOVEA_C_ANALYSIS_H_
#define FOVEA_C_ANALYSIS_H_

#include "fovea/c/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Statistics of heads (Clark et al. 2019, Vig & Belinkov 2019, Olsson et al. 2022, Gu et al. 2025)
 */

/** Keeps statistics of heads; opaque, for one thread at a time. */
typedef struct fovea_statistics fovea_statistics;

/** Which heads are counted; all may be 0. */
typedef struct fovea_statistics_options {
  size_t struct_size;   /**< sizeof this struct, set by the caller. */
  const size_t* layers; /**< As of fovea_observer; copied. */
  size_t layer_count;   /**< Entries of `layers`. */
  const size_t* heads;  /**< As of fovea_observer; copied. */
  size_t head_count;    /**< Entries of `heads`. */
  /** Not 0: the input is a block of `period` tokens repeated once that starts at `repeat_begin` (1
   * after a BOS); fills duplicate_token and induction. */
  size_t period;
  size_t repeat_begin;              /**< Position of the first token of the block. */
  const fovea_allocator* allocator; /**< For the handle. NULL: malloc and free. Copied. */
  uint32_t streams;                 /**< As of fovea_observer. */
  int32_t reserved;                 /**< 0 */
} fovea_statistics_options;

/** Of one head over all rows seen; means are over rows, A is the map. Between two sequences
 * (FOVEA_STREAM_CROSS) distances and single positions mean nothing and are 0, but for first_token:
 * there the mean over all rows. */
typedef struct fovea_head_statistics {
  size_t layer;           /**< Counted from 0. */
  size_t head;            /**< Query head. */
  size_t kv_head;         /**< Key/value head that it reads. */
  size_t rows;            /**< Rows that have been seen. */
  double entropy;         /**< Mean of -sum A ln A, nats. */
  double mean_distance;   /**< sum A |q - k| / sum A over all cells, tokens. */
  double confidence;      /**< Mean of the row maximum. */
  double previous_token;  /**< Mean of A[q, q-1]. */
  double first_token;     /**< Mean of A[q, 0], q >= 1 (attention sink). */
  double self;            /**< Mean of A[q, q]. */
  double duplicate_token; /**< Mean of A[q, q-S] in the second block of period S. */
  double induction;       /**< Mean of A[q, q-(S-1)] there. */
  double row_sum_error;   /**< Largest |sum A - 1| of a row. */
  double even_entropy; /**< Entropy and mean distance of a head that looks evenly at all that its */
  double even_distance; /**< mask shows. */
  fovea_stream stream;  /**< Which attention this is. */
  int32_t reserved;     /**< 0 */
} fovea_head_statistics;

/** An observer that keeps only these numbers, for runs of `model`: memory does not grow with the
 * text. `options` may be NULL. One session at a time. FOVEA_OUT_OF_MEMORY.
 *
 * @code
 * fovea_statistics_create(model, NULL, &statistics, &error);
 * run.observer = fovea_statistics_observer(statistics);
 * fovea_session_prefill(session, ids, count, &run, NULL);
 * @endcode
 */
FOVEA_API fovea_status fovea_statistics_create(const fovea_model* model,
                                               const fovea_statistics_options* options,
                                               fovea_statistics** statistics, fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_statistics_free(fovea_statistics* statistics);
/** The observer to run with; lives as long as the handle. NULL for NULL. */
FOVEA_API const fovea_observer* fovea_statistics_observer(fovea_statistics* statistics);

/** *count becomes the number of heads seen; `heads` [capacity] receives them by stream, layer and
 * head, or may be NULL to count. FOVEA_BUFFER_TOO_SMALL if there are more than `capacity`: the
 * first `capacity` were stored.
 *
 * @code
 * fovea_head_statistics* heads = calloc(layers * heads_per_layer, sizeof *heads);
 * fovea_statistics_heads(statistics, heads, layers * heads_per_layer, &count, &error);
 * puts(fovea_head_type(&heads[0]));
 * @endcode
 */
FOVEA_API fovea_status fovea_statistics_heads(const fovea_statistics* statistics,
                                              fovea_head_statistics* heads, size_t capacity,
                                              size_t* count, fovea_error* error);

/** A plain-words type: "previous token", "current token", "first token (sink)", "broad", "local" or
 * "mixed"; "" for NULL. Thread-safe; lives as long as the program. */
FOVEA_API const char* fovea_head_type(const fovea_head_statistics* head);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_ANALYSIS_H_ */
