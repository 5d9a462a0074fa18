// The readable references of the 8-bit products: what quantize_row.cc and packed_gemm.cc compute,
// to the bit.
#include <algorithm>
#include <cmath>

#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/packed_panels.h"
#include "engine/tensor/weight_group.h"

namespace fovea::kernels::scalar {
namespace {

/// Bytes of the largest block.
constexpr std::size_t kMaxBlockBytes = [] {
  std::size_t most = 0;
#define FOVEA_MAX_SIZE(name, ...) most = std::max(most, sizeof(Block##name));
  FOVEA_EACH_BLOCK_TYPE(FOVEA_MAX_SIZE)
#undef FOVEA_MAX_SIZE
  return most;
}();

std::int32_t Dot(const int* weights, const std::int8_t* x, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += weights[i] * x[i];
  return sum;
}

}  // namespace

void QuantizeRow(const float* x, std::size_t cols, std::int8_t* quants, ActivationBlock* blocks) {
  for (std::size_t b = 0; b < cols / kActivationBlock; ++b) {
    const float* values = x + b * kActivationBlock;
    float largest = 0.0F;
    for (std::size_t i = 0; i < kActivationBlock; ++i) {
      // Written so that a NaN wins and stays.
      if (!(std::fabs(values[i]) <= largest) && !std::isnan(largest)) {
        largest = std::fabs(values[i]);
      }
    }
    const BlockScale scale = ScaleFor(largest);
    ActivationBlock& out = blocks[b];
    out = {.scale = scale.scale, .scaled_sum = 0.0F, .sum = 0, .first_sum = 0};
    for (std::size_t i = 0; i < kActivationBlock; ++i) {
      // A block with an infinity or a NaN is lost anyway: its scale says so.
      const float q = std::isfinite(largest) ? std::nearbyint(values[i] * scale.inverse) : 0.0F;
      quants[b * kActivationBlock + i] = static_cast<std::int8_t>(q);
      out.sum += static_cast<std::int32_t>(q);
      if (i < kActivationBlock / 2) out.first_sum = out.sum;
    }
    out.scaled_sum = scale.scale * static_cast<float>(out.sum);
  }
}

void PackedGemm(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                const QuantizedRows& x, std::size_t tokens, float* out, std::size_t out_stride) {
  const std::size_t row_bytes = RowBytes(type, cols);
  const std::size_t blocks = cols / kActivationBlock;
  for (std::size_t row = 0; row < count * kPanelRows; ++row) {
    const std::byte* panel = panels + row / kPanelRows * kPanelRows * row_bytes;
    for (std::size_t t = 0; t < tokens; ++t) out[t * out_stride + row] = 0.0F;
    for (std::size_t b = 0; b < blocks; ++b) {
      std::byte raw[kMaxBlockBytes];
      const std::size_t per_block = BlockElements(type) / kActivationBlock;
      UnpackPanelBlock(type, panel, row_bytes, row % kPanelRows, b / per_block, raw);
      const WeightGroup w = ReadRowGroup(type, raw, b % per_block);
      for (std::size_t t = 0; t < tokens; ++t) {
        const std::int8_t* quants = x.quants + t * cols + b * kActivationBlock;
        const ActivationBlock& activation = x.blocks[t * blocks + b];
        float& sum = out[t * out_stride + row];
        const std::size_t parts = w.has_halves ? 2 : 1;
        const std::size_t length = kActivationBlock / parts;
        for (std::size_t part = 0; part < parts; ++part) {
          const std::int32_t dot = Dot(w.quants + part * length, quants + part * length, length);
          sum = std::fma(static_cast<float>(dot), w.scale[part] * activation.scale, sum);
        }
        if (w.has_minimum) sum = std::fma(w.minimum[0], activation.scaled_sum, sum);
      }
    }
  }
}

}  // namespace fovea::kernels::scalar
