/** @file
 * Which input tokens a token of a higher layer depends on, followed through all layers below it:
 * attention rollout and attention flow (Abnar & Zuidema 2020). Part of the C API; include
 * fovea/fovea.h, which says what holds for every function.
 */
#ifndef FOVEA_C_INFLUENCE_H_
#define FOVEA_C_INFLUENCE_H_

#include "fovea/c/attention.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An observer that keeps the mean map of all heads of every layer: the input of rollout and flow.
 */
typedef struct fovea_mean_maps fovea_mean_maps;

/** Limits and memory of mean maps; all may be 0. */
typedef struct fovea_mean_maps_options {
  size_t struct_size;               /**< sizeof this struct, set by the caller. */
  size_t max_memory;                /**< Refuse to take more bytes for the maps; 0: no limit. */
  const fovea_allocator* allocator; /**< For the handle. NULL: malloc and free. Copied. */
} fovea_mean_maps_options;

/** For runs of `model` of up to context_size tokens: takes 2 bytes times layers times context_size
 * squared. `options` may be NULL. One sequence, each row once; a generation may be stitched.
 * FOVEA_INVALID_ARGUMENT for no tokens, FOVEA_LIMIT_EXCEEDED, FOVEA_OUT_OF_MEMORY.
 *
 * @code
 * fovea_mean_maps_create(model, count, NULL, &maps, &error);
 * run.observer = fovea_mean_maps_observer(maps);
 * fovea_session_prefill(session, ids, count, &run, NULL);
 * fovea_rollout(maps, NULL, rollout, &error);   // float rollout[count][count]
 * @endcode
 */
FOVEA_API fovea_status fovea_mean_maps_create(const fovea_model* model, size_t context_size,
                                              const fovea_mean_maps_options* options,
                                              fovea_mean_maps** maps, fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_mean_maps_free(fovea_mean_maps* maps);
/** The observer to run with; lives as long as the handle. NULL for NULL. */
FOVEA_API const fovea_observer* fovea_mean_maps_observer(fovea_mean_maps* maps);

/** Tokens whose rows have come from every head of every layer; 0 for NULL. */
FOVEA_API size_t fovea_mean_maps_tokens(const fovea_mean_maps* maps);

/** The mean over the heads of one row: out [query + 1] of the caller, keys 0 … query.
 * FOVEA_INVALID_ARGUMENT for a layer or row that is not there. */
FOVEA_API fovea_status fovea_mean_maps_row(const fovea_mean_maps* maps, size_t layer, size_t query,
                                           float* out, fovea_error* error);

/** How far rollout and flow go, and how to follow and stop them; all may be 0. */
typedef struct fovea_influence_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  void* user;         /**< Passed to the callbacks. */
  /** Asked once per layer (rollout) or per input token (flow); not 0 stops with FOVEA_CANCELLED. */
  int32_t (*cancelled)(void* user);
  void (*on_progress)(void* user, double done); /**< As often, from 0 to 1. */
  size_t layers; /**< Follow so many layers from the first; 0: all. */
} fovea_influence_options;

/** Rollout: R = 1/2 (A + I) R' layer by layer, with A the mean map of the layer's heads and I for
 * the residual connection. out [tokens, tokens] of the caller, tokens = fovea_mean_maps_tokens:
 * cell [q, k] is the share of input token k in position q after the last layer followed; rows sum
 * to 1. layers * tokens^3 / 6 multiply-adds. `options` may be NULL. FOVEA_INVALID_ARGUMENT for too
 * many layers or if no rows have come, FOVEA_CANCELLED, FOVEA_OUT_OF_MEMORY. Not while a run fills
 * the maps; otherwise thread-safe, as is fovea_flow. */
FOVEA_API fovea_status fovea_rollout(const fovea_mean_maps* maps,
                                     const fovea_influence_options* options, float* out,
                                     fovea_error* error);

/** Flow: out [tokens] of the caller; out[k] is the maximum flow from position `query` after the
 * last layer followed to input token k through edges of capacity 1/2 (A + I), each token by itself:
 * at most 1, and the sum may exceed 1. One maximum flow per token: for some hundred tokens. Errors
 * as of fovea_rollout.
 *
 * @code
 * float* flow = calloc(fovea_mean_maps_tokens(maps), sizeof *flow);
 * fovea_flow(maps, fovea_mean_maps_tokens(maps) - 1, NULL, flow, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_flow(const fovea_mean_maps* maps, size_t query,
                                  const fovea_influence_options* options, float* out,
                                  fovea_error* error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_INFLUENCE_H_ */
