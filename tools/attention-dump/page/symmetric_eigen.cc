#include "tools/attention-dump/page/symmetric_eigen.h"

#include <cmath>
#include <utility>

namespace fovea::dump {
namespace {

constexpr int kMaxSweeps = 30;
constexpr double kSmall = 1e-22;  // of the squared sum of all cells

/// Rows a and b become cosine · a - sine · b and sine · a + cosine · b.
void Rotate(double* a, double* b, std::size_t size, double cosine, double sine) {
  for (std::size_t i = 0; i < size; ++i) {
    const double left = a[i];
    const double right = b[i];
    a[i] = cosine * left - sine * right;
    b[i] = sine * left + cosine * right;
  }
}

double SquaredSum(const SquareMatrix& matrix, bool off_diagonal_only) {
  double sum = 0.0;
  for (std::size_t row = 0; row < matrix.size; ++row) {
    for (std::size_t column = 0; column < matrix.size; ++column) {
      if (off_diagonal_only && row == column) continue;
      sum += matrix.Row(row)[column] * matrix.Row(row)[column];
    }
  }
  return sum;
}

/// Makes cell (p, q) zero.
void Annihilate(std::size_t p, std::size_t q, SquareMatrix* matrix, SquareMatrix* vectors) {
  const double cell = matrix->Row(p)[q];
  if (cell == 0.0) return;
  const double theta = (matrix->Row(q)[q] - matrix->Row(p)[p]) / (2.0 * cell);
  const double tangent = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(theta, 1.0));
  const double cosine = 1.0 / std::hypot(tangent, 1.0);
  const double sine = tangent * cosine;
  Rotate(matrix->Row(p), matrix->Row(q), matrix->size, cosine, sine);
  for (std::size_t row = 0; row < matrix->size; ++row) {
    double* cells = matrix->Row(row);
    const double left = cells[p];
    const double right = cells[q];
    cells[p] = cosine * left - sine * right;
    cells[q] = sine * left + cosine * right;
  }
  Rotate(vectors->Row(p), vectors->Row(q), vectors->size, cosine, sine);
}

}  // namespace

SymmetricEigen EigenOf(SquareMatrix matrix) {
  const std::size_t size = matrix.size;
  SymmetricEigen eigen = {.values = std::vector<double>(size), .vectors = SquareMatrix(size)};
  for (std::size_t i = 0; i < size; ++i) eigen.vectors.Row(i)[i] = 1.0;
  const double enough = kSmall * SquaredSum(matrix, false);
  for (int sweep = 0; sweep < kMaxSweeps && SquaredSum(matrix, true) > enough; ++sweep) {
    for (std::size_t p = 0; p + 1 < size; ++p) {
      for (std::size_t q = p + 1; q < size; ++q) Annihilate(p, q, &matrix, &eigen.vectors);
    }
  }
  for (std::size_t i = 0; i < size; ++i) eigen.values[i] = matrix.Row(i)[i];
  return eigen;
}

}  // namespace fovea::dump
