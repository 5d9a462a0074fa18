#include "tools/attention-dump/render/color.h"

#include <gtest/gtest.h>

#include <limits>

namespace fovea::dump {
namespace {

TEST(ColorTest, EndsOfTheMapsAreTheirPublishedColours) {
  EXPECT_EQ(ColorMap("blues").At(0.0), (Rgb{0xf7, 0xfb, 0xff}));
  EXPECT_EQ(ColorMap("blues").At(1.0), (Rgb{0x08, 0x30, 0x6b}));
  EXPECT_EQ(ColorMap("viridis").At(0.0), (Rgb{0x44, 0x01, 0x54}));
  EXPECT_EQ(ColorMap("viridis").At(1.0), (Rgb{0xfd, 0xe7, 0x25}));
  EXPECT_EQ(ColorMap("no such map").At(1.0), ColorMap("blues").At(1.0));
}

TEST(ColorTest, LogScaleSpansFourDecades) {
  EXPECT_DOUBLE_EQ(ScalePosition(1.0, true), 1.0);
  EXPECT_NEAR(ScalePosition(0.01, true), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(ScalePosition(1e-4, true), 0.0);
  EXPECT_DOUBLE_EQ(ScalePosition(0.0, true), 0.0);
}

TEST(ColorTest, WeightsOutsideTheScaleAreClampedAndNanStandsOut) {
  const ColorMap colors("blues");
  EXPECT_EQ(colors.OfWeight(-1.0, false), colors.At(0.0));
  EXPECT_EQ(colors.OfWeight(7.0, false), colors.At(1.0));
  const Rgb nan = colors.OfWeight(std::numeric_limits<double>::quiet_NaN(), true);
  for (int i = 0; i < 256; ++i) EXPECT_NE(colors.At(i / 255.0), nan);
}

TEST(ColorTest, TextIsWhiteOnDarkAndDarkOnLight) {
  const ColorMap colors("blues");
  EXPECT_EQ(TextColorOn(colors.At(1.0)), (Rgb{0xff, 0xff, 0xff}));
  EXPECT_EQ(TextColorOn(colors.At(0.0)), (Rgb{0x11, 0x11, 0x11}));
}

}  // namespace
}  // namespace fovea::dump
