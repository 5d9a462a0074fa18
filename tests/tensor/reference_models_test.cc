// Quantized models of the reference folder against the same models in F32: every block must be as
// close as its type allows. Bounds follow from how the types round, see AllowedError.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "engine/format/gguf_file.h"
#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

constexpr double kHalfEpsilon = 0x1p-11;  // largest relative rounding error of a half

/// The root mean square of errors allowed in one block, given its F32 values. A quantizer's levels
/// are a step apart; a value inside the range is at most half a step from one of them.
double AllowedError(DataType type, std::span<const float> exact) {
  double largest = 0.0;
  for (const float value : exact) largest = std::max(largest, std::abs(double{value}));
  const double scale_rounding = largest * kHalfEpsilon;
  switch (type) {
    case DataType::kF32: return 0.0;
    case DataType::kF16: return scale_rounding + 0x1p-25;
    case DataType::kQ8_0:  // 127 steps to the largest value
      return largest / 127.0 * 0.5 + scale_rounding;
    case DataType::kQ4_0:  // 8 steps one way, 7 the other: its last value may be a whole step off
      return largest / 8.0 + scale_rounding;
    case DataType::kQ5_1:  // 31 steps from the smallest to the largest value; scale and minimum
                           // round
      return 2.0 * largest / 31.0 * 0.5 + 3.0 * scale_rounding;
    case DataType::kQ4_K:
      // At most 15 steps over twice the largest value, and uniform errors inside a step; the
      // groups' scales and minima round to 6 bits of the largest one.
      return 2.0 * largest / 15.0 / std::sqrt(12.0) + largest / 63.0 + scale_rounding;
    case DataType::kQ6_K:  // 32 steps to the largest value; the groups' scales round to 7 bits
      return largest / 32.0 / std::sqrt(12.0) + largest / 128.0 + scale_rounding;
    default: return -1.0;
  }
}

std::vector<float> Decode(const format::SourceTensor& tensor) {
  const MatrixView matrix = tensor.Matrix();
  std::vector<float> values(matrix.rows * matrix.cols);
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    Dequantize(matrix.type, matrix.Row(row), matrix.cols, values.data() + row * matrix.cols);
  }
  return values;
}

void ExpectClose(const format::SourceTensor& tensor, std::span<const float> values,
                 std::span<const float> exact) {
  ASSERT_EQ(values.size(), exact.size()) << tensor.name;
  const std::size_t block = BlockElements(tensor.type);
  for (std::size_t start = 0; start < values.size(); start += block) {
    double squares = 0.0;
    for (std::size_t i = start; i < start + block; ++i) {
      const double error = double{values[i]} - double{exact[i]};
      squares += error * error;
    }
    const double allowed = AllowedError(tensor.type, exact.subspan(start, block));
    ASSERT_LE(std::sqrt(squares / static_cast<double>(block)), allowed)
        << DataTypeName(tensor.type) << " " << tensor.name << " block " << start / block;
  }
}

void CompareModels(const std::string& name, DataType main_type) {
  if (std::string(FOVEA_REFERENCE_DIR).empty()) GTEST_SKIP() << "FOVEA_REFERENCE_DIR is not set";
  const std::string folder = std::string(FOVEA_REFERENCE_DIR) + "/models/peer-goldens/models/";
  const std::string family = name.substr(0, name.rfind('-'));
  auto quantized = format::GgufFile::Open(folder + name + ".gguf");
  auto exact = format::GgufFile::Open(folder + family + "-F32.gguf");
  ASSERT_TRUE(quantized.ok()) << quantized.error().message();
  ASSERT_TRUE(exact.ok()) << exact.error().message();
  std::size_t of_main_type = 0;
  for (const format::SourceTensor& tensor : quantized->tensors()) {
    const format::SourceTensor* same = exact->FindTensor(tensor.name);
    ASSERT_NE(same, nullptr) << tensor.name;
    ASSERT_EQ(same->type, DataType::kF32);
    ASSERT_EQ(same->shape, tensor.shape);
    if (tensor.type == main_type) ++of_main_type;
    ExpectClose(tensor, Decode(tensor), Decode(*same));
  }
  EXPECT_GT(of_main_type, 0U);
}

TEST(ReferenceModels, InQ4_0StayCloseToF32) {
  CompareModels("llama-256-Q4_0", DataType::kQ4_0);
}
TEST(ReferenceModels, InQ8_0StayCloseToF32) {
  CompareModels("llama-256-Q8_0", DataType::kQ8_0);
}
TEST(ReferenceModels, InQ4_KStayCloseToF32) {
  CompareModels("llama-256-Q4_K", DataType::kQ4_K);
}
TEST(ReferenceModels, InQ6_KStayCloseToF32) {
  CompareModels("llama-256-Q6_K", DataType::kQ6_K);
}
TEST(ReferenceModels, StoriesInF16StayCloseToF32) {
  CompareModels("stories260K-F16", DataType::kF16);
}
TEST(ReferenceModels, StoriesInQ4_0StayCloseToF32) {
  CompareModels("stories260K-Q4_0", DataType::kQ4_0);
}
TEST(ReferenceModels, StoriesInQ5_1StayCloseToF32) {
  CompareModels("stories260K-Q5_1", DataType::kQ5_1);
}
TEST(ReferenceModels, StoriesInQ8_0StayCloseToF32) {
  CompareModels("stories260K-Q8_0", DataType::kQ8_0);
}

}  // namespace
}  // namespace fovea
