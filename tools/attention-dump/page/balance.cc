#include "tools/attention-dump/page/balance.h"

#include <algorithm>
#include <cmath>

#include "tools/attention-dump/page/symmetric_eigen.h"

namespace fovea::dump {
namespace {

/// Added to the diagonal, as a share of its mean, so that directions that no vector has stay
/// invertible.
constexpr double kRidge = 1e-6;

std::vector<double> Mean(std::span<const float> rows, std::size_t dim) {
  std::vector<double> mean(dim, 0.0);
  const std::size_t count = rows.size() / dim;
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t c = 0; c < dim; ++c) mean[c] += static_cast<double>(rows[row * dim + c]);
  }
  for (double& value : mean) value /= static_cast<double>(std::max<std::size_t>(count, 1));
  return mean;
}

/// Adds the sum of x xᵀ over the rows x, less `mean`.
void AddSecondMoments(std::span<const float> rows, const std::vector<double>& mean,
                      SquareMatrix* sum) {
  const std::size_t dim = sum->size;
  std::vector<double> x(dim);
  for (std::size_t row = 0; row < rows.size() / dim; ++row) {
    for (std::size_t c = 0; c < dim; ++c) x[c] = static_cast<double>(rows[row * dim + c]) - mean[c];
    for (std::size_t i = 0; i < dim; ++i) {
      double* cells = sum->Row(i);
      const double factor = x[i];
      for (std::size_t c = 0; c < dim; ++c) cells[c] += factor * x[c];
    }
  }
}

/// Divides by the number of rows and makes sure that no direction is empty.
void Condition(double rows, SquareMatrix* moments) {
  double trace = 0.0;
  for (double& cell : moments->cells) cell /= rows;
  for (std::size_t i = 0; i < moments->size; ++i) trace += moments->Row(i)[i];
  const double ridge = trace > 0.0 ? kRidge * trace / static_cast<double>(moments->size) : 1.0;
  for (std::size_t i = 0; i < moments->size; ++i) moments->Row(i)[i] += ridge;
}

/// a b.
SquareMatrix Product(const SquareMatrix& a, const SquareMatrix& b) {
  SquareMatrix product(a.size);
  for (std::size_t row = 0; row < a.size; ++row) {
    double* out = product.Row(row);
    for (std::size_t k = 0; k < a.size; ++k) {
      const double factor = a.Row(row)[k];
      const double* cells = b.Row(k);
      for (std::size_t column = 0; column < a.size; ++column) out[column] += factor * cells[column];
    }
  }
  return product;
}

/// The matrix with these eigenvectors and the eigenvalues raised to `power`.
SquareMatrix Power(const SymmetricEigen& eigen, double power) {
  const std::size_t size = eigen.values.size();
  SquareMatrix scaled = eigen.vectors;
  SquareMatrix transposed(size);
  for (std::size_t row = 0; row < size; ++row) {
    const double factor = std::pow(std::max(eigen.values[row], 1e-300), power);
    for (std::size_t column = 0; column < size; ++column) {
      scaled.Row(row)[column] *= factor;
      transposed.Row(column)[row] = eigen.vectors.Row(row)[column];
    }
  }
  return Product(transposed, scaled);
}

struct Basis {
  SquareMatrix query, key;  // transpose of each other's inverse
};

/// With S the square root of the keys' moments and S Q S = Vᵀ Λ V: queries times Λ^-¼ V S, keys
/// times Λ^¼ V S^-1; both then have second moments Λ^½.
Basis BalancedBasis(const SquareMatrix& query_moments, const SquareMatrix& key_moments) {
  const SymmetricEigen keys = EigenOf(key_moments);
  const SquareMatrix root = Power(keys, 0.5);
  const SymmetricEigen both = EigenOf(Product(Product(root, query_moments), root));
  Basis basis = {.query = Product(both.vectors, root),
                 .key = Product(both.vectors, Power(keys, -0.5))};
  for (std::size_t row = 0; row < query_moments.size; ++row) {
    const double factor = std::pow(std::max(both.values[row], 1e-300), 0.25);
    for (std::size_t c = 0; c < query_moments.size; ++c) {
      basis.query.Row(row)[c] /= factor;
      basis.key.Row(row)[c] *= factor;
    }
  }
  return basis;
}

std::vector<float> Transformed(std::span<const float> rows, const std::vector<double>& mean,
                               const SquareMatrix& basis, std::vector<double>* power) {
  const std::size_t dim = basis.size;
  const std::size_t count = rows.size() / dim;
  std::vector<double> x(dim), y(dim);
  SquareMatrix columns(dim);  // so that the inner loop runs over outputs
  for (std::size_t row = 0; row < dim; ++row) {
    for (std::size_t c = 0; c < dim; ++c) columns.Row(c)[row] = basis.Row(row)[c];
  }
  std::vector<float> out(count * dim);
  power->assign(dim, 0.0);
  for (std::size_t row = 0; row < count; ++row) {
    std::fill(y.begin(), y.end(), 0.0);
    for (std::size_t c = 0; c < dim; ++c) {
      const double factor = static_cast<double>(rows[row * dim + c]) - mean[c];
      const double* column = columns.Row(c);
      for (std::size_t i = 0; i < dim; ++i) y[i] += factor * column[i];
    }
    for (std::size_t i = 0; i < dim; ++i) {
      out[row * dim + i] = static_cast<float>(y[i]);
      (*power)[i] += y[i] * y[i];
    }
  }
  for (double& value : *power) value /= static_cast<double>(std::max<std::size_t>(count, 1));
  return out;
}

}  // namespace

BalancedGroup Balance(const TraceGroup& group) {
  const std::size_t dim = group.dim;
  const std::vector<double> none(dim, 0.0);
  const std::vector<double> mean = group.softcap > 0.0F ? none : Mean(group.key, dim);
  SquareMatrix query_moments(dim), key_moments(dim);
  for (const std::span<const float> query : group.queries) {
    AddSecondMoments(query, none, &query_moments);
  }
  AddSecondMoments(group.key, mean, &key_moments);
  const auto tokens = static_cast<double>(std::max<std::size_t>(group.tokens, 1));
  Condition(tokens * static_cast<double>(group.queries.size()), &query_moments);
  Condition(tokens, &key_moments);
  const Basis basis = BalancedBasis(query_moments, key_moments);

  BalancedGroup balanced;
  for (const std::span<const float> query : group.queries) {
    std::vector<double>& power = balanced.query_power.emplace_back();
    balanced.queries.push_back(Transformed(query, none, basis.query, &power));
  }
  balanced.key = Transformed(group.key, mean, basis.key, &balanced.key_power);
  return balanced;
}

}  // namespace fovea::dump
