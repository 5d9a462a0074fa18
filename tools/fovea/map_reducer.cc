#include "tools/fovea/map_reducer.h"

#include <array>
#include <cmath>

namespace fovea::tools {
namespace {

/// Independent partial sums, so that compilers can use vectors.
constexpr std::size_t kLanes = 16;

double SumOfSquares(const float* weights, std::size_t count) {
  std::array<float, kLanes> lanes = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += weights[i + lane] * weights[i + lane];
    }
  }
  for (; i < count; ++i) lanes[0] += weights[i] * weights[i];
  double sum = 0.0;
  for (const float lane : lanes) sum += static_cast<double>(lane);
  return sum;
}

}  // namespace

MapReducer::MapReducer(std::size_t layers, std::size_t heads)
    : heads_(heads), sums_(layers * heads) {}

void MapReducer::OnRows(const AttentionRows& rows) {
  Sum& sum = sums_[rows.layer * heads_ + rows.head];
  for (std::size_t row = 0; row < rows.query_count; ++row) {
    const double squares = SumOfSquares(rows.weights + row * rows.stride, rows.key_count);
    if (squares > 0.0) sum.entropy -= std::log(squares);
  }
  sum.rows += rows.query_count;
}

double MapReducer::MeanCollisionEntropy() const {
  double entropy = 0.0;
  for (const Sum& sum : sums_) entropy += sum.entropy;
  const std::size_t count = rows();
  return count == 0 ? 0.0 : entropy / static_cast<double>(count);
}

std::size_t MapReducer::rows() const {
  std::size_t count = 0;
  for (const Sum& sum : sums_) count += sum.rows;
  return count;
}

}  // namespace fovea::tools
