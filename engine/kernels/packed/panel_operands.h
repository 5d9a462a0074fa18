// What the panel kernels of every instruction set do alike: their operands, the choice of the
// weights' format, and the tiling of the tokens. Free of SIMD types. In an anonymous namespace for
// the reason that panel_sections.h gives.
#ifndef FOVEA_KERNELS_PACKED_PANEL_OPERANDS_H_
#define FOVEA_KERNELS_PACKED_PANEL_OPERANDS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "engine/kernels/quantize/quantized_row.h"
#include "engine/tensor/weight_types.h"

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

/// A field of the blocks of two tokens that are stored in pairs (QuantizedRows): the first token's
/// in the low half, the second's in the high half. offset: of the field in an ActivationBlock.
inline std::uint64_t PairedField(const ActivationBlock* blocks, std::size_t offset) {
  std::uint64_t both = 0;
  std::memcpy(&both, reinterpret_cast<const std::byte*>(blocks) + 2 * offset, sizeof(both));
  return both;
}

/// Integers of less than 23 bits become floats by addition: n more than these bits is the float of
/// kMagic + n. A conversion takes a slower unit of most ARM CPUs.
constexpr float kMagic = 12582912.0F;  // 1.5 · 2^23
constexpr std::int32_t kMagicBits = 0x4B400000;
alignas(16) constexpr std::int32_t kFreshSum[4] = {kMagicBits, kMagicBits, kMagicBits, kMagicBits};

/// Calls tile(operands, std::integral_constant<std::size_t, n>()) for the next n tokens until none
/// are left: kMaxTile of them while there are as many, then 4, 2 and 1.
template <std::size_t kMaxTile, class Tile>
void ForTokenTiles(PanelOperands operands, std::size_t tokens, const Tile& tile) {
  for (; tokens >= kMaxTile; tokens -= kMaxTile) {
    tile(operands, std::integral_constant<std::size_t, kMaxTile>());
    operands.SkipTokens(kMaxTile);
  }
  if constexpr (kMaxTile > 1) {
    constexpr std::size_t kNext = kMaxTile > 4 ? 4 : kMaxTile > 2 ? 2 : 1;
    ForTokenTiles<kNext>(operands, tokens, tile);
  }
}

}  // namespace

/// Defines WithFormat(type, function), which calls function(Format##type()). Used once in each
/// namespace that has classes Format##type; `inlining` is the namespace's word for inline
/// functions.
#define FOVEA_DEFINE_WITH_FORMAT(inlining)                            \
  template <class Function>                                           \
  inlining void WithFormat(DataType type, const Function& function) { \
    switch (type) {                                                   \
      FOVEA_EACH_PACKED_TYPE(FOVEA_FORMAT_CASE)                       \
      default: return; /* The caller asks HasPackedPanels first. */   \
    }                                                                 \
  }
#define FOVEA_FORMAT_CASE(name) \
  case DataType::k##name: return function(Format##name());

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_PACKED_PANEL_OPERANDS_H_
