/** @file
 * What heads and values do to the model: the length of the vector that a head really adds for a
 * token, and what the text loses without a head. Part of the C API; include fovea/fovea.h, which
 * says what holds for every function.
 */
#ifndef FOVEA_C_EFFECTS_H_
#define FOVEA_C_EFFECTS_H_

#include "fovea/c/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Norms of values behind the output projection (Kobayashi et al. 2020): an attention weight times
 * this norm is the length of what the head adds to the residual stream for that token
 */

/** Prepared output projections; opaque, immutable, shared by threads. */
typedef struct fovea_value_norms fovea_value_norms;

/** Which layers are prepared; all may be 0. */
typedef struct fovea_value_norms_options {
  size_t struct_size;               /**< sizeof this struct, set by the caller. */
  const size_t* layers;             /**< [layer_count], the layers to prepare; NULL: all. */
  size_t layer_count;               /**< Entries of `layers`. */
  const fovea_allocator* allocator; /**< For the handle. NULL: malloc and free. Copied. */
  const char* isa; /**< Kernels that read them, such as "avx2"; NULL: the best of this CPU. */
} fovea_value_norms_options;

/** Reads the output projections; keeps value_dim squared / 2 doubles per head. `options` may be
 * NULL. The model is not needed afterwards. FOVEA_INVALID_ARGUMENT for a layer that does not exist
 * or a name of no instruction set, FOVEA_UNSUPPORTED for one that this CPU lacks,
 * FOVEA_OUT_OF_MEMORY. Thread-safe.
 *
 * @code
 * static void on_values(void* user, const fovea_values* values) {   // of a fovea_observer
 *   fovea_value_norms_compute(norms, values, cells);                // [heads, values->count]
 * }
 * @endcode
 */
FOVEA_API fovea_status fovea_value_norms_create(const fovea_model* model,
                                                const fovea_value_norms_options* options,
                                                fovea_value_norms** norms, fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_value_norms_free(fovea_value_norms* norms);

/** out[head, i] = |v W_O| of token values->begin + i as query head `head` would move it; out
 * [heads, values->count] of the caller. All NaN if the layer was not prepared or the values are not
 * of this model's shape. Thread-safe; allocates nothing. FOVEA_INVALID_ARGUMENT for NULL. */
FOVEA_API fovea_status fovea_value_norms_compute(const fovea_value_norms* norms,
                                                 const fovea_values* values, float* out);

/* ---------------------------------------------------------------------------------------------
 * Effects of heads (Michel et al. 2019)
 */

/** What takes the place of a head's output, at the input of the output projection. */
typedef int32_t fovea_ablation_kind;
enum {
  FOVEA_ABLATION_ZERO = 0, /**< Zeros. */
  FOVEA_ABLATION_MEAN = 1  /**< The head's mean output over the tokens of the text. */
};

/** What a text loses without one head. */
typedef struct fovea_head_effect {
  size_t layer;       /**< Counted from 0. */
  size_t head;        /**< Query head. */
  double loss;        /**< Mean -ln p of the text's tokens but the first, nats, without the head. */
  double loss_change; /**< loss minus that of the whole model: > 0, the head helps. */
  double divergence;  /**< Mean KL(whole || without) of the next-token distributions, nats. */
  double top1_change; /**< Share of positions whose most likely next token is another one. */
} fovea_head_effect;

/** Which heads, and how to follow and stop; callbacks may be NULL and come on the calling thread.
 */
typedef struct fovea_effect_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  void* user;         /**< Passed to the callbacks. */
  /** Asked at least once per layer and prefill batch; not 0 stops with FOVEA_CANCELLED. */
  int32_t (*cancelled)(void* user);
  void (*on_progress)(void* user, double done); /**< As often, from 0 to 1. */
  const size_t* layers;                         /**< [layer_count]; NULL: all. */
  size_t layer_count;                           /**< Entries of `layers`. */
  const size_t* heads;      /**< [head_count], of each of the layers; NULL: all. */
  size_t head_count;        /**< Entries of `heads`. */
  fovea_ablation_kind kind; /**< What takes the place of the output. */
  int32_t reserved;         /**< 0 */
} fovea_effect_options;

/** Measures each selected head alone over `count` tokens: about half of a run per head; the numbers
 * equal those of full runs with fovea_run_options.ablations bit for bit. `effects` [capacity]
 * receives them by layer, then head; *effect_count becomes their number (both options may be NULL).
 * With `effects` NULL nothing runs: *effect_count is how many there would be. *loss (may be NULL)
 * becomes the loss of the whole model. FOVEA_BUFFER_TOO_SMALL before anything runs if there are
 * more than `capacity`; FOVEA_INVALID_ARGUMENT for fewer than two tokens, an id outside the
 * vocabulary, or a layer or head that does not exist; FOVEA_LIMIT_EXCEEDED if the tokens do not fit
 * context_size or the memory does not fit max_memory of the session options; FOVEA_CANCELLED,
 * FOVEA_NON_FINITE, FOVEA_OUT_OF_MEMORY. Thread-safe.
 *
 * @code
 * size_t n;
 * fovea_measure_head_effects(model, ids, count, NULL, NULL, NULL, NULL, 0, &n, &error);
 * fovea_head_effect* effects = calloc(n, sizeof *effects);
 * fovea_measure_head_effects(model, ids, count, NULL, NULL, &loss, effects, n, &n, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_measure_head_effects(const fovea_model* model, const int32_t* tokens,
                                                  size_t count,
                                                  const fovea_session_options* session,
                                                  const fovea_effect_options* options, double* loss,
                                                  fovea_head_effect* effects, size_t capacity,
                                                  size_t* effect_count, fovea_error* error);

/** The mean outputs of all heads over a text, as FOVEA_ABLATION_MEAN uses them and
 * fovea_ablation.replacement takes them: means [layers, heads, value_dim] of the caller, `capacity`
 * floats. Of the options only user and cancelled count; both may be NULL. FOVEA_BUFFER_TOO_SMALL
 * before anything runs; other errors as of fovea_measure_head_effects. Thread-safe.
 *
 * @code
 * float* means = calloc(layers * heads * value_dim, sizeof *means);
 * fovea_measure_head_means(model, ids, count, NULL, NULL, means, layers * heads * value_dim, NULL);
 * fovea_ablation ablation = {1, 3, means + (1 * heads + 3) * value_dim};
 * @endcode
 */
FOVEA_API fovea_status fovea_measure_head_means(const fovea_model* model, const int32_t* tokens,
                                                size_t count, const fovea_session_options* session,
                                                const fovea_effect_options* options, float* means,
                                                size_t capacity, fovea_error* error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_EFFECTS_H_ */
