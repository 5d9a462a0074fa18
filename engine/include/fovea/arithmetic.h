// How products with weight matrices are computed: a choice that sessions are created with.
#ifndef FOVEA_ARITHMETIC_H_
#define FOVEA_ARITHMETIC_H_

#include <cstdint>

namespace fovea {

/// How products with weight matrices are computed. Everything else is computed in F32 either way.
enum class Arithmetic : std::uint8_t {
  /// Weights of quantized types meet activations that are rounded to 8 bits in blocks of 32, as
  /// llama.cpp does it; F16 and BF16 weights meet activations rounded to bfloat16 where the
  /// instruction set multiplies those faster. F32 weights stay exact.
  kFast,
  /// Activations stay F32; weights have the exact values that the file gives them.
  kExact,
};

}  // namespace fovea

#endif  // FOVEA_ARITHMETIC_H_
