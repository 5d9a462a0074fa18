// Products in bfloat16 arithmetic, of instruction sets that have it. Free of SIMD types.
//
// Activations are rounded to bfloat16 (nearest even, subnormals to zero) and arranged for the
// kernels once per product; weights of type kBF16 are taken as they are, those of kF16 as the sum
// of two bfloat16, which is exact. Products of bfloat16 are exact in a float; sums are floats. Each
// instruction set has an accumulation order of its own, which depends neither on the other tokens
// and rows of a call nor on their number.
#ifndef FOVEA_KERNELS_BF16_BF16_PRODUCTS_H_
#define FOVEA_KERNELS_BF16_BF16_PRODUCTS_H_

#include <cstddef>
#include <cstdint>

#include "fovea/data_type.h"

namespace fovea::kernels {

/// Columns of a row of prepared activations: cols and zeros up to a multiple of 32.
constexpr std::size_t Bf16Cols(std::size_t cols) {
  return (cols + 31) / 32 * 32;
}

/// Prepared activations of a multiple of this many tokens may be followed by those of more.
inline constexpr std::size_t kBf16TokenGroup = 16;

inline constexpr std::size_t kBf16ScratchBytes = std::size_t{192} * 1024;

struct Bf16Products {
  /// Whether products with weights of this type are faster this way.
  bool (*takes)(DataType type);

  /// prepared: [tokens · Bf16Cols(cols)], aligned to 64 bytes, opaque. A call for the tokens from t
  /// on, t a multiple of kBf16TokenGroup, writes from t · Bf16Cols(cols) on: calls may share the
  /// work.
  void (*prepare)(const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                  std::uint16_t* prepared);

  /// out[t, r] = Σ_c x[t, c]·w[r, c] with weights at any address, row r at w + r * row_bytes.
  /// scratch: kBf16ScratchBytes, aligned to 64 bytes.
  void (*gemm)(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
               const std::uint16_t* prepared, std::size_t tokens, std::size_t cols, float* out,
               std::size_t out_stride, std::byte* scratch);
};

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_BF16_BF16_PRODUCTS_H_
