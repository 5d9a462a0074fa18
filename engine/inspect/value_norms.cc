#include "fovea/value_norms.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/read_row.h"
#include "engine/model/model_impl.h"
#include "engine/model/run_checks.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

/// Doubles of a symmetric matrix's diagonal and what is right of it, row after row.
std::size_t TriangleSize(std::size_t dim) {
  return dim * (dim + 1) / 2;
}

/// Adds the products of every two elements of x to the triangle. x: [dim]
void AddProducts(const float* x, std::size_t dim, double* triangle) {
  for (std::size_t i = 0; i < dim; ++i) {
    const double factor = static_cast<double>(x[i]);
    for (std::size_t j = i; j < dim; ++j) *triangle++ += factor * static_cast<double>(x[j]);
  }
}

/// xᵀ G x
double QuadraticForm(const double* triangle, const float* x, std::size_t dim) {
  double sum = 0.0;
  for (std::size_t i = 0; i < dim; ++i) {
    const double factor = static_cast<double>(x[i]);
    double row = 0.5 * *triangle++ * factor;
    for (std::size_t j = i + 1; j < dim; ++j) row += *triangle++ * static_cast<double>(x[j]);
    sum += 2.0 * factor * row;
  }
  return sum;
}

/// Gram matrices of the column slices of a projection, one triangle per head. [heads, triangle]
std::vector<double> GramMatrices(const kernels::KernelTable& kernels, const MatrixView& projection,
                                 std::size_t heads, std::size_t dim) {
  std::vector<double> grams(heads * TriangleSize(dim));
  std::vector<float> row(projection.cols);
  std::vector<std::byte> unpacked(projection.row_bytes);
  for (std::size_t r = 0; r < projection.rows; ++r) {
    matmul::ReadRow(kernels, projection, r, unpacked.data(), row.data());
    for (std::size_t head = 0; head < heads; ++head) {
      AddProducts(row.data() + head * dim, dim, grams.data() + head * TriangleSize(dim));
    }
  }
  return grams;
}

}  // namespace

struct ValueNorms::Impl {
  Isa isa = Isa::kScalar;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t value_dim = 0;
  std::vector<std::vector<double>> layers;  // [layers], empty for layers not asked for
};

Result<ValueNorms> ValueNorms::Create(const Model& model, std::vector<std::size_t> layers,
                                      std::optional<Isa> isa) {
  const auto create = [&]() -> Result<ValueNorms> {
    const ModelInfo& info = model.info();
    auto impl = std::make_unique<Impl>();
    impl->heads = info.heads;
    impl->kv_heads = info.kv_heads;
    impl->value_dim = info.value_dim;
    impl->layers.resize(info.layers);
    if (layers.empty()) {
      layers.resize(info.layers);
      std::iota(layers.begin(), layers.end(), std::size_t{0});
    }
    FOVEA_RETURN_IF_ERROR(model::CheckNumbers("layer", layers, info.layers));
    const Result<Kernels> kernels = Kernels::For(isa);
    FOVEA_RETURN_IF_ERROR(kernels);
    impl->isa = kernels->isa();
    const model::Stack& stack = model.impl()->weights.main_stack();
    for (const std::size_t layer : layers) {
      if (!impl->layers[layer].empty()) continue;
      impl->layers[layer] = GramMatrices(
          kernels->table(), stack.layers[layer].sublayers.front().attention.output.weight,
          info.heads, info.value_dim);
    }
    return ValueNorms(std::move(impl));
  };
  return platform::IfMemoryLasts(create, [] {
    return Status(StatusCode::kOutOfMemory, "not enough memory for the norms of values");
  });
}

ValueNorms::ValueNorms(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
ValueNorms::ValueNorms(ValueNorms&&) noexcept = default;
ValueNorms& ValueNorms::operator=(ValueNorms&&) noexcept = default;
ValueNorms::~ValueNorms() = default;

Isa ValueNorms::isa() const {
  return impl_->isa;
}

void ValueNorms::Norms(std::size_t layer, const AttentionValues& values, float* out) const {
  const Impl& impl = *impl_;
  if (layer >= impl.layers.size() || impl.layers[layer].empty() ||
      values.kv_heads != impl.kv_heads || values.value_dim != impl.value_dim) {
    std::fill_n(out, impl.heads * values.count, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  const std::size_t dim = impl.value_dim;
  const std::size_t group = impl.heads / impl.kv_heads;
  for (std::size_t head = 0; head < impl.heads; ++head) {
    const double* gram = impl.layers[layer].data() + head * TriangleSize(dim);
    for (std::size_t i = 0; i < values.count; ++i) {
      const float* value = values.value + (i * impl.kv_heads + head / group) * dim;
      // Rounding may leave a little less than nothing; NaN stays NaN.
      const double square = QuadraticForm(gram, value, dim);
      out[head * values.count + i] = static_cast<float>(std::sqrt(square < 0.0 ? 0.0 : square));
    }
  }
}

}  // namespace fovea
