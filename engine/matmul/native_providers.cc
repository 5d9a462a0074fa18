#include "engine/matmul/native_providers.h"

#include "engine/matmul/read_row.h"

#include <algorithm>
#include <cstdint>

namespace fovea::matmul {
namespace {

/// For a single token each weight is used once: a panel of a few rows is read back from the
/// first-level cache.
constexpr std::size_t kRowsForOneToken = 8;

/// See AcceptsDirectHalf; measured on x86.
constexpr std::size_t kMaxTokensForHalves = 64;

/// A row of floats in a mapped file may start anywhere; C++ floats may not.
bool IsFloatAligned(const MatrixView& weight) {
  return reinterpret_cast<std::uintptr_t>(weight.data) % alignof(float) == 0 &&
         weight.row_bytes % sizeof(float) == 0;
}

std::size_t PanelRows(const RowBlock& block) {
  const std::size_t cols = std::max<std::size_t>(block.weight.cols, 1);
  const std::size_t rows = std::max<std::size_t>(block.panel.size() / cols, 2) - 1;
  return block.tokens == 1 ? std::min(rows, kRowsForOneToken) : rows;
}

/// How many rows to multiply at a time straight from the file: as many as a panel would hold, which
/// stay in cache while they are multiplied by all tokens; for few tokens all rows, because the
/// kernels then read the weights once.
std::size_t CachedRows(const RowBlock& block) {
  constexpr std::size_t kFewTokens = 6;
  return block.tokens <= kFewTokens ? std::max<std::size_t>(block.weight.rows, 1)
                                    : PanelRows(block);
}

}  // namespace

bool AcceptsDirectF32(const Problem& problem) {
  return problem.type == DataType::kF32;
}

void MultiplyDirectF32(const kernels::KernelTable& kernels, const RowBlock& block) {
  const MatrixView& weight = block.weight;
  // The panel's copy is rare (files align their tensors) and gives the same bits.
  if (!IsFloatAligned(weight)) return MultiplyDequantizedPanel(kernels, block);
  const std::size_t step = CachedRows(block);
  for (std::size_t begin = 0; begin < weight.rows; begin += step) {
    kernels.gemm(reinterpret_cast<const float*>(weight.Row(begin)),
                 weight.row_bytes / sizeof(float), std::min(step, weight.rows - begin), block.x,
                 block.x_stride, block.tokens, weight.cols, block.out + begin, block.out_stride);
  }
}

bool AcceptsDirectHalf(const Problem& problem) {
  return (problem.type == DataType::kF16 || problem.type == DataType::kBF16) &&
         problem.tokens <= kMaxTokensForHalves;
}

void MultiplyDirectHalf(const kernels::KernelTable& kernels, const RowBlock& block) {
  const MatrixView& weight = block.weight;
  const std::size_t step = CachedRows(block);
  for (std::size_t begin = 0; begin < weight.rows; begin += step) {
    kernels.gemm_half(weight.type, weight.Row(begin), weight.row_bytes,
                      std::min(step, weight.rows - begin), block.x, block.x_stride, block.tokens,
                      weight.cols, block.out + begin, block.out_stride);
  }
}

bool AcceptsDequantizedPanel(const Problem& /*problem*/) {
  return true;
}

void MultiplyDequantizedPanel(const kernels::KernelTable& kernels, const RowBlock& block) {
  const MatrixView& weight = block.weight;
  const std::size_t cols = weight.cols;
  const std::size_t step = PanelRows(block);
  // A row of a panel is unpacked to the place of the last row.
  std::byte* unpacked = reinterpret_cast<std::byte*>(block.panel.data() + step * cols);
  for (std::size_t begin = 0; begin < weight.rows; begin += step) {
    const std::size_t rows = std::min(step, weight.rows - begin);
    for (std::size_t r = 0; r < rows; ++r) {
      ReadRow(kernels, weight, begin + r, unpacked, block.panel.data() + r * cols);
    }
    kernels.gemm(block.panel.data(), cols, rows, block.x, block.x_stride, block.tokens, cols,
                 block.out + begin, block.out_stride);
  }
}

}  // namespace fovea::matmul
