// Eigenvalues and eigenvectors of small symmetric matrices.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_SYMMETRIC_EIGEN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_SYMMETRIC_EIGEN_H_

#include <cstddef>
#include <vector>

namespace fovea::dump {

/// Square, row-major.
struct SquareMatrix {
  std::size_t size = 0;
  std::vector<double> cells;

  explicit SquareMatrix(std::size_t n) : size(n), cells(n * n, 0.0) {}
  double* Row(std::size_t row) { return cells.data() + row * size; }
  const double* Row(std::size_t row) const { return cells.data() + row * size; }
};

struct SymmetricEigen {
  std::vector<double> values;
  SquareMatrix vectors;  ///< Row i belongs to values[i]; rows are orthonormal.
};

/// By cyclic Jacobi rotations. `matrix` must be finite.
SymmetricEigen EigenOf(SquareMatrix matrix);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_SYMMETRIC_EIGEN_H_
