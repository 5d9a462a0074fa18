// The kernels of one instruction set as a table of functions. This header is free of SIMD types;
// the tables are constants, one per instruction set, and the choice among them is the caller's.
//
// Common rules: pointers need no alignment unless stated; inputs and outputs do not overlap unless
// a line says "may alias"; sizes may be 0. For one table the result of an output element depends
// only on its own inputs, never on how many rows or tokens are computed together: splitting work
// among threads or prefill batches gives bit-equal results.
//
// Float arithmetic is IEEE 754's with one rounding per multiply-add, but for two liberties that
// some kernels take: exponentials below the smallest normal number may become 0; and NEON on 32-bit
// ARM treats every subnormal number as 0, divides to within 2 units in the last place, and has one
// NaN, without sign and payload.
#ifndef FOVEA_KERNELS_DISPATCH_KERNEL_TABLE_H_
#define FOVEA_KERNELS_DISPATCH_KERNEL_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/attention/attend_args.h"
#include "engine/kernels/bf16/bf16_products.h"
#include "engine/kernels/quantize/quantized_row.h"
#include "fovea/data_type.h"
#include "fovea/isa.h"

namespace fovea::platform {
struct CpuFeatures;
}

namespace fovea::kernels {

/// Rope pairs: interleaved rotates (x[2i], x[2i+1]), halves rotates (x[i], x[i + pairs]).
enum class RopeLayout : std::uint8_t { kInterleaved, kHalves };

/// Sums over two rows of logits, with P[i] = exp(p[i] - p_shift).
struct DivergenceTerms {
  double mass = 0.0;       ///< Σ P[i]
  double log_ratio = 0.0;  ///< Σ P[i]·((p[i] - q[i]) + gap)
};

struct KernelTable {
  Isa isa;

  /// Σ a[i]·b[i]
  float (*dot)(const float* a, const float* b, std::size_t n);

  /// out[t, r] = Σ_c x[t, c]·w[r, c]; strides in floats.
  /// w [rows, cols], x [tokens, cols], out [tokens, rows].
  void (*gemm)(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
               std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
               std::size_t out_stride);

  /// gemm with weights of type kF16 or kBF16 at any address, row r at w + r * row_bytes. Bit-equal
  /// to dequantize followed by gemm.
  void (*gemm_half)(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                    const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                    float* out, std::size_t out_stride);

  /// As Dequantize in tensor/dequantize.h, bit-equal to it.
  void (*dequantize)(DataType type, const void* blocks, std::size_t elements, float* out);

  /// out[i] = x[i] / sqrt(mean(x²) + eps) · weight[i]  (Zhang & Sennrich 2019). May alias.
  void (*rms_norm)(const float* x, const float* weight, float eps, std::size_t n, float* out);
  /// out[i] = (x[i] - mean) / sqrt(var + eps) · weight[i] + bias[i] (Ba et al. 2016); bias and
  /// weight may be null. May alias.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps,
                     std::size_t n, float* out);
  /// Rotates the first 2 * pairs values of x in place by the angles whose cosines and sines are
  /// given (Su et al. 2021).
  void (*rope)(float* x, const float* cosine, const float* sine, std::size_t pairs,
               RopeLayout layout);

  /// Activations; out may alias any input. gelu is the tanh form of Hendrycks & Gimpel 2016, and
  /// gelu_erf their exact one: x·Φ(x), within 4 + x²/4 units in the last place.
  void (*silu)(const float* x, std::size_t n, float* out);
  void (*gelu)(const float* x, std::size_t n, float* out);
  void (*gelu_erf)(const float* x, std::size_t n, float* out);
  void (*relu)(const float* x, std::size_t n, float* out);
  void (*silu_mul)(const float* gate, const float* up, std::size_t n, float* out);
  void (*gelu_mul)(const float* gate, const float* up, std::size_t n, float* out);
  void (*gelu_erf_mul)(const float* gate, const float* up, std::size_t n, float* out);
  void (*relu_mul)(const float* gate, const float* up, std::size_t n, float* out);

  void (*add)(const float* a, const float* b, std::size_t n, float* out);  ///< May alias.
  void (*scale)(float factor, std::size_t n, float* x);                    ///< In place.
  void (*softcap)(float cap, std::size_t n, float* x);  ///< x = cap·tanh(x / cap), in place.

  /// Σ exp(x[i] - shift); shift is at least the largest x. Each term errs by a few ulp of float,
  /// and so does the sum.
  double (*sum_exp)(const float* x, float shift, std::size_t n);
  /// p_shift is at least the largest p.
  DivergenceTerms (*divergence_sums)(const float* p, float p_shift, const float* q, float gap,
                                     std::size_t n);

  void (*f32_to_f16)(const float* x, std::size_t n, std::uint16_t* out);  ///< Nearest even.
  void (*f16_to_f32)(const std::uint16_t* x, std::size_t n, float* out);

  /// Rounds one row of activations to 8 bits; cols is a multiple of 32.
  /// quants [cols], blocks [cols / 32]
  void (*quantize_row)(const float* x, std::size_t cols, std::int8_t* quants,
                       ActivationBlock* blocks);
  /// out[t, r] = Σ_c x[t, c]·w[r, c] for the 16 * count rows of `count` panels, one after the
  /// other, of a type that has panels (tensor/packed_panels.h). Each output is
  /// accumulated over the blocks of 32 columns in ascending order: sum = fma(Σ of integer
  /// products, weight scale · activation scale, sum), then fma(minimum, scaled_sum, sum) for types
  /// that have one. All tables give the same bits.
  void (*packed_gemm)(DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                      const QuantizedRows& x, std::size_t tokens, float* out,
                      std::size_t out_stride);

  /// Whether packed_gemm reads tokens in pairs: QuantizeRows (quantize_rows.h) then stores them so.
  bool pairs_tokens = false;

  /// Products in bfloat16; null if the instruction set has none.
  const Bf16Products* bf16 = nullptr;

  std::size_t (*attend_scratch_floats)(std::size_t head_dim, std::size_t value_dim);
  void (*attend_tile)(const AttendTileArgs& args);
  float (*attend_merge)(float* partial, std::size_t splits, std::size_t stride,
                        std::size_t value_dim, float* out);
};

/// The table of an instruction set; null if it is not compiled in or this CPU lacks it.
const KernelTable* KernelsFor(Isa isa);
/// The same for a caller who has asked the CPU already.
const KernelTable* KernelsFor(Isa isa, const platform::CpuFeatures& cpu);

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_DISPATCH_KERNEL_TABLE_H_
