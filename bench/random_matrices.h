// The matrices that the benchmarks of products multiply by: PERFORMANCE's models' shapes, filled
// with random blocks of small scales.
#ifndef FOVEA_BENCH_RANDOM_MATRICES_H_
#define FOVEA_BENCH_RANDOM_MATRICES_H_

#include <cstddef>
#include <random>
#include <span>
#include <vector>

#include "engine/tensor/dequantize.h"
#include "engine/tensor/matrix_view.h"
#include "engine/tensor/packed_panels.h"
#include "platform/aligned_buffer.h"

namespace fovea::bench {

struct Shape {
  const char* model;
  std::size_t rows;
  std::size_t cols;
};

inline constexpr Shape kShapes[] = {
    {"15M", 768, 288}, {"110M", 2048, 768}, {"SmolLM", 1536, 576}, {"1.1B", 5632, 2048}};

/// Matrices of random blocks with small scales, one after the other.
struct RandomMatrices {
  RandomMatrices(DataType type, const Shape& shape, std::size_t count, bool packed)
      : bytes(platform::AlignedBuffer::Allocate(count * shape.rows * RowBytes(type, shape.cols),
                                                platform::AlignedBuffer::Pages::kHuge)) {
    std::mt19937 random(5);
    // Bits 14 and 6 clear: no half, bfloat16 or float among them is huge, infinite or NaN.
    for (std::byte& byte : std::span(bytes.data(), bytes.size()))
      byte = static_cast<std::byte>(random() & 0xBFU);
    const std::size_t row_bytes = RowBytes(type, shape.cols);
    for (std::size_t i = 0; i < count; ++i) {
      views.push_back({type, bytes.data() + i * shape.rows * row_bytes, shape.rows, shape.cols,
                       row_bytes,
                       packed && HasPackedPanels(type) ? shape.rows / kPanelRows * kPanelRows : 0});
    }
  }
  platform::AlignedBuffer bytes;
  std::vector<MatrixView> views;
};

}  // namespace fovea::bench

#endif  // FOVEA_BENCH_RANDOM_MATRICES_H_
