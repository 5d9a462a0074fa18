// Activations rounded to 8 bits, as the integer products want them: per block of 32 values one
// scale, and the sums that types with an offset or a minimum need. Free of SIMD types.
#ifndef FOVEA_KERNELS_QUANTIZE_QUANTIZED_ROW_H_
#define FOVEA_KERNELS_QUANTIZE_QUANTIZED_ROW_H_

#include <cstddef>
#include <cstdint>

namespace fovea::kernels {

inline constexpr std::size_t kActivationBlock = 32;

/// x[i] ≈ scale * quants[i], quants in [-127, 127].
struct ActivationBlock {
  float scale;             ///< Largest magnitude / 127; NaN or infinite if a value was.
  float scaled_sum;        ///< scale * sum
  std::int32_t sum;        ///< Σ quants
  std::int32_t first_sum;  ///< Σ of the first 16 quants
};

/// Token t's quants at quants + t * cols, its blocks at blocks + t * (cols / 32). Where packed_gemm
/// wants tokens in pairs (KernelTable::pairs_tokens), each two of them share their places: eight
/// columns of one and the same eight of the other, and so on; a word of the one's block and the
/// same word of the other's. The last of an odd number lies alone, as above.
struct QuantizedRows {
  const std::int8_t* quants = nullptr;  ///< [tokens, cols] or [pairs, cols / 8, 2, 8], aligned to
                                        ///< 64 bytes
  const ActivationBlock* blocks =
      nullptr;  ///< [tokens, cols / 32] or [pairs, cols / 32, 4, 2] words
};

/// What a block of this largest magnitude is multiplied by to become integers, and by to come back.
struct BlockScale {
  float inverse;
  float scale;
};

inline BlockScale ScaleFor(float magnitude) {
  // Below this 127 / magnitude overflows; such values are nothing beside any weight.
  constexpr float kSmallest = 1e-34F;
  if (magnitude < kSmallest) return {0.0F, 0.0F};
  return {127.0F / magnitude, magnitude / 127.0F};
}

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_QUANTIZE_QUANTIZED_ROW_H_
