// The table that decides which provider computes a product: (weight type, tokens, instruction set)
// → provider. A provider computes a block of rows of one product for one worker; it knows nothing
// of threads. New ways to multiply are new providers and new rows of the table, asked in order: the
// first that does not decline computes the product.
#ifndef FOVEA_MATMUL_PLAN_H_
#define FOVEA_MATMUL_PLAN_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/tensor/matrix_view.h"
#include "fovea/arithmetic.h"
#include "fovea/data_type.h"
#include "fovea/isa.h"

namespace fovea::matmul {

/// What the choice may depend on. It may not depend on how work is split among threads, so that the
/// number of threads never changes a result. `tokens` may change it; the providers of today give
/// results that are bit-equal for any number of tokens.
struct Problem {
  DataType type = DataType::kF32;
  std::size_t tokens = 0;
  Isa isa = Isa::kScalar;
  Arithmetic arithmetic = Arithmetic::kExact;
  const kernels::Bf16Products* bf16 = nullptr;  ///< Those of the kernels, if they may be used.
};

/// A block of rows of a product, [tokens, rows] = x [tokens, cols] · weightᵀ, without bias.
struct RowBlock {
  MatrixView weight;         ///< The rows of this block alone.
  const float* x = nullptr;  ///< Row t at x + t * x_stride.
  std::size_t x_stride = 0;
  std::size_t tokens = 0;
  float* out = nullptr;  ///< Row t at out + t * out_stride, [weight.rows].
  std::size_t out_stride = 0;
  kernels::QuantizedRows quantized = {};   ///< x in 8 bits, for providers that ask for it.
  const std::uint16_t* rounded = nullptr;  ///< x as the kernels' bf16 products take it, likewise.
  std::span<float> panel = {};  ///< This worker's scratch: PanelFloats(weight.cols) or more.
};

struct Provider {
  std::string_view name;
  /// Whether this provider computes such a product.
  bool (*accepts)(const Problem& problem);
  void (*multiply)(const kernels::KernelTable& kernels, const RowBlock& block);
  bool quantizes = false;  ///< Reads `quantized` instead of `x`.
  bool rounds = false;     ///< Reads `rounded` instead of `x`.
};

/// Floats of a worker's panel for products of up to max_cols columns: at least eight rows of
/// floats, or one panel of quantized rows and the outputs of 64 tokens.
std::size_t PanelFloats(std::size_t max_cols);

/// All providers in the order in which they are asked. The last one accepts everything.
std::span<const Provider> Providers();

/// The first provider that accepts.
const Provider& Plan(const Problem& problem);

}  // namespace fovea::matmul

#endif  // FOVEA_MATMUL_PLAN_H_
