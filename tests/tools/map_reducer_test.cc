#include "tools/fovea/map_reducer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace fovea::tools {
namespace {

TEST(MapReducer, GivesTheLogarithmOfTheKeysThatShareARowEvenly) {
  for (const std::size_t keys : {1U, 2U, 15U, 16U, 17U, 33U, 100U}) {
    const std::size_t stride = keys + 3;
    std::vector<float> weights(2 * stride, 9.0F);  // What lies behind a row must not count.
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t key = 0; key < keys; ++key) {
        weights[row * stride + key] = 1.0F / static_cast<float>(keys);
      }
    }
    MapReducer reducer(/*layers=*/2, /*heads=*/3);
    reducer.OnRows({.layer = 1,
                    .head = 2,
                    .query_count = 2,
                    .key_count = keys,
                    .weights = weights.data(),
                    .stride = stride});
    EXPECT_EQ(reducer.rows(), 2U);
    EXPECT_NEAR(reducer.MeanCollisionEntropy(), std::log(static_cast<double>(keys)), 1e-5) << keys;
  }
}

TEST(MapReducer, IsZeroWithoutRowsAndForRowsThatSeeNothing) {
  MapReducer reducer(1, 1);
  EXPECT_EQ(reducer.MeanCollisionEntropy(), 0.0);
  const std::vector<float> nothing(8, 0.0F);
  reducer.OnRows({.query_count = 1, .key_count = 8, .weights = nothing.data(), .stride = 8});
  EXPECT_EQ(reducer.MeanCollisionEntropy(), 0.0);
}

}  // namespace
}  // namespace fovea::tools
