/** @file
 * Attention as an operator of its own, with the classic scoring functions, and distances between
 * distributions. Part of the C API; include fovea/fovea.h, which says what holds for every
 * function.
 */
#ifndef FOVEA_C_OPERATORS_H_
#define FOVEA_C_OPERATORS_H_

#include "fovea/c/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/** How a query and a key are compared. */
typedef int32_t fovea_scoring;
enum {
  FOVEA_SCORING_SCALED_DOT =
      0,                 /**< q . k / sqrt(key width)                    (Vaswani et al. 2017) */
  FOVEA_SCORING_DOT = 1, /**< q . k                                      (Luong et al. 2015) */
  FOVEA_SCORING_GENERAL = 2, /**< q . (W k), W [query_width, key_width]      (Luong et al. 2015) */
  FOVEA_SCORING_ADDITIVE =
      3 /**< v . tanh(W q + U k)                        (Bahdanau et al. 2015) */
};

/** Inputs of one attention operation; arrays are row-major and used during the call only. Queries
 * may come from another sequence than keys and values (cross-attention). */
typedef struct fovea_attend_inputs {
  size_t struct_size;          /**< sizeof this struct, set by the caller. */
  size_t queries;              /**< Rows of `query`. */
  size_t keys;                 /**< Rows of `key` and `value`. */
  size_t heads;                /**< Query heads; 0: 1. */
  size_t kv_heads;             /**< Divides heads; 0: 1. */
  size_t query_width;          /**< Per head. */
  size_t key_width;            /**< Per head; equals query_width for dot and scaled dot. */
  size_t value_width;          /**< Per head. */
  const float* query;          /**< [queries, heads, query_width] */
  const float* key;            /**< [keys, kv_heads, key_width] */
  const float* value;          /**< [keys, kv_heads, value_width] */
  const float* general;        /**< FOVEA_SCORING_GENERAL: W [query_width, key_width]. */
  const float* additive_query; /**< FOVEA_SCORING_ADDITIVE: W [additive_size, query_width]. */
  const float* additive_key;   /**< FOVEA_SCORING_ADDITIVE: U [additive_size, key_width]. */
  const float* additive_v;     /**< FOVEA_SCORING_ADDITIVE: v [additive_size]. */
  size_t additive_size;        /**< FOVEA_SCORING_ADDITIVE. */
  const uint8_t* key_valid;    /**< [keys], 0 hides a key from every query; NULL: all are valid. */
  size_t window;               /**< Of the masks with a window, > 0. */
  size_t first_query;          /**< Position of the first query row. */
  fovea_scoring scoring;       /**< How a query and a key are compared. */
  fovea_mask mask;             /**< Which keys the queries may look at. */
  float scale;        /**< Multiplies dot and general scores; 0: the scoring function's own. */
  float softcap;      /**< > 0: scores become softcap * tanh(score / softcap). */
  int32_t no_softmax; /**< Not 0: the scores themselves are the weights. */
  int32_t reserved;   /**< 0 */
  /** Kernels to use, such as "avx2"; NULL: the best of this CPU. Additive scores and sums without
   * softmax are computed by plain C++ in double precision, always. */
  const char* isa;
  /** Added to scores after the softcap, or NULL: to that of query position p (which starts at
   * first_query) and key k bias[head * bias_head_stride + bias_zero + k - p]. */
  const float* bias;       /* [heads, bias_head_stride] */
  size_t bias_head_stride; /**< Floats between heads. */
  size_t bias_zero;        /**< Index of distance 0, < bias_head_stride. */
} fovea_attend_inputs;

/** Computes output [queries, heads, value_width], weights [heads, queries, keys] and log_sum_exp
 * [heads, queries] (-inf for a row that attends to no key; not written without softmax) into arrays
 * of the caller; each may be NULL if it is not wanted. FOVEA_INVALID_ARGUMENT names the shape that
 * does not fit, FOVEA_LIMIT_EXCEEDED a size that no memory holds; FOVEA_UNSUPPORTED for an
 * instruction set that this CPU lacks, FOVEA_OUT_OF_MEMORY. Thread-safe.
 *
 * @code
 * fovea_attend_inputs in = {.struct_size = sizeof in, .queries = 4, .keys = 4,
 *                           .query_width = 8, .key_width = 8, .value_width = 8,
 *                           .query = q, .key = k, .value = v};
 * fovea_attend(&in, output, weights, NULL, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_attend(const fovea_attend_inputs* inputs, float* output,
                                    float* weights, float* log_sum_exp, fovea_error* error);

/** Jensen-Shannon divergence of two rows of n probabilities (Lin 1991), nats: from 0 (equal) to ln
 * 2 (nothing in common). NaN for NULL. Thread-safe, as are the others below. */
FOVEA_API double fovea_jensen_shannon(const float* p, const float* q, size_t n);

/** KL(P||Q) of the distributions that two rows of n logits stand for, nats, computed with the
 * kernels of `session`, which may run meanwhile; NULL: with the best of this CPU, asked at each
 * call, which may take longer than the computation. NaN for NULL rows or n == 0. */
FOVEA_API double fovea_kullback_leibler(const fovea_session* session, const float* p_logits,
                                        const float* q_logits, size_t n);

/** -ln softmax(logits)[id], nats: the loss of predicting `id`. `session` as above. NaN for NULL
 * logits or an id outside [0, n). */
FOVEA_API double fovea_negative_log_likelihood(const fovea_session* session, const float* logits,
                                               size_t n, int32_t id);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_OPERATORS_H_ */
