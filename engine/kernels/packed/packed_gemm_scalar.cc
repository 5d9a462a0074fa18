// The readable references of the 8-bit products: what quantize_row.cc and packed_gemm.cc compute,
// to the bit.
#include <cmath>
#include <cstring>

#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "engine/tensor/blocks.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/packed_panels.h"

namespace fovea::kernels::scalar {
namespace {

/// 32 weights as integers with a scale for each half, and a minimum: weight = scale * quant +
/// minimum.
struct IntegerBlock {
  int quants[kActivationBlock];
  float scale[2];
  float minimum = 0.0F;
  bool has_minimum = false;
  bool has_halves = false;
};

template <class Block>
Block BlockAt(const std::byte* row, std::size_t index) {
  Block block;
  std::memcpy(&block, row + index * sizeof(Block), sizeof(Block));
  return block;
}

template <std::size_t kBytes>
void ReadNibbles(const std::uint8_t (&nibbles)[kBytes], int (&quants)[kActivationBlock]) {
  for (std::size_t i = 0; i < kBytes; ++i) {
    quants[i] = nibbles[i] & 15;
    quants[i + kBytes] = nibbles[i] >> 4;
  }
}

void AddFifthBits(const std::uint8_t (&high_bits)[4], int (&quants)[kActivationBlock]) {
  for (std::size_t i = 0; i < kActivationBlock; ++i) {
    quants[i] += ((high_bits[i / 8] >> (i % 8)) & 1) << 4;
  }
}

void SetScale(IntegerBlock& out, float scale) {
  out.scale[0] = out.scale[1] = scale;
}

/// Scale, minimum and nibbles of run `run` of a Q4_K or Q5_K block.
template <class Block>
void ReadGroupK(const Block& block, std::size_t run, IntegerBlock& out) {
  const ScaleMin packed = UnpackScaleMinK(block.scales, run);
  SetScale(out, HalfToFloat(block.scale) * static_cast<float>(packed.scale));
  out.minimum = -(HalfToFloat(block.min_scale) * static_cast<float>(packed.minimum));
  out.has_minimum = true;
  for (std::size_t i = 0; i < kActivationBlock; ++i) {
    out.quants[i] = (block.nibbles[run / 2 * 32 + i] >> (run % 2 * 4)) & 15;
  }
}

/// Columns 32 * b … 32 * b + 31 of a row as it lies in a file.
IntegerBlock ReadBlock(DataType type, const std::byte* row, std::size_t b) {
  IntegerBlock out;
  const std::size_t run = b % 8;  // within a block of 256
  switch (type) {
    case DataType::kQ8_0: {
      const auto block = BlockAt<BlockQ8_0>(row, b);
      SetScale(out, HalfToFloat(block.scale));
      for (std::size_t i = 0; i < kActivationBlock; ++i) out.quants[i] = block.quants[i];
      break;
    }
    case DataType::kQ4_0: {
      const auto block = BlockAt<BlockQ4_0>(row, b);
      SetScale(out, HalfToFloat(block.scale));
      ReadNibbles(block.nibbles, out.quants);
      for (int& quant : out.quants) quant -= 8;
      break;
    }
    case DataType::kIQ4_NL: {
      const auto block = BlockAt<BlockIQ4_NL>(row, b);
      SetScale(out, HalfToFloat(block.scale));
      ReadNibbles(block.nibbles, out.quants);
      for (int& quant : out.quants) quant = kIQ4NLValues[quant];
      break;
    }
    case DataType::kQ4_1: {
      const auto block = BlockAt<BlockQ4_1>(row, b);
      SetScale(out, HalfToFloat(block.scale));
      out.minimum = HalfToFloat(block.minimum);
      out.has_minimum = true;
      ReadNibbles(block.nibbles, out.quants);
      break;
    }
    case DataType::kQ5_0: {
      const auto block = BlockAt<BlockQ5_0>(row, b);
      SetScale(out, HalfToFloat(block.scale));
      ReadNibbles(block.nibbles, out.quants);
      AddFifthBits(block.high_bits, out.quants);
      for (int& quant : out.quants) quant -= 16;
      break;
    }
    case DataType::kQ5_1: {
      const auto block = BlockAt<BlockQ5_1>(row, b);
      SetScale(out, HalfToFloat(block.scale));
      out.minimum = HalfToFloat(block.minimum);
      out.has_minimum = true;
      ReadNibbles(block.nibbles, out.quants);
      AddFifthBits(block.high_bits, out.quants);
      break;
    }
    case DataType::kQ4_K: {
      ReadGroupK(BlockAt<BlockQ4_K>(row, b / 8), run, out);
      break;
    }
    case DataType::kQ5_K: {
      const auto block = BlockAt<BlockQ5_K>(row, b / 8);
      ReadGroupK(block, run, out);
      for (std::size_t i = 0; i < kActivationBlock; ++i) {
        out.quants[i] += ((block.high_bits[i] >> run) & 1) << 4;
      }
      break;
    }
    case DataType::kQ6_K: {
      const auto block = BlockAt<BlockQ6_K>(row, b / 8);
      const std::size_t half = run / 4;  // of 128 columns
      const std::size_t of_half = run % 4;
      for (std::size_t i = 0; i < kActivationBlock; ++i) {
        const int low = (block.nibbles[half * 64 + of_half % 2 * 32 + i] >> (of_half / 2 * 4)) & 15;
        const int high = (block.high_bits[half * 32 + i] >> (2 * of_half)) & 3;
        out.quants[i] = (low | (high << 4)) - 32;
      }
      for (std::size_t i = 0; i < 2; ++i) {
        out.scale[i] = HalfToFloat(block.scale) * static_cast<float>(block.scales[run * 2 + i]);
      }
      out.has_halves = true;
      break;
    }
    default: break;
  }
  return out;
}

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
      std::byte raw[sizeof(BlockQ6_K)];
      const std::size_t per_block = BlockElements(type) / kActivationBlock;
      UnpackPanelBlock(type, panel, row_bytes, row % kPanelRows, b / per_block, raw);
      const IntegerBlock w = ReadBlock(type, raw, b % per_block);
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
        if (w.has_minimum) sum = std::fma(w.minimum, activation.scaled_sum, sum);
      }
    }
  }
}

}  // namespace fovea::kernels::scalar
