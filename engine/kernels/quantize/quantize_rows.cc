#include "engine/kernels/quantize/quantize_rows.h"

#include <algorithm>
#include <cstring>

namespace fovea::kernels {
namespace {

/// Columns of a pair that are quantized before they take their places.
constexpr std::size_t kPairCols = 512;
constexpr std::size_t kGroup = 8;

/// out: [cols / 8, 2, 8]
void InterleaveGroups(const std::int8_t* one, const std::int8_t* other, std::size_t cols,
                      std::int8_t* out) {
  for (std::size_t c = 0; c < cols; c += kGroup, out += 2 * kGroup) {
    std::memcpy(out, one + c, kGroup);
    std::memcpy(out + kGroup, other + c, kGroup);
  }
}

/// Two blocks become [4, 2] words.
void InterleaveWords(const ActivationBlock& one, const ActivationBlock& other,
                     ActivationBlock* out) {
  constexpr std::size_t kWord = sizeof(float);
  auto* to = reinterpret_cast<std::byte*>(out);
  const auto* from_one = reinterpret_cast<const std::byte*>(&one);
  const auto* from_other = reinterpret_cast<const std::byte*>(&other);
  for (std::size_t i = 0; i < sizeof(ActivationBlock); i += kWord) {
    std::memcpy(to + 2 * i, from_one + i, kWord);
    std::memcpy(to + 2 * i + kWord, from_other + i, kWord);
  }
}

void QuantizePair(const KernelTable& kernels, const float* one, const float* other,
                  std::size_t cols, std::int8_t* quants, ActivationBlock* blocks) {
  alignas(64) std::int8_t rows[2][kPairCols];
  ActivationBlock row_blocks[2][kPairCols / kActivationBlock];
  for (std::size_t c = 0; c < cols; c += kPairCols) {
    const std::size_t count = std::min(kPairCols, cols - c);
    kernels.quantize_row(one + c, count, rows[0], row_blocks[0]);
    kernels.quantize_row(other + c, count, rows[1], row_blocks[1]);
    InterleaveGroups(rows[0], rows[1], count, quants + 2 * c);
    for (std::size_t b = 0; b < count / kActivationBlock; ++b, blocks += 2) {
      InterleaveWords(row_blocks[0][b], row_blocks[1][b], blocks);
    }
  }
}

}  // namespace

void QuantizeRows(const KernelTable& kernels, const float* x, std::size_t x_stride,
                  std::size_t tokens, std::size_t cols, std::int8_t* quants,
                  ActivationBlock* blocks) {
  const std::size_t row_blocks = cols / kActivationBlock;
  std::size_t t = 0;
  for (; kernels.pairs_tokens && t + 2 <= tokens; t += 2) {
    QuantizePair(kernels, x + t * x_stride, x + (t + 1) * x_stride, cols, quants + t * cols,
                 blocks + t * row_blocks);
  }
  for (; t < tokens; ++t) {
    kernels.quantize_row(x + t * x_stride, cols, quants + t * cols, blocks + t * row_blocks);
  }
}

}  // namespace fovea::kernels
