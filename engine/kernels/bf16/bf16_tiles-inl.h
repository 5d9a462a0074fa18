// Products in bfloat16 on AMX tiles. Rows of weights are the tiles' rows and tokens their columns:
// weights need no transposition, and any number of tokens takes the same path. Compiled once per
// target; needs vectors of 16 floats and AVX512-BF16.
#if defined(FOVEA_KERNELS_BF16_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_BF16_TILES_INL_H_
#undef FOVEA_KERNELS_BF16_TILES_INL_H_
#else
#define FOVEA_KERNELS_BF16_TILES_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/kernels/bf16/bf16_products.h"
#include "engine/kernels/float/transpose16-inl.h"
#include "engine/kernels/simd/tile_config.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if HWY_TARGET == HWY_AVX3

namespace {

/// Columns that one tile of bfloat16 spans: a step.
constexpr std::size_t kStepCols = 32;
constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
/// Rows of weights that are multiplied at once: two tiles.
constexpr std::size_t kBlockRows = 2 * kTileRows;

// Scratch: staged weights, then unfinished sums of a band of tokens. For many tokens the weights
// are staged in pieces that stay in the first-level cache; for few tokens in long pieces, so that
// memory is read in long runs.
constexpr std::size_t kStageTiles = 128;
constexpr std::size_t kCachedStageTiles = 32;
constexpr std::size_t kBandTokens = 512;
static_assert(kStageTiles * kTileBytes + kBlockRows * kBandTokens * sizeof(float) <=
              kBf16ScratchBytes);

HWY_INLINE __mmask32 FirstColumns(std::size_t count) {
  return count >= kStepCols ? ~__mmask32{0} : (__mmask32{1} << count) - 1;
}

/// Weights that are bfloat16 already.
struct PlainBf16 {
  static constexpr std::size_t kSections = 1;
  static HWY_INLINE void Stage(const std::uint8_t* from, __mmask32 mask, std::uint8_t* to) {
    _mm512_store_si512(to, _mm512_maskz_loadu_epi16(mask, from));
  }
};

/// Halves as two bfloat16: rounded, and what the rounding left, which bfloat16 holds exactly.
struct SplitF16 {
  static constexpr std::size_t kSections = 2;
  static HWY_INLINE void Stage(const std::uint8_t* from, __mmask32 mask, std::uint8_t* to) {
    const __m512i halves = _mm512_maskz_loadu_epi16(mask, from);
    const __m512 first = _mm512_cvtph_ps(_mm512_castsi512_si256(halves));
    const __m512 last = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(halves, 1));
    const auto rounded = (__m512i)_mm512_cvtne2ps_pbh(last, first);
    const __m512 first_rest = _mm512_sub_ps(first, Widen(_mm512_castsi512_si256(rounded)));
    const __m512 last_rest = _mm512_sub_ps(last, Widen(_mm512_extracti64x4_epi64(rounded, 1)));
    _mm512_store_si512(to, rounded);
    _mm512_store_si512(to + 2 * kTileBytes, (__m512i)_mm512_cvtne2ps_pbh(last_rest, first_rest));
  }

 private:
  static HWY_INLINE __m512 Widen(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
};

/// Rows of weights that are multiplied together, and which of their columns.
struct WeightBlock {
  const std::uint8_t* w;
  std::size_t row_bytes;
  std::size_t rows;  ///< At most kBlockRows; the others become zeros.
  std::size_t cols;
};

/// Steps [first, first + steps) as tiles. stage: [steps][sections][2][16 rows][32 columns]
template <class Weights>
HWY_NOINLINE void StageWeights(const WeightBlock& block, std::size_t first, std::size_t steps,
                               std::uint8_t* stage) {
  // Rows a quarter of the block apart: four streams read memory faster than one.
  constexpr std::size_t kStreams = 4;
  constexpr std::size_t kApart = kBlockRows / kStreams;
  constexpr std::size_t kStepBytes = Weights::kSections * 2 * kTileBytes;
  for (std::size_t i = 0; i < kApart; ++i) {
    for (std::size_t s = 0; s < steps; ++s) {
      const std::size_t c = (first + s) * kStepCols;
      const __mmask32 mask = FirstColumns(block.cols - c);
      HWY_UNROLL(4)
      for (std::size_t stream = 0; stream < kStreams; ++stream) {
        const std::size_t r = stream * kApart + i;
        const bool exists = r < block.rows;
        // The address of a row that does not exist is never read: its mask is empty.
        const std::uint8_t* from = block.w + (exists ? r : 0) * block.row_bytes + 2 * c;
        Weights::Stage(from, exists ? mask : 0, stage + s * kStepBytes + r * kTileRowBytes);
      }
    }
  }
}

/// Tiles 0–3 are sums [2 × 16 rows][2 × tokens], 4 and 5 weights, 6 and 7 activations.
inline TileConfig Bf16Config(std::size_t group_tokens) {
  TileConfig config;
  for (std::size_t i = 0; i < 2; ++i) {
    config.Set(i, kTileRows, 4 * group_tokens);
    config.Set(2 + i, kTileRows, 4 * group_tokens);
    config.Set(4 + i, kTileRows, kTileRowBytes);
    config.Set(6 + i, kTileRows, 4 * group_tokens);
  }
  return config;
}

/// Activations of a group of tokens, from a chunk's first step on: [steps][16][tokens][2].
struct TokenGroup {
  const std::uint16_t* x;
  std::size_t tokens;
  float* sums;  ///< [2][16 rows][tokens], kept between chunks.
};

/// sums += weights · activations of kGroups groups with the same number of tokens.
template <class Weights, int kGroups, class Tiles>
HWY_INLINE void MultiplySteps(Tiles& tiles, const std::uint8_t* stage, std::size_t steps,
                              bool first_chunk, const TokenGroup* groups) {
  const std::size_t tokens = groups[0].tokens;
  const std::size_t stride = 4 * tokens;
  float* second_half[2] = {groups[0].sums + kTileRows * tokens, nullptr};
  if constexpr (kGroups == 2) second_half[1] = groups[1].sums + kTileRows * tokens;
  if (first_chunk) {
    tiles.template Zero<0>();
    tiles.template Zero<2>();
    if constexpr (kGroups == 2) {
      tiles.template Zero<1>();
      tiles.template Zero<3>();
    }
  } else {
    tiles.template Load<0>(groups[0].sums, stride);
    tiles.template Load<2>(second_half[0], stride);
    if constexpr (kGroups == 2) {
      tiles.template Load<1>(groups[1].sums, stride);
      tiles.template Load<3>(second_half[1], stride);
    }
  }
  for (std::size_t s = 0; s < steps; ++s) {
    const std::size_t at = s * kTileRows * tokens * 2;
    tiles.template Load<6>(groups[0].x + at, stride);
    if constexpr (kGroups == 2) tiles.template Load<7>(groups[1].x + at, stride);
    for (std::size_t section = 0; section < Weights::kSections; ++section) {
      tiles.template Load<4>(stage, kTileRowBytes);
      tiles.template DotBf16<0, 4, 6>();
      tiles.template Load<5>(stage + kTileBytes, kTileRowBytes);
      tiles.template DotBf16<2, 5, 6>();
      if constexpr (kGroups == 2) {
        tiles.template DotBf16<1, 4, 7>();
        tiles.template DotBf16<3, 5, 7>();
      }
      stage += 2 * kTileBytes;
    }
  }
  tiles.template Store<0>(groups[0].sums, stride);
  tiles.template Store<2>(second_half[0], stride);
  if constexpr (kGroups == 2) {
    tiles.template Store<1>(groups[1].sums, stride);
    tiles.template Store<3>(second_half[1], stride);
  }
}

/// Finished sums to their outputs; out: [tokens, rows].
HWY_INLINE void StoreOutputs(const TokenGroup& group, std::size_t rows, float* out,
                             std::size_t out_stride) {
  for (std::size_t r = 0; r < rows; r += kTileRows) {
    const float* sums = group.sums + r * group.tokens;
    const std::size_t some = std::min(kTileRows, rows - r);
    if (group.tokens < kTileRows) {
      for (std::size_t t = 0; t < group.tokens; ++t) {
        for (std::size_t i = 0; i < some; ++i) {
          out[t * out_stride + r + i] = sums[i * group.tokens + t];
        }
      }
      continue;
    }
    __m512i lines[16];
    HWY_UNROLL(16)
    for (std::size_t i = 0; i < 16; ++i) lines[i] = _mm512_load_si512(sums + i * kTileRows);
    Transpose16(lines);
    const auto mask = static_cast<__mmask16>((1U << some) - 1);
    HWY_UNROLL(16)
    for (std::size_t t = 0; t < 16; ++t) {
      _mm512_mask_storeu_epi32(out + t * out_stride + r, mask, lines[t]);
    }
  }
}

/// A block of rows times a band of tokens.
template <class Weights, class Tiles>
class BandProduct {
 public:
  BandProduct(Tiles& tiles, std::size_t cols, std::byte* scratch)
      : tiles_(tiles),
        steps_(Bf16Cols(cols) / kStepCols),
        stage_(reinterpret_cast<std::uint8_t*>(scratch)),
        sums_(reinterpret_cast<float*>(scratch + kStageTiles * kTileBytes)) {}

  void Run(const WeightBlock& block, const std::uint16_t* x, std::size_t tokens, float* out,
           std::size_t out_stride) {
    const std::size_t stage_tiles = tokens <= kTileRows ? kStageTiles : kCachedStageTiles;
    const std::size_t most = stage_tiles / (2 * Weights::kSections);
    for (std::size_t first = 0; first < steps_; first += most) {
      const std::size_t steps = std::min(most, steps_ - first);
      StageWeights<Weights>(block, first, steps, stage_);
      MultiplyChunk(first, steps, x, tokens);
    }
    for (std::size_t t = 0; t < tokens; t += kTileRows) {
      StoreOutputs(Group(0, x, t, tokens), block.rows, out + t * out_stride, out_stride);
    }
  }

 private:
  TokenGroup Group(std::size_t first_step, const std::uint16_t* x, std::size_t t,
                   std::size_t tokens) const {
    const std::size_t in_group = std::min(kTileRows, tokens - t);
    return {x + (t * steps_ + first_step * in_group) * kStepCols, in_group, sums_ + t * kBlockRows};
  }

  void MultiplyChunk(std::size_t first, std::size_t steps, const std::uint16_t* x,
                     std::size_t tokens) {
    std::size_t t = 0;
    if (tokens >= kTileRows) Configure(kTileRows);
    for (; t + 2 * kTileRows <= tokens; t += 2 * kTileRows) {
      const TokenGroup pair[2] = {Group(first, x, t, tokens),
                                  Group(first, x, t + kTileRows, tokens)};
      MultiplySteps<Weights, 2>(tiles_, stage_, steps, first == 0, pair);
    }
    for (; t < tokens; t += kTileRows) {
      const TokenGroup group = Group(first, x, t, tokens);
      Configure(group.tokens);
      MultiplySteps<Weights, 1>(tiles_, stage_, steps, first == 0, &group);
    }
  }

  void Configure(std::size_t group_tokens) {
    if (configured_for_ == group_tokens) return;
    tiles_.Configure(Bf16Config(group_tokens));
    configured_for_ = group_tokens;
  }

  Tiles& tiles_;
  std::size_t steps_;
  std::uint8_t* stage_;
  float* sums_;
  std::size_t configured_for_ = 0;
};

template <class Weights, class Tiles>
void AllBlocksOnTiles(Tiles& tiles, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                      const std::uint16_t* prepared, std::size_t tokens, std::size_t cols,
                      float* out, std::size_t out_stride, std::byte* scratch) {
  BandProduct<Weights, Tiles> product(tiles, cols, scratch);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(w);
  for (std::size_t t = 0; t < tokens; t += kBandTokens) {
    for (std::size_t r = 0; r < rows; r += kBlockRows) {
      product.Run({bytes + r * row_bytes, row_bytes, std::min(kBlockRows, rows - r), cols},
                  prepared + t * Bf16Cols(cols), std::min(kBandTokens, tokens - t),
                  out + t * out_stride + r, out_stride);
    }
  }
  tiles.Release();
}

/// As Bf16Products::gemm.
template <class Tiles>
void Bf16GemmOnTiles(Tiles& tiles, DataType type, const std::byte* w, std::size_t row_bytes,
                     std::size_t rows, const std::uint16_t* prepared, std::size_t tokens,
                     std::size_t cols, float* out, std::size_t out_stride, std::byte* scratch) {
  if (cols == 0) {
    for (std::size_t t = 0; t < tokens; ++t) std::fill_n(out + t * out_stride, rows, 0.0F);
  } else if (type == DataType::kF16) {
    AllBlocksOnTiles<SplitF16>(tiles, w, row_bytes, rows, prepared, tokens, cols, out, out_stride,
                               scratch);
  } else {
    AllBlocksOnTiles<PlainBf16>(tiles, w, row_bytes, rows, prepared, tokens, cols, out, out_stride,
                                scratch);
  }
}

/// 32 columns from `from` on as bfloat16, `count` of which exist.
HWY_INLINE __m512i RoundStep(const float* from, std::size_t count) {
  const __mmask32 mask = FirstColumns(count);
  const __m512 first = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from);
  const __m512 last = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), from + 16);
  return (__m512i)_mm512_cvtne2ps_pbh(last, first);
}

/// As Bf16Products::prepare: groups of 16 tokens, the last one perhaps smaller, as
/// [steps][16][tokens][2].
inline void PrepareForTiles(const float* x, std::size_t x_stride, std::size_t tokens,
                            std::size_t cols, std::uint16_t* prepared) {
  for (std::size_t t = 0; t < tokens; t += kTileRows) {
    const std::size_t some = std::min(kTileRows, tokens - t);
    for (std::size_t c = 0; c < cols; c += kStepCols) {
      __m512i lines[16];
      HWY_UNROLL(16)
      for (std::size_t i = 0; i < 16; ++i) {
        const float* from = x + (t + std::min(i, some - 1)) * x_stride + c;
        lines[i] = RoundStep(from, cols - c);
      }
      if (some == 1) {
        _mm512_storeu_si512(prepared, lines[0]);
      } else {
        Transpose16(lines);
        const auto mask = static_cast<__mmask16>((1U << some) - 1);
        HWY_UNROLL(16)
        for (std::size_t i = 0; i < 16; ++i) {
          _mm512_mask_storeu_epi32(prepared + i * some * 2, mask, lines[i]);
        }
      }
      prepared += some * kStepCols;
    }
  }
}

}  // namespace

#endif  // HWY_TARGET == HWY_AVX3
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
