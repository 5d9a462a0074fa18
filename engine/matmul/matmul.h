// Products with weight matrices, whatever their type: the one place that decides which provider
// computes a product (see plan.h) and splits it among threads.
#ifndef FOVEA_MATMUL_MATMUL_H_
#define FOVEA_MATMUL_MATMUL_H_

#include <cstddef>
#include <span>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/tensor/matrix_view.h"
#include "fovea/arithmetic.h"
#include "platform/parallel.h"

namespace fovea::matmul {

/// The largest products that a scratch must serve.
struct ScratchShape {
  std::size_t batch_size = 0;
  std::size_t max_cols = 0;
  std::size_t workers = 1;
  bool bf16 = false;  ///< Whether products in bfloat16 are to be had, if the kernels have them.
};

/// Floats of scratch that products up to this shape need; the largest size_t if they overflow.
std::size_t ScratchFloats(const ScratchShape& shape);

/// What a product needs besides its operands.
struct Context {
  const kernels::KernelTable* kernels = nullptr;
  platform::Parallel* parallel = nullptr;
  Arithmetic arithmetic = Arithmetic::kFast;
  /// Whether the workers' cores differ in speed, for which the work is cut more finely.
  bool unequal_cores = false;
  ScratchShape shape;             ///< What scratch was sized for; workers are those of `parallel`.
  std::span<float> scratch = {};  ///< ScratchFloats(shape), 64-byte aligned.
};

/// One product of several that share their input (q, k, v; gate, up): all are run in one parallel
/// step.
struct Product {
  MatrixView weight;            ///< [rows, cols]
  const float* bias = nullptr;  ///< [rows] or null
  float* out = nullptr;         ///< [tokens, rows], row t at out + t * out_stride
  std::size_t out_stride = 0;
};

/// out[t, r] = Σ_c x[t, c] · weight[r, c] + bias[r] for each product. x: [tokens, cols], row t at
/// x + t * x_stride. All products have the same cols. Nothing aliases. Allocates nothing.
void Multiply(const Context& context, std::span<const Product> products, const float* x,
              std::size_t x_stride, std::size_t tokens);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_MATMUL_H_
