// The kernels of one instruction set as a table of functions. This header is free of SIMD types; the
// tables are constants, one per instruction set, and the choice among them is the caller's.
//
// Common rules: pointers need no alignment unless stated; inputs and outputs do not overlap unless a
// line says "may alias"; sizes may be 0. For one table the result of an output element depends only on
// its own inputs, never on how many rows or tokens are computed together: splitting work among threads
// or chunks gives bit-equal results.
#ifndef FOVEA_KERNELS_KERNEL_TABLE_H_
#define FOVEA_KERNELS_KERNEL_TABLE_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/quantized_row.h"
#include "fovea/data_type.h"
#include "fovea/isa.h"

namespace fovea::kernels {

/// One block of query rows of one head against all its keys. See attention/tiled_attention.h for the
/// algorithm; every field is plain memory so that this header knows nothing of sessions.
struct AttendTileArgs {
  std::size_t queries = 0;       ///< Rows of this tile, 1 … kMaxTileQueries.
  std::size_t head_dim = 0;      ///< Width of query and key.
  std::size_t value_dim = 0;     ///< Width of value and output.
  const float* query = nullptr;  ///< Row r at query + r * query_stride.
  std::size_t query_stride = 0;
  DataType kv_type = DataType::kF32;  ///< kF32 or kF16, keys and values alike.
  const std::byte* key = nullptr;     ///< Key j at key + j * key_stride_bytes.
  std::size_t key_stride_bytes = 0;
  const std::byte* value = nullptr;
  std::size_t value_stride_bytes = 0;
  /// Row r sees keys [key_begin[r], key_end[r]); both ascending in r. An empty range gives zeros.
  const std::size_t* key_begin = nullptr;
  const std::size_t* key_end = nullptr;
  const std::uint8_t* key_valid = nullptr;  ///< Null, or one byte per key: 0 hides it.
  float scale = 1.0F;
  float softcap = 0.0F;          ///< 0: none.
  float* out = nullptr;          ///< Row r at out + r * out_stride, [value_dim].
  std::size_t out_stride = 0;
  float* log_sum_exp = nullptr;  ///< [queries]
  /// Null, or normalised weights: row r at weights + r * weights_stride; columns [0, key_count) are all
  /// written, masked ones with 0.
  float* weights = nullptr;
  float* scores = nullptr;       ///< Null, or scores at the same layout, masked ones -inf; needs weights.
  std::size_t weights_stride = 0;
  std::size_t key_count = 0;
  float* scratch = nullptr;      ///< attend_scratch_floats(head_dim, value_dim) floats, 64-byte aligned.
};

inline constexpr std::size_t kMaxTileQueries = 16;

/// Rope pairs: interleaved rotates (x[2i], x[2i+1]), halves rotates (x[i], x[i + pairs]).
enum class RopeLayout : std::uint8_t { kInterleaved, kHalves };

struct KernelTable {
  Isa isa;

  /// Σ a[i]·b[i]
  float (*dot)(const float* a, const float* b, std::size_t n);

  /// out[t, r] = Σ_c x[t, c]·w[r, c]; strides in floats.
  /// w [rows, cols], x [tokens, cols], out [tokens, rows].
  void (*gemm)(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
               std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
               std::size_t out_stride);

  /// gemm with weights of type kF16 or kBF16 at any address, row r at w + r * row_bytes. Bit-equal to
  /// dequantize followed by gemm.
  void (*gemm_half)(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                    const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                    float* out, std::size_t out_stride);

  /// As Dequantize in tensor/dequantize.h, bit-equal to it.
  void (*dequantize)(DataType type, const void* blocks, std::size_t elements, float* out);

  /// out[i] = x[i] / sqrt(mean(x²) + eps) · weight[i]  (Zhang & Sennrich 2019). May alias.
  void (*rms_norm)(const float* x, const float* weight, float eps, std::size_t n, float* out);
  /// out[i] = (x[i] - mean) / sqrt(var + eps) · weight[i] + bias[i] (Ba et al. 2016); bias and weight may
  /// be null. May alias.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float eps,
                     std::size_t n, float* out);
  /// Rotates the first 2 * pairs values of x in place by the angles whose cosines and sines are given
  /// (Su et al. 2021).
  void (*rope)(float* x, const float* cosine, const float* sine, std::size_t pairs,
               RopeLayout layout);

  /// Activations; out may alias any input. gelu is the tanh form (Hendrycks & Gimpel 2016).
  void (*silu)(const float* x, std::size_t n, float* out);
  void (*gelu)(const float* x, std::size_t n, float* out);
  void (*silu_mul)(const float* gate, const float* up, std::size_t n, float* out);
  void (*gelu_mul)(const float* gate, const float* up, std::size_t n, float* out);

  void (*add)(const float* a, const float* b, std::size_t n, float* out);      ///< May alias.
  void (*scale)(float factor, std::size_t n, float* x);                         ///< In place.
  void (*softcap)(float cap, std::size_t n, float* x);  ///< x = cap·tanh(x / cap), in place.

  void (*f32_to_f16)(const float* x, std::size_t n, std::uint16_t* out);  ///< Nearest even.
  void (*f16_to_f32)(const std::uint16_t* x, std::size_t n, float* out);

  /// Rounds one row of activations to 8 bits; cols is a multiple of 32.
  /// quants [cols], blocks [cols / 32]
  void (*quantize_row)(const float* x, std::size_t cols, std::int8_t* quants,
                       ActivationBlock* blocks);
  /// out[t, r] = Σ_c x[t, c]·w[r, c] for the 16 * count rows of `count` strips, one after the other, of a
  /// type that has strips (tensor/strips.h). Per output one chain of fused multiply-adds over the blocks
  /// of 32 columns in ascending order: sum = fma(Σ of integer products, weight scale · activation scale,
  /// sum), then fma(minimum, scaled_sum, sum) for types that have one. All tables give the same bits.
  void (*strip_gemm)(DataType type, const std::byte* strips, std::size_t count, std::size_t cols,
                     const QuantizedRows& x, std::size_t tokens, float* out, std::size_t out_stride);

  std::size_t (*attend_scratch_floats)(std::size_t head_dim, std::size_t value_dim);
  void (*attend_tile)(const AttendTileArgs& args);
};

/// The table of an instruction set; null if it is not compiled in or this CPU lacks it.
const KernelTable* KernelsFor(Isa isa);

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_KERNEL_TABLE_H_
