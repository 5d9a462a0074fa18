// Rotary frequencies against the formulas of their papers, written out for a few pairs.

#include "engine/model/rope_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace fovea::model {
namespace {

/// The angle of one pair at one position, from its cosine and sine.
double Angle(const RopeTable& table, std::size_t position, std::size_t pair, double* length) {
  std::vector<float> cosine(table.pairs());
  std::vector<float> sine(table.pairs());
  table.Fill(position, cosine.data(), sine.data());
  *length = std::hypot(cosine[pair], sine[pair]);
  return std::atan2(sine[pair], cosine[pair]);
}

TEST(RopeTable, UsesPowersOfTheBase) {
  const RopeTable table({.dims = 8, .base = 10000.0F}, {});
  ASSERT_EQ(table.pairs(), 4U);
  double length = 0.0;
  EXPECT_NEAR(Angle(table, 1, 0, &length), 1.0, 1e-6);
  EXPECT_NEAR(Angle(table, 1, 1, &length), 0.1, 1e-7);
  EXPECT_NEAR(Angle(table, 3, 2, &length), 0.03, 1e-8);
  EXPECT_NEAR(Angle(table, 1, 3, &length), 0.001, 1e-9);
  EXPECT_NEAR(length, 1.0, 1e-6);
}

TEST(RopeTable, LinearScalingDividesPositions) {
  const RopeTable table({.dims = 4, .scaling = RopeScaling::kLinear, .factor = 4.0F}, {});
  double length = 0.0;
  EXPECT_NEAR(Angle(table, 4, 0, &length), 1.0, 1e-6);
  EXPECT_NEAR(length, 1.0, 1e-6);
}

TEST(RopeTable, FactorsDivideFrequencies) {
  const std::vector<float> factors = {1.0F, 8.0F};
  const RopeTable table({.dims = 4}, factors);
  double length = 0.0;
  EXPECT_NEAR(Angle(table, 1, 0, &length), 1.0, 1e-6);
  EXPECT_NEAR(Angle(table, 8, 1, &length), 0.01, 1e-7);
}

TEST(RopeTable, YarnKeepsFastPairsStretchesSlowOnesAndScalesLengths) {
  const RopeParameters yarn{.dims = 32,
                            .base = 10000.0F,
                            .scaling = RopeScaling::kYarn,
                            .factor = 4.0F,
                            .original_context = 2048};
  const RopeTable table(yarn, {});
  double length = 0.0;
  // The first pair turns 2048 / 2π = 326 times over the original context: more than 32, so kept.
  EXPECT_NEAR(Angle(table, 1, 0, &length), 1.0, 1e-6);
  EXPECT_NEAR(length, 1.0 + 0.1 * std::log(4.0), 1e-6);
  // The last pair turns less than once: stretched by the whole factor.
  const double last = std::pow(10000.0, -30.0 / 32.0);
  EXPECT_NEAR(Angle(table, 1000, 15, &length), 1000.0 * last / 4.0, 1e-6);
  // In between, linear from the pair of 32 turns (rounded down) to that of one turn (rounded up).
  const auto pair_of = [](double turns) {
    return 32.0 * std::log(2048.0 / (turns * 2.0 * std::numbers::pi)) / (2.0 * std::log(10000.0));
  };
  const double low = std::floor(pair_of(32.0));
  const double high = std::ceil(pair_of(1.0));
  const double kept = 1.0 - (7.0 - low) / (high - low);
  ASSERT_GT(kept, 0.0);
  ASSERT_LT(kept, 1.0);
  const double frequency = std::pow(10000.0, -14.0 / 32.0);
  EXPECT_NEAR(Angle(table, 10, 7, &length), 10.0 * frequency * (kept + (1.0 - kept) / 4.0), 1e-6);
}

TEST(RopeTable, StaysExactAtLargePositions) {
  const RopeTable table({.dims = 2}, {});
  double length = 0.0;
  const double position = 1000003.0;
  const double want = std::remainder(position, 2.0 * std::numbers::pi);
  EXPECT_NEAR(Angle(table, 1000003, 0, &length), want, 1e-6);
}

}  // namespace
}  // namespace fovea::model
