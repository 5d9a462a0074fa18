// The attention tile: one block of query rows of one head against all keys it may see.
#ifndef FOVEA_KERNELS_ATTEND_TILE_H_
#define FOVEA_KERNELS_ATTEND_TILE_H_

#include <cstddef>

#include "engine/kernels/kernel_table.h"
#include "engine/kernels/targets.h"

namespace fovea::kernels {

FOVEA_DECLARE_KERNEL(void, AttendTile, (const AttendTileArgs& args))
FOVEA_DECLARE_KERNEL(std::size_t, AttendScratchFloats,
                     (std::size_t head_dim, std::size_t value_dim))

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_ATTEND_TILE_H_
