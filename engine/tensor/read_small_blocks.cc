// Types with blocks of 32: one group each.
#include "engine/tensor/dequantize.h"
#include "engine/tensor/weight_group.h"

namespace fovea {
namespace {

constexpr std::size_t kHalf = kSmallBlock / 2;

void ReadNibbles(const std::uint8_t (&nibbles)[kHalf], int (&quants)[kSmallBlock]) {
  for (std::size_t i = 0; i < kHalf; ++i) {
    quants[i] = nibbles[i] & 15;
    quants[i + kHalf] = nibbles[i] >> 4;
  }
}

void AddFifthBits(const std::uint8_t (&high_bits)[4], int (&quants)[kSmallBlock]) {
  for (std::size_t i = 0; i < kSmallBlock; ++i) {
    quants[i] += ((high_bits[i / 8] >> (i % 8)) & 1) << 4;
  }
}

}  // namespace

void ReadGroup(const BlockQ8_0& block, std::size_t /*group*/, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale));
  for (std::size_t i = 0; i < kSmallBlock; ++i) out->quants[i] = block.quants[i];
}

void ReadGroup(const BlockQ4_0& block, std::size_t /*group*/, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale));
  ReadNibbles(block.nibbles, out->quants);
  for (int& quant : out->quants) quant -= 8;
}

void ReadGroup(const BlockQ4_1& block, std::size_t /*group*/, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale));
  out->SetMinimum(HalfToFloat(block.minimum));
  ReadNibbles(block.nibbles, out->quants);
}

void ReadGroup(const BlockQ5_0& block, std::size_t /*group*/, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale));
  ReadNibbles(block.nibbles, out->quants);
  AddFifthBits(block.high_bits, out->quants);
  for (int& quant : out->quants) quant -= 16;
}

void ReadGroup(const BlockQ5_1& block, std::size_t /*group*/, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale));
  out->SetMinimum(HalfToFloat(block.minimum));
  ReadNibbles(block.nibbles, out->quants);
  AddFifthBits(block.high_bits, out->quants);
}

void ReadGroup(const BlockIQ4_NL& block, std::size_t /*group*/, WeightGroup* out) {
  out->SetScale(HalfToFloat(block.scale));
  ReadNibbles(block.nibbles, out->quants);
  for (int& quant : out->quants) quant = kIQ4NLValues[quant];
}

}  // namespace fovea
