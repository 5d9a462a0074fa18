// The shapes of AMX's eight tile registers, as LDTILECFG reads them. Free of SIMD types.
//
// A tile is up to 16 rows of 64 bytes. A product adds A [tokens, depth] · B to C [tokens, 16],
// where B holds `depth` in groups that fill 32 bits (four bytes, or two bfloat16): [depth /
// group][16][group].
#ifndef FOVEA_KERNELS_SIMD_TILE_CONFIG_H_
#define FOVEA_KERNELS_SIMD_TILE_CONFIG_H_

#include <cstddef>
#include <cstdint>

namespace fovea::kernels {

inline constexpr std::size_t kTileRows = 16;
inline constexpr std::size_t kTileRowBytes = 64;
inline constexpr std::size_t kTiles = 8;

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};

  constexpr void Set(std::size_t tile, std::size_t tile_rows, std::size_t bytes) {
    rows[tile] = static_cast<std::uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<std::uint16_t>(bytes);
  }
};
static_assert(sizeof(TileConfig) == 64);

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_SIMD_TILE_CONFIG_H_
