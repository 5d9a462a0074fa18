#include "engine/matmul/strip_provider.h"

#include <algorithm>
#include <cstring>

#include "engine/tensor/strips.h"

namespace fovea::matmul {
namespace {

/// Tokens whose outputs of an incomplete strip are held at once: whole pairs.
constexpr std::size_t kTailTokens = 64;
static_assert(kTailTokens % 2 == 0);

/// Bytes of strips that are packed for a single token, which meets them once: they are read back
/// from the first cache.
constexpr std::size_t kBytesForOneToken = 24 * 1024;

/// Packs 16 rows that come from main memory. They are first read from end to end, which is how
/// memory is fast, and then rearranged in cache. `copy`: room for them; null: none.
void PackFromMemory(const MatrixView& weight, std::size_t row, std::byte* copy, std::byte* strip) {
  const std::byte* rows = weight.Row(row);
  if (copy != nullptr) {
    std::memcpy(copy, rows, kStripRows * weight.row_bytes);
    rows = copy;
  }
  PackStrip(weight.type, rows, weight.row_bytes, kStripRows, strip);
}

/// `weight` has rows in file order; packs as many strips at a time as the panel holds beside the
/// outputs of an incomplete one and a copy of the rows.
void PackAndMultiply(const kernels::KernelTable& kernels, const RowBlock& block,
                     const MatrixView& weight, float* out) {
  const std::size_t strip_bytes = kStripRows * weight.row_bytes;
  float* tail_out = block.panel.data();
  std::byte* strips = reinterpret_cast<std::byte*>(tail_out + kTailTokens * kStripRows);
  const std::size_t bytes = (block.panel.size() - kTailTokens * kStripRows) * sizeof(float);
  std::size_t at_once = std::max<std::size_t>(bytes / strip_bytes, 1);
  std::byte* copy = nullptr;
  if (at_once > 1) copy = strips + --at_once * strip_bytes;
  if (block.tokens == 1) {
    at_once = std::min(at_once, std::max<std::size_t>(kBytesForOneToken / strip_bytes, 1));
  }

  const std::size_t whole = weight.rows / kStripRows;
  for (std::size_t first = 0; first < whole; first += at_once) {
    const std::size_t count = std::min(at_once, whole - first);
    for (std::size_t s = 0; s < count; ++s) {
      PackFromMemory(weight, (first + s) * kStripRows, copy, strips + s * strip_bytes);
    }
    kernels.strip_gemm(weight.type, strips, count, weight.cols, block.quantized, block.tokens,
                       out + first * kStripRows, block.out_stride);
  }
  const std::size_t tail = weight.rows % kStripRows;
  if (tail == 0) return;
  PackStrip(weight.type, weight.Row(whole * kStripRows), weight.row_bytes, tail, strips);
  for (std::size_t t = 0; t < block.tokens; t += kTailTokens) {
    const std::size_t tokens = std::min(kTailTokens, block.tokens - t);
    const kernels::QuantizedRows x = {
        block.quantized.quants + t * weight.cols,
        block.quantized.blocks + t * (weight.cols / kernels::kActivationBlock)};
    kernels.strip_gemm(weight.type, strips, 1, weight.cols, x, tokens, tail_out, kStripRows);
    for (std::size_t i = 0; i < tokens; ++i) {
      std::copy_n(tail_out + i * kStripRows, tail,
                  out + (t + i) * block.out_stride + whole * kStripRows);
    }
  }
}

}  // namespace

bool AcceptsStrips(const Problem& problem) {
  return problem.arithmetic == Arithmetic::kFast && HasStrips(problem.type);
}

void MultiplyStrips(const kernels::KernelTable& kernels, const RowBlock& block) {
  const MatrixView& weight = block.weight;
  if (weight.strip_rows > 0) {
    kernels.strip_gemm(weight.type, weight.data, weight.strip_rows / kStripRows, weight.cols,
                       block.quantized, block.tokens, block.out, block.out_stride);
  }
  if (weight.strip_rows < weight.rows) {
    PackAndMultiply(kernels, block,
                    weight.Slice(weight.strip_rows, weight.rows - weight.strip_rows),
                    block.out + weight.strip_rows);
  }
}

}  // namespace fovea::matmul
