// Products of panels with 8-bit activations on AMX tiles, for 16 tokens and more: the tile unit
// computes the integer sums of 16 tokens × 16 rows of one block, vectors scale and add them. An
// output goes through the same float operations as in packed_gemm-inl.h and so has the same bits.
// Compiled once per target; needs vectors of 16 floats.
#if defined(FOVEA_KERNELS_PACKED_GEMM_AMX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PACKED_GEMM_AMX_INL_H_
#undef FOVEA_KERNELS_PACKED_GEMM_AMX_INL_H_
#else
#define FOVEA_KERNELS_PACKED_GEMM_AMX_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/packed/panel_formats-inl.h"
#include "engine/kernels/packed/panel_operands.h"
#include "engine/kernels/packed/panel_sections.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "engine/kernels/simd/tile_config.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

namespace {

static_assert(kLanes == kTileRows && kPanelRows == kTileRows);

/// Blocks of 32 columns whose weights are expanded at once: those of kPanelsAtOnce panels and the
/// activations of 16 tokens share the first cache. One super-block of the types that have them.
constexpr std::size_t kChunkBlocks = 8;
constexpr std::size_t kPanelsAtOnce = 4;

/// Some blocks of a panel, expanded to bytes in the layout of tile registers.
template <class Format>
struct alignas(64) ExpandedPanel {
  /// Scales per block of 32, and the columns that share one: the depth of a tile product.
  static constexpr std::size_t kParts = Format::kHalves ? 2 : 1;
  static constexpr std::size_t kDepth = kActivationBlock / kParts;

  std::int8_t quants[kChunkBlocks * kParts][kDepth * kPanelRows];  // [depth / 4][16 rows][4]
  float scales[kChunkBlocks * kParts][kPanelRows];
  float minimums[Format::kHasMinimum ? kChunkBlocks : 1][kPanelRows];
};

/// Blocks [first, first + blocks).
template <class Format>
HWY_INLINE void Expand(const Format& format, std::size_t first, std::size_t blocks,
                       ExpandedPanel<Format>& to) {
  const F32Tag d;
  constexpr std::size_t kParts = ExpandedPanel<Format>::kParts;
  for (std::size_t b = 0; b < blocks; ++b) {
    auto* lines = reinterpret_cast<std::uint8_t*>(to.quants[b * kParts]);
    for (std::size_t step = 0; step < 8; ++step) {
      Quants quants = format.Load(first + b, step, 0);
      if constexpr (Format::kOffset != 0) quants = hn::Sub(quants, SetByte(Format::kOffset));
      hn::Store(quants, QuantTag(), lines + step * kTileRowBytes);
    }
    for (std::size_t part = 0; part < kParts; ++part) {
      hn::Store(format.Scale(first + b, part, 0), d, to.scales[b * kParts + part]);
    }
    if constexpr (Format::kHasMinimum) hn::Store(format.Minimum(first + b, 0), d, to.minimums[b]);
  }
}

/// The activations of 16 tokens.
struct TokenTile {
  const std::int8_t* quants;  ///< Of the first token, at the chunk's first column.
  std::size_t cols;           ///< From token to token.
  const ActivationBlock* blocks;
  std::size_t blocks_per_row;
};

/// Integer sums of 16 tokens × 16 rows. The two slots use different tile registers, so that the
/// tile unit can run ahead of the vectors.
template <int kSlot, class Tiles>
HWY_INLINE void MultiplyPart(Tiles& tiles, const std::int8_t* x, std::size_t x_stride,
                             const std::int8_t* w, std::int32_t* dots) {
  tiles.template Zero<kSlot>();
  tiles.template Load<4 + kSlot>(x, x_stride);
  tiles.template Load<6 + kSlot>(w, kTileRowBytes);
  tiles.template DotInt8<kSlot, 4 + kSlot, 6 + kSlot>();
  tiles.template Store<kSlot>(dots, kTileRowBytes);
}

/// sums[t] = fma(dots[t], scale · activation scale, sums[t]), and the minimum after the block's
/// last part.
template <class Format>
HWY_INLINE void AddPart(const std::int32_t* dots, const ExpandedPanel<Format>& panel,
                        std::size_t part, const TokenTile& x, F32 (&sums)[kTileRows]) {
  const F32Tag d;
  constexpr std::size_t kParts = ExpandedPanel<Format>::kParts;
  const F32 scale = hn::Load(d, panel.scales[part]);
  const ActivationBlock* blocks = x.blocks + part / kParts;
  HWY_UNROLL(16)
  for (std::size_t t = 0; t < kTileRows; ++t) {
    const F32 factor = hn::Mul(scale, hn::Set(d, blocks[t * x.blocks_per_row].scale));
    const I32 dot = hn::Load(I32Tag(), dots + t * kTileRows);
    sums[t] = hn::MulAdd(hn::ConvertTo(d, dot), factor, sums[t]);
  }
  if constexpr (Format::kHasMinimum) {
    static_assert(kParts == 1);
    const F32 minimum = hn::Load(d, panel.minimums[part]);
    HWY_UNROLL(16)
    for (std::size_t t = 0; t < kTileRows; ++t) {
      const F32 sum = hn::Set(d, blocks[t * x.blocks_per_row].scaled_sum);
      sums[t] = hn::MulAdd(minimum, sum, sums[t]);
    }
  }
}

/// Adds a chunk's blocks to the outputs of 16 tokens × 16 rows, which `out` holds between chunks.
template <class Format, class Tiles>
HWY_NOINLINE void AddChunk(Tiles& tiles, const ExpandedPanel<Format>& panel, std::size_t blocks,
                           const TokenTile& x, bool first, float* out, std::size_t out_stride) {
  const F32Tag d;
  constexpr std::size_t kDepth = ExpandedPanel<Format>::kDepth;
  const std::size_t parts = blocks * ExpandedPanel<Format>::kParts;
  alignas(64) std::int32_t dots[4][kTileRows * kTileRows];
  F32 sums[kTileRows];
  HWY_UNROLL(16)
  for (std::size_t t = 0; t < kTileRows; ++t) {
    sums[t] = first ? hn::Zero(d) : hn::LoadU(d, out + t * out_stride);
  }
  // Two parts are multiplied while the two before them are added.
  for (std::size_t part = 0; part < parts + 2; part += 2) {
    std::int32_t(*ahead)[kTileRows * kTileRows] = dots + part % 4;
    if (part < parts) {
      MultiplyPart<0>(tiles, x.quants + part * kDepth, x.cols, panel.quants[part], ahead[0]);
    }
    if (part + 1 < parts) {
      MultiplyPart<1>(tiles, x.quants + (part + 1) * kDepth, x.cols, panel.quants[part + 1],
                      ahead[1]);
    }
    if (part < 2) continue;
    std::int32_t(*behind)[kTileRows * kTileRows] = dots + (part + 2) % 4;
    AddPart(behind[0], panel, part - 2, x, sums);
    if (part - 1 < parts) AddPart(behind[1], panel, part - 1, x, sums);
  }
  HWY_UNROLL(16)
  for (std::size_t t = 0; t < kTileRows; ++t) hn::StoreU(sums[t], d, out + t * out_stride);
}

/// At least 16 tokens.
template <class Format, class Tiles>
void AllPanelsOnTiles(Tiles& tiles, const std::byte* panels, std::size_t count, std::size_t cols,
                      const QuantizedRows& x, std::size_t tokens, float* out,
                      std::size_t out_stride) {
  using Expanded = ExpandedPanel<Format>;
  TileConfig config;
  for (std::size_t slot = 0; slot < 2; ++slot) {
    config.Set(slot, kTileRows, kTileRowBytes);
    config.Set(4 + slot, kTileRows, Expanded::kDepth);
    config.Set(6 + slot, Expanded::kDepth / 4, kTileRowBytes);
  }
  tiles.Configure(config);

  const std::size_t panel_bytes = PanelBytes<Format>(cols);
  const std::size_t blocks_per_row = cols / kActivationBlock;
  // If the last tokens are fewer than 16, the tile that ends with them overlaps the one before. It
  // is computed into rest_out, because `out` already holds unfinished sums of the tokens in both.
  const std::size_t rest = tokens % kTileRows;
  alignas(64) float rest_out[kPanelsAtOnce][kTileRows * kTileRows];
  Expanded expanded[kPanelsAtOnce];

  for (std::size_t s = 0; s < count; s += kPanelsAtOnce) {
    const std::size_t some = std::min(kPanelsAtOnce, count - s);
    for (std::size_t b = 0; b < blocks_per_row; b += kChunkBlocks) {
      const std::size_t blocks = std::min(kChunkBlocks, blocks_per_row - b);
      for (std::size_t i = 0; i < some; ++i) {
        Format format;
        format.sections = Sections(Format::kType, panels + (s + i) * panel_bytes, cols);
        Expand(format, b, blocks, expanded[i]);
      }
      const auto tokens_from = [&](std::size_t t) {
        return TokenTile{x.quants + t * cols + b * kActivationBlock, cols,
                         x.blocks + t * blocks_per_row + b, blocks_per_row};
      };
      for (std::size_t t = 0; t + kTileRows <= tokens; t += kTileRows) {
        for (std::size_t i = 0; i < some; ++i) {
          AddChunk(tiles, expanded[i], blocks, tokens_from(t), b == 0,
                   out + t * out_stride + (s + i) * kPanelRows, out_stride);
        }
      }
      if (rest == 0) continue;
      for (std::size_t i = 0; i < some; ++i) {
        AddChunk(tiles, expanded[i], blocks, tokens_from(tokens - kTileRows), b == 0, rest_out[i],
                 kTileRows);
      }
    }
    for (std::size_t i = 0; i < some; ++i) {
      for (std::size_t t = kTileRows - rest; t < kTileRows; ++t) {
        std::copy_n(rest_out[i] + t * kTileRows, kPanelRows,
                    out + (tokens - kTileRows + t) * out_stride + (s + i) * kPanelRows);
      }
    }
  }
  tiles.Release();
}

FOVEA_DEFINE_WITH_FORMAT(HWY_INLINE)

template <class Tiles>
void PackedGemmOnTiles(Tiles& tiles, DataType type, const std::byte* panels, std::size_t count,
                       std::size_t cols, const QuantizedRows& x, std::size_t tokens, float* out,
                       std::size_t out_stride) {
  WithFormat(type, [&](auto format) HWY_ATTR {
    AllPanelsOnTiles<decltype(format)>(tiles, panels, count, cols, x, tokens, out, out_stride);
  });
}

}  // namespace

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
