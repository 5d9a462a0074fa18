// Products in bfloat16 with ARM's BFMMLA: two rows times two tokens, four columns at a time. Only
// for weights of type kBF16, in their stored order. An output is accumulated over its columns in
// ascending order, however many rows and tokens are computed with it. Compiled for CPUs that have
// it: the linker may see nothing of this file but its two functions.
#include "engine/kernels/dispatch/kernel_functions.h"

#if FOVEA_KERNELS_ARM64

#include <arm_neon.h>

#include <cstring>

namespace fovea::kernels::N_NEON {
namespace {

#define FOVEA_INLINE inline __attribute__((always_inline))

constexpr std::size_t kStep = 8;  ///< Columns.

// Registers: kTilePairs² sums, and 2 · kTilePairs weights of a step beside the inputs.
constexpr std::size_t kTilePairs = 4;

/// Bytes of weights that are multiplied by all tokens before the next ones: they stay in the
/// second-level cache.
constexpr std::size_t kPanelBytes = 128 * 1024;

/// Two rows or two tokens of kStep columns: columns 0–3 of both, and 4–7 of both.
struct PairStep {
  bfloat16x8_t first;
  bfloat16x8_t last;
};

FOVEA_INLINE bfloat16x8_t LoadRow(const std::byte* from) {
  return vreinterpretq_bf16_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(from)));
}

/// The first `count` columns and zeros.
FOVEA_INLINE bfloat16x8_t LoadRowFirst(const std::byte* from, std::size_t count) {
  std::uint8_t bytes[2 * kStep] = {};
  std::memcpy(bytes, from, 2 * count);
  return vreinterpretq_bf16_u8(vld1q_u8(bytes));
}

FOVEA_INLINE PairStep PairOf(bfloat16x8_t a, bfloat16x8_t b) {
  const uint64x2_t x = vreinterpretq_u64_bf16(a);
  const uint64x2_t y = vreinterpretq_u64_bf16(b);
  return {vreinterpretq_bf16_u64(vtrn1q_u64(x, y)), vreinterpretq_bf16_u64(vtrn2q_u64(x, y))};
}

struct MmlaOperands {
  const std::byte* w;
  std::size_t row_bytes;
  const std::uint16_t* x;  ///< Of the first token; pairs, then perhaps a single one.
  std::size_t cols;
  float* out;
  std::size_t out_stride;
};

/// kRows rows × kTokens tokens; each of them 1 or a multiple of 2. A single row or token is
/// computed twice.
template <std::size_t kRows, std::size_t kTokens>
FOVEA_INLINE void MmlaTile(const MmlaOperands& at) {
  constexpr std::size_t kRowPairs = (kRows + 1) / 2;
  constexpr std::size_t kTokenPairs = (kTokens + 1) / 2;
  constexpr std::size_t kSecondRow = kRows == 1 ? 0 : 1;
  float32x4_t sums[kTokenPairs][kRowPairs];
#pragma GCC unroll 4
  for (std::size_t t = 0; t < kTokenPairs; ++t) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRowPairs; ++r) sums[t][r] = vdupq_n_f32(0.0F);
  }
  const std::size_t pair_elements = 2 * Bf16Cols(at.cols);
  const auto add = [&](std::size_t c, const PairStep(&w)[kRowPairs])
      __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (std::size_t t = 0; t < kTokenPairs; ++t) {
      PairStep x;
      if constexpr (kTokens == 1) {
        const bfloat16x8_t row = vreinterpretq_bf16_u16(vld1q_u16(at.x + c));
        x = PairOf(row, row);
      } else {
        const std::uint16_t* from = at.x + t * pair_elements + 2 * c;
        x = {vreinterpretq_bf16_u16(vld1q_u16(from)),
             vreinterpretq_bf16_u16(vld1q_u16(from + kStep))};
      }
#pragma GCC unroll 4
      for (std::size_t r = 0; r < kRowPairs; ++r) {
        sums[t][r] = vbfmmlaq_f32(vbfmmlaq_f32(sums[t][r], w[r].first, x.first), w[r].last, x.last);
      }
    }
  };
  PairStep w[kRowPairs];
  std::size_t c = 0;
  for (; c + kStep <= at.cols; c += kStep) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRowPairs; ++r) {
      const std::byte* row = at.w + 2 * r * at.row_bytes + 2 * c;
      w[r] = PairOf(LoadRow(row), LoadRow(row + kSecondRow * at.row_bytes));
    }
    add(c, w);
  }
  if (const std::size_t rest = at.cols - c; rest > 0) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRowPairs; ++r) {
      const std::byte* row = at.w + 2 * r * at.row_bytes + 2 * c;
      w[r] = PairOf(LoadRowFirst(row, rest), LoadRowFirst(row + kSecondRow * at.row_bytes, rest));
    }
    add(c, w);
  }
  // A sum holds its first row times both tokens, then its second.
#pragma GCC unroll 4
  for (std::size_t t = 0; t < kTokenPairs; ++t) {
#pragma GCC unroll 4
    for (std::size_t r = 0; r < kRowPairs; ++r) {
      float* out = at.out + 2 * t * at.out_stride + 2 * r;
      out[0] = vgetq_lane_f32(sums[t][r], 0);
      if constexpr (kRows > 1) out[1] = vgetq_lane_f32(sums[t][r], 2);
      if constexpr (kTokens > 1) {
        out += at.out_stride;
        out[0] = vgetq_lane_f32(sums[t][r], 1);
        if constexpr (kRows > 1) out[1] = vgetq_lane_f32(sums[t][r], 3);
      }
    }
  }
}

template <std::size_t kTokens>
__attribute__((noinline)) void MmlaRows(MmlaOperands at, std::size_t rows) {
  const auto advance = [&at, &rows](std::size_t by) {
    at.w += by * at.row_bytes;
    at.out += by;
    rows -= by;
  };
  constexpr std::size_t kTileRows = 2 * kTilePairs;
  while (rows >= kTileRows) {
    MmlaTile<kTileRows, kTokens>(at);
    advance(kTileRows);
  }
  while (rows >= 2) {
    MmlaTile<2, kTokens>(at);
    advance(2);
  }
  if (rows > 0) MmlaTile<1, kTokens>(at);
}

/// All rows of a panel times all tokens.
void MmlaPanel(MmlaOperands at, std::size_t rows, std::size_t tokens) {
  const auto advance = [&at, &tokens](std::size_t by) {
    at.x += by * Bf16Cols(at.cols);
    at.out += by * at.out_stride;
    tokens -= by;
  };
  constexpr std::size_t kTileTokens = 2 * kTilePairs;
  while (tokens >= kTileTokens) {
    MmlaRows<kTileTokens>(at, rows);
    advance(kTileTokens);
  }
  if (tokens >= 4) {
    MmlaRows<4>(at, rows);
    advance(4);
  }
  if (tokens >= 2) {
    MmlaRows<2>(at, rows);
    advance(2);
  }
  if (tokens > 0) MmlaRows<1>(at, rows);
}

/// Four columns from c on, rounded; zeros beyond the row.
FOVEA_INLINE uint16x4_t RoundFour(const float* row, std::size_t c, std::size_t cols) {
  float four[4] = {};
  if (c < cols) std::memcpy(four, row + c, (cols - c < 4 ? cols - c : 4) * sizeof(float));
  return vreinterpret_u16_bf16(vcvt_bf16_f32(vld1q_f32(four)));
}

}  // namespace

void Bf16PrepareMmla(const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                     std::uint16_t* prepared) {
  // Pairs of tokens are interleaved every four columns; the last of an odd number of tokens is
  // stored by itself.
  const std::size_t padded = Bf16Cols(cols);
  for (std::size_t t = 0; t < tokens; t += 2) {
    const std::size_t together = tokens - t < 2 ? 1 : 2;
    for (std::size_t c = 0; c < padded; c += 4) {
      for (std::size_t i = 0; i < together; ++i, prepared += 4) {
        vst1_u16(prepared, RoundFour(x + (t + i) * x_stride, c, cols));
      }
    }
  }
}

void Bf16GemmMmla(DataType /*type*/, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                  const std::uint16_t* prepared, std::size_t tokens, std::size_t cols, float* out,
                  std::size_t out_stride, std::byte* /*scratch*/) {
  std::size_t panel_rows = rows;
  if (tokens > 2 * kTilePairs && row_bytes > 0) {
    panel_rows = kPanelBytes / row_bytes / (2 * kTilePairs) * (2 * kTilePairs);
    if (panel_rows == 0) panel_rows = 2 * kTilePairs;
  }
  for (std::size_t r = 0; r < rows; r += panel_rows) {
    const std::size_t count = rows - r < panel_rows ? rows - r : panel_rows;
    MmlaPanel({w + r * row_bytes, row_bytes, prepared, cols, out + r, out_stride}, count, tokens);
  }
}

}  // namespace fovea::kernels::N_NEON

#endif  // FOVEA_KERNELS_ARM64
