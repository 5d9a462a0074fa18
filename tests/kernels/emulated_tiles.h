// AMX's tile unit in plain C++, as Intel's manual defines its instructions: lets kernels that take
// the unit as a template parameter run, and be checked to the bit, on machines without one. What
// the hardware would refuse with a fault is remembered.
#ifndef FOVEA_TESTS_KERNELS_EMULATED_TILES_H_
#define FOVEA_TESTS_KERNELS_EMULATED_TILES_H_

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/kernels/simd/tile_config.h"

namespace fovea::kernels {

/// Subnormals count as zero, of the same sign, before and after every operation.
inline float FlushSubnormal(float value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0F, value) : value;
}

/// a · b + c rounded once, to nearest even.
inline float FusedFlushed(float a, float b, float c) {
  return FlushSubnormal(std::fma(FlushSubnormal(a), FlushSubnormal(b), FlushSubnormal(c)));
}

class EmulatedTiles {
 public:
  void Configure(const TileConfig& config) {
    bool valid = config.palette == 1 && config.start_row == 0;
    for (const std::uint8_t byte : config.reserved) valid = valid && byte == 0;
    for (std::size_t tile = 0; tile < 16; ++tile) {
      const bool exists = tile < kTiles;
      valid = valid && config.rows[tile] <= (exists ? kTileRows : 0);
      valid = valid && config.row_bytes[tile] <= (exists ? kTileRowBytes : 0);
      valid = valid && (config.rows[tile] == 0) == (config.row_bytes[tile] == 0);
    }
    config_ = config;
    configured_ = valid;
    faulted_ = faulted_ || !valid;
    tiles_ = {};
  }
  void Release() {
    configured_ = false;
    tiles_ = {};
  }

  template <int kTile>
  void Zero() {
    Expect(configured_ && Rows(kTile) > 0);
    tiles_[kTile] = {};
  }
  template <int kTile>
  void Load(const void* from, std::size_t stride) {
    Expect(configured_ && Rows(kTile) > 0);
    tiles_[kTile] = {};
    for (std::size_t r = 0; r < Rows(kTile); ++r) {
      std::memcpy(tiles_[kTile][r].data(), static_cast<const std::byte*>(from) + r * stride,
                  RowBytes(kTile));
    }
  }
  template <int kTile>
  void Store(void* to, std::size_t stride) {
    Expect(configured_ && Rows(kTile) > 0);
    for (std::size_t r = 0; r < Rows(kTile); ++r) {
      std::memcpy(static_cast<std::byte*>(to) + r * stride, tiles_[kTile][r].data(),
                  RowBytes(kTile));
    }
  }

  template <int kSum, int kA, int kB>
  void DotInt8() {
    ExpectProduct(kSum, kA, kB);
    for (std::size_t m = 0; m < Rows(kSum); ++m) {
      for (std::size_t n = 0; n < RowBytes(kSum) / 4; ++n) {
        auto sum = Get<std::int32_t>(kSum, m, n);
        for (std::size_t k = 0; k < RowBytes(kA) / 4; ++k) {
          for (std::size_t i = 0; i < 4; ++i) {
            sum += Get<std::int8_t>(kA, m, 4 * k + i) * Get<std::int8_t>(kB, k, 4 * n + i);
          }
        }
        Put(kSum, m, n, sum);
      }
    }
  }

  /// The even and the odd elements of the depth are summed apart, from zero, in ascending order of
  /// fused multiply-adds; then their sum is added.
  template <int kSum, int kA, int kB>
  void DotBf16() {
    ExpectProduct(kSum, kA, kB);
    for (std::size_t m = 0; m < Rows(kSum); ++m) {
      for (std::size_t n = 0; n < RowBytes(kSum) / 4; ++n) {
        float sums[2] = {0.0F, 0.0F};
        for (std::size_t k = 0; k < RowBytes(kA) / 4; ++k) {
          for (std::size_t i = 0; i < 2; ++i) {
            sums[i] = FusedFlushed(Bf16(kA, m, 2 * k + i), Bf16(kB, k, 2 * n + i), sums[i]);
          }
        }
        const float both = FlushSubnormal(sums[0] + sums[1]);
        Put(kSum, m, n, FlushSubnormal(FlushSubnormal(Get<float>(kSum, m, n)) + both));
      }
    }
  }

  /// Whether hardware would have raised a fault.
  bool faulted() const { return faulted_; }
  /// Whether the thread would still carry tile state.
  bool configured() const { return configured_; }

 private:
  using Tile = std::array<std::array<std::byte, kTileRowBytes>, kTileRows>;

  void Expect(bool allowed) { faulted_ = faulted_ || !allowed; }
  void ExpectProduct(std::size_t sum, std::size_t a, std::size_t b) {
    Expect(configured_ && sum != a && sum != b && a != b);
    Expect(Rows(sum) == Rows(a) && RowBytes(sum) == RowBytes(b));
    Expect(RowBytes(a) / 4 == Rows(b) && RowBytes(a) % 4 == 0 && RowBytes(b) % 4 == 0);
  }
  std::size_t Rows(std::size_t tile) const { return config_.rows[tile]; }
  std::size_t RowBytes(std::size_t tile) const { return config_.row_bytes[tile]; }

  template <typename Element>
  Element Get(std::size_t tile, std::size_t row, std::size_t i) const {
    Element element;
    std::memcpy(&element, tiles_[tile][row].data() + i * sizeof(Element), sizeof(Element));
    return element;
  }
  template <typename Element>
  void Put(std::size_t tile, std::size_t row, std::size_t i, Element element) {
    std::memcpy(tiles_[tile][row].data() + i * sizeof(Element), &element, sizeof(Element));
  }
  float Bf16(std::size_t tile, std::size_t row, std::size_t i) const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(Get<std::uint16_t>(tile, row, i)) << 16);
  }

  TileConfig config_;
  std::array<Tile, kTiles> tiles_ = {};
  bool configured_ = false;
  bool faulted_ = false;
};

}  // namespace fovea::kernels

#endif  // FOVEA_TESTS_KERNELS_EMULATED_TILES_H_
