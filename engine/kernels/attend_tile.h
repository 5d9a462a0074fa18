// The attention tile: one block of query rows against all keys they may see, with an online
// softmax.
//
// Keys are walked in steps whose boundaries are absolute multiples of kKeyTile, and the arithmetic
// of a row uses nothing of the rows beside it: a row's result is bit-equal in any company, with or
// without weights asked for. NaN and +inf scores turn their row into NaN; a row whose scores are
// all -inf is treated like one that sees no key. Keys and values outside every row's range are
// never read.
#ifndef FOVEA_KERNELS_ATTEND_TILE_H_
#define FOVEA_KERNELS_ATTEND_TILE_H_

#include <cstddef>

#include "engine/kernels/kernel_table.h"
#include "engine/kernels/targets.h"

namespace fovea::kernels {

/// Keys that are scored together; 64 keys of width 128 are 32 KiB of float32.
inline constexpr std::size_t kKeyTile = 64;

FOVEA_DECLARE_KERNEL(void, AttendTile, (const AttendTileArgs& args))
FOVEA_DECLARE_KERNEL(std::size_t, AttendScratchFloats,
                     (std::size_t head_dim, std::size_t value_dim))

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_ATTEND_TILE_H_
