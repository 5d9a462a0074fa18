// What the tests of kernels share: a test per instruction set that this machine runs, random data
// at any alignment, and memory that shows writes beyond its end.
#ifndef FOVEA_TESTS_KERNELS_KERNEL_TEST_H_
#define FOVEA_TESTS_KERNELS_KERNEL_TEST_H_

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/isa.h"
#include "tests/kernels/isa_test_name.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea::kernels {

/// ε of float: half of it is the largest relative error of one rounding.
inline constexpr double kEpsilon = std::numeric_limits<float>::epsilon();

/// Lengths that reach every remainder of every vector and unrolled step, and some long ones.
inline std::vector<std::size_t> Lengths() {
  std::vector<std::size_t> lengths;
  for (std::size_t n = 0; n <= 130; ++n) lengths.push_back(n);
  lengths.insert(lengths.end(), {288, 576, 768, 1000, 2048, 4099});
  return lengths;
}

/// Every instruction set to test (isas_to_test.h), the scalar one included.
class KernelTest : public ::testing::TestWithParam<Isa> {
 protected:
  void SetUp() override { ASSERT_NE(KernelsFor(GetParam()), nullptr); }
  const KernelTable& kernels() const { return *KernelsFor(GetParam()); }
  static const KernelTable& scalar() { return *KernelsFor(Isa::kScalar); }

  float Uniform(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random_);
  }

  std::vector<float> Random(std::size_t n, float low = -2.0F, float high = 2.0F) {
    std::vector<float> values(n);
    for (float& value : values) value = Uniform(low, high);
    return values;
  }

  std::mt19937 random_{20261122};
};

#define FOVEA_KERNEL_TESTS(suite)                              \
  INSTANTIATE_TEST_SUITE_P(                                    \
      Isas, suite, ::testing::ValuesIn(::fovea::IsasToTest()), \
      [](const auto& param_info) { return ::fovea::IsaTestName(param_info.param); })

/// n floats that begin `offset` floats after an aligned address, between two fences.
class FencedFloats {
 public:
  FencedFloats(std::size_t n, std::size_t offset)
      : n_(n), offset_(offset), memory_(kFence + offset + n + kFence, kMark) {}
  FencedFloats(std::span<const float> values, std::size_t offset)
      : FencedFloats(values.size(), offset) {
    for (std::size_t i = 0; i < n_; ++i) data()[i] = values[i];
  }

  float* data() { return memory_.data() + kFence + offset_; }
  float operator[](std::size_t i) const { return memory_[kFence + offset_ + i]; }

  /// Whether nobody wrote outside the n floats.
  bool FencesStand() const {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const bool inside = i >= kFence + offset_ && i < kFence + offset_ + n_;
      if (!inside && memory_[i] != kMark) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kFence = 16;
  static constexpr float kMark = -12345.0F;
  std::size_t n_;
  std::size_t offset_;
  std::vector<float> memory_;
};

}  // namespace fovea::kernels

#endif  // FOVEA_TESTS_KERNELS_KERNEL_TEST_H_
