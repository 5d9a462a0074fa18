#include "engine/matmul/packed_provider.h"

#include <algorithm>
#include <cstring>

#include "engine/tensor/packed_panels.h"

namespace fovea::matmul {
namespace {

/// Tokens whose outputs of an incomplete panel are held at once: whole pairs.
constexpr std::size_t kTailTokens = 64;
static_assert(kTailTokens % 2 == 0);

/// Bytes of panels that are packed for a single token, which uses them once: they are read back
/// from the first-level cache.
constexpr std::size_t kBytesForOneToken = 24 * 1024;

/// Packs 16 rows that come from main memory. They are first read sequentially, which is fastest,
/// and then rearranged in cache. `copy`: space for them; null: they are packed directly.
void PackFromMemory(const MatrixView& weight, std::size_t row, std::byte* copy, std::byte* panel) {
  const std::byte* rows = weight.Row(row);
  if (copy != nullptr) {
    std::memcpy(copy, rows, kPanelRows * weight.row_bytes);
    rows = copy;
  }
  PackPanel(weight.type, rows, weight.row_bytes, kPanelRows, panel);
}

/// `weight` has rows in file order; packs as many panels at a time as the panel holds beside the
/// outputs of an incomplete one and a copy of the rows.
void PackAndMultiply(const kernels::KernelTable& kernels, const RowBlock& block,
                     const MatrixView& weight, float* out) {
  const std::size_t panel_bytes = kPanelRows * weight.row_bytes;
  float* tail_out = block.panel.data();
  std::byte* panels = reinterpret_cast<std::byte*>(tail_out + kTailTokens * kPanelRows);
  const std::size_t bytes = (block.panel.size() - kTailTokens * kPanelRows) * sizeof(float);
  std::size_t at_once = std::max<std::size_t>(bytes / panel_bytes, 1);
  std::byte* copy = nullptr;
  if (at_once > 1) copy = panels + --at_once * panel_bytes;
  if (block.tokens == 1) {
    at_once = std::min(at_once, std::max<std::size_t>(kBytesForOneToken / panel_bytes, 1));
  }

  const std::size_t whole = weight.rows / kPanelRows;
  for (std::size_t first = 0; first < whole; first += at_once) {
    const std::size_t count = std::min(at_once, whole - first);
    for (std::size_t s = 0; s < count; ++s) {
      PackFromMemory(weight, (first + s) * kPanelRows, copy, panels + s * panel_bytes);
    }
    kernels.packed_gemm(weight.type, panels, count, weight.cols, block.quantized, block.tokens,
                        out + first * kPanelRows, block.out_stride);
  }
  const std::size_t tail = weight.rows % kPanelRows;
  if (tail == 0) return;
  PackPanel(weight.type, weight.Row(whole * kPanelRows), weight.row_bytes, tail, panels);
  for (std::size_t t = 0; t < block.tokens; t += kTailTokens) {
    const std::size_t tokens = std::min(kTailTokens, block.tokens - t);
    const kernels::QuantizedRows x = {
        block.quantized.quants + t * weight.cols,
        block.quantized.blocks + t * (weight.cols / kernels::kActivationBlock)};
    kernels.packed_gemm(weight.type, panels, 1, weight.cols, x, tokens, tail_out, kPanelRows);
    for (std::size_t i = 0; i < tokens; ++i) {
      std::copy_n(tail_out + i * kPanelRows, tail,
                  out + (t + i) * block.out_stride + whole * kPanelRows);
    }
  }
}

}  // namespace

bool AcceptsPacked(const Problem& problem) {
  return problem.arithmetic == Arithmetic::kFast && HasPackedPanels(problem.type);
}

void MultiplyPacked(const kernels::KernelTable& kernels, const RowBlock& block) {
  const MatrixView& weight = block.weight;
  if (weight.panel_rows > 0) {
    kernels.packed_gemm(weight.type, weight.data, weight.panel_rows / kPanelRows, weight.cols,
                        block.quantized, block.tokens, block.out, block.out_stride);
  }
  if (weight.panel_rows < weight.rows) {
    PackAndMultiply(kernels, block,
                    weight.Slice(weight.panel_rows, weight.rows - weight.panel_rows),
                    block.out + weight.panel_rows);
  }
}

}  // namespace fovea::matmul
