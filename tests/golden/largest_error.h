// How far computed numbers are from a golden.
#ifndef FOVEA_TESTS_GOLDEN_LARGEST_ERROR_H_
#define FOVEA_TESTS_GOLDEN_LARGEST_ERROR_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace fovea::testing {

/// The largest absolute difference; fails the running test if the lengths differ.
inline double LargestError(std::span<const float> got, std::span<const float> want) {
  EXPECT_EQ(got.size(), want.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(got[i]) - want[i]));
  }
  return largest;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_GOLDEN_LARGEST_ERROR_H_
