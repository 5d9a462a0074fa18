// What the tile unit of an AMX machine can do at most: tile products alone, on registers. One
// thread. Call only where KernelsFor(Isa::kAmx) is not null: it asks for the permission to use
// tiles.
#ifndef FOVEA_BENCH_TILE_LIMITS_H_
#define FOVEA_BENCH_TILE_LIMITS_H_

#if defined(__x86_64__)

#include <cstddef>

#include "engine/kernels/simd/tile_config.h"

namespace fovea::bench {

/// Operations of one call: products of 16 × 16 × 64 bytes or 16 × 16 × 32 bfloat16, four of them in
/// flight. Zeros are fine here: a tile product takes the same time whatever it multiplies.
#define FOVEA_TILE_LOOP(instruction, depth)                                                  \
  constexpr int kSteps = 100'000;                                                            \
  kernels::TileConfig config;                                                                \
  for (std::size_t tile = 0; tile < kernels::kTiles; ++tile) {                               \
    config.Set(tile, kernels::kTileRows, kernels::kTileRowBytes);                            \
  }                                                                                          \
  asm volatile("ldtilecfg %0" : : "m"(config));                                              \
  for (int step = 0; step < kSteps; ++step) {                                                \
    asm volatile(instruction " %tmm6, %tmm4, %tmm0\n\t" instruction                          \
                             " %tmm7, %tmm4, %tmm1\n\t" instruction                          \
                             " %tmm6, %tmm5, %tmm2\n\t" instruction " %tmm7, %tmm5, %tmm3"); \
  }                                                                                          \
  asm volatile("tilerelease");                                                               \
  return 4.0 * kSteps * 2.0 * 16 * 16 * (depth);

__attribute__((target("amx-tile,amx-int8"))) inline double TileByteLoop() {
  FOVEA_TILE_LOOP("tdpbssd", 64)
}
__attribute__((target("amx-tile,amx-bf16"))) inline double TileBf16Loop() {
  FOVEA_TILE_LOOP("tdpbf16ps", 32)
}

}  // namespace fovea::bench

#endif  // defined(__x86_64__)

#endif  // FOVEA_BENCH_TILE_LIMITS_H_
