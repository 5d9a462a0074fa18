// What the panel kernels of every instruction set do alike: their operands, and the walk over the
// tokens in tiles. Free of SIMD types. In an anonymous namespace for the reason that
// panel_sections.h gives.
#ifndef FOVEA_KERNELS_PACKED_PANEL_OPERANDS_H_
#define FOVEA_KERNELS_PACKED_PANEL_OPERANDS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "engine/kernels/quantize/quantized_row.h"

namespace fovea::kernels {
namespace {

struct PanelOperands {
  QuantizedRows x;
  std::size_t cols;
  float* out;
  std::size_t out_stride;

  void SkipTokens(std::size_t tokens) {
    x.quants += tokens * cols;
    x.blocks += tokens * (cols / kActivationBlock);
    out += tokens * out_stride;
  }
};

/// A word of the blocks that two tokens share (QuantizedRows), of one and of the other. offset: of
/// the word in an ActivationBlock.
inline std::uint64_t PairedWord(const ActivationBlock* blocks, std::size_t offset) {
  std::uint64_t both = 0;
  std::memcpy(&both, reinterpret_cast<const std::byte*>(blocks) + 2 * offset, sizeof(both));
  return both;
}

/// Integers of less than 23 bits become floats by addition: n more than these bits is the float of
/// kMagic + n. A conversion takes a slower unit of most ARM CPUs.
constexpr float kMagic = 12582912.0F;  // 1.5 · 2^23
constexpr std::int32_t kMagicBits = 0x4B400000;
alignas(16) constexpr std::int32_t kFreshSum[4] = {kMagicBits, kMagicBits, kMagicBits, kMagicBits};

/// Calls tile(at, std::integral_constant<std::size_t, n>()) for the next n tokens until none are
/// left: kMaxValue as often as they fill it, then 4, 2 and 1.
template <std::size_t kMaxValue, class Tile>
void ForTokenTiles(PanelOperands at, std::size_t tokens, const Tile& tile) {
  for (; tokens >= kMaxValue; tokens -= kMaxValue) {
    tile(at, std::integral_constant<std::size_t, kMaxValue>());
    at.SkipTokens(kMaxValue);
  }
  if constexpr (kMaxValue > 1) {
    constexpr std::size_t kNext = kMaxValue > 4 ? 4 : kMaxValue > 2 ? 2 : 1;
    ForTokenTiles<kNext>(at, tokens, tile);
  }
}

}  // namespace
}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_PACKED_PANEL_OPERANDS_H_
