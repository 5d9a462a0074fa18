// The attention tile: a block of query rows against all keys that they attend to, with a softmax
// that is merged KV split by KV split (Milakov & Gimelshein 2018, Dao et al. 2022).
//
// One accumulation order defines a row's result. It does not depend on the other rows of the tile,
// on how keys are stored or spread over threads, or on whether weights are asked for; within one
// instruction set all results are therefore bit-equal:
//  - a score is accumulated over the head's elements by fused multiply-adds of the query, times the
//    scale, and the stored key; the scale of 8-bit keys multiplies the sum. Then comes the softcap,
//    then the bias is added;
//  - keys are processed in splits whose boundaries are absolute multiples of kKvSplit. In a split
//    the maximum is taken, exponentials are added to one sum per lane, and each element of the
//    weighted values is accumulated over the keys in ascending order;
//  - the splits are merged in ascending order; those without a visible key are left out.
//
// NaN and +inf scores turn their row into NaN; a row whose scores are all -inf is treated like one
// that attends to no key. Values outside every row's range are never read, hidden keys never reach
// a row.
#ifndef FOVEA_KERNELS_ATTENTION_ATTEND_TILE_H_
#define FOVEA_KERNELS_ATTENTION_ATTEND_TILE_H_

#include <cstddef>

#include "engine/kernels/attention/attend_args.h"
#include "engine/kernels/dispatch/targets.h"

namespace fovea::kernels {

FOVEA_DECLARE_KERNEL(void, AttendTile, (const AttendTileArgs& args))
FOVEA_DECLARE_KERNEL(std::size_t, AttendScratchFloats,
                     (std::size_t head_dim, std::size_t value_dim))

/// Merges one row's results over `splits` splits in ascending order, split p at partial + p *
/// stride, which is overwritten. out: [value_dim]. Returns the row's log-sum-exp.
FOVEA_DECLARE_KERNEL(float, AttendMerge,
                     (float* partial, std::size_t splits, std::size_t stride, std::size_t value_dim,
                      float* out))

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_ATTENTION_ATTEND_TILE_H_
