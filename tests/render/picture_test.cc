#include <gtest/gtest.h>
#include <png.h>

#include <cmath>
#include <cstring>
#include <optional>

#include "tests/render/test_maps.h"
#include "tools/attention-dump/render/color.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {
namespace {

constexpr Rgb kFrame = {0x99, 0x99, 0x99};

struct Image {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  // [height, width, 3]
  Rgb At(std::size_t x, std::size_t y) const {
    const std::uint8_t* pixel = &pixels[(y * width + x) * 3];
    return {pixel[0], pixel[1], pixel[2]};
  }
};

std::optional<Image> Decode(const std::string& bytes) {
  png_image png;
  std::memset(&png, 0, sizeof(png));
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) return std::nullopt;
  png.format = PNG_FORMAT_RGB;
  Image image = {.width = png.width, .height = png.height, .pixels = {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  const int read = png_image_finish_read(&png, nullptr, image.pixels.data(), 0, nullptr);
  png_image_free(&png);
  if (read == 0) return std::nullopt;
  return image;
}

struct Plot {
  std::size_t x = 0, y = 0, side = 0;
};

// The first framed square of the picture from the top left.
Plot FindPlot(const Image& image) {
  for (std::size_t y = 0; y < image.height; ++y) {
    for (std::size_t x = 0; x < image.width; ++x) {
      if (image.At(x, y) != kFrame) continue;
      std::size_t end = x;
      while (end < image.width && image.At(end, y) == kFrame) ++end;
      return {x + 1, y + 1, end - x - 2};
    }
  }
  return {};
}

TEST(PictureTest, CellCentresHaveTheColourOfTheirWeight) {
  const std::size_t tokens = 24;  // more than 20: no numbers in the cells
  const MapSet maps = SinkMaps(tokens, 1, 1);
  for (const bool log_scale : {false, true}) {
    for (const std::string colormap : {"blues", "viridis"}) {
      const auto image = Decode(RenderPng(
          InfoFor(maps), maps, {.title = "", .log_scale = log_scale, .colormap = colormap}));
      ASSERT_TRUE(image);
      const Plot plot = FindPlot(*image);
      ASSERT_EQ(plot.side % tokens, 0U);
      const std::size_t cell = plot.side / tokens;
      const ColorMap colors(colormap);
      for (std::size_t query = 0; query < tokens; ++query) {
        for (std::size_t key = 0; key <= query; ++key) {
          ASSERT_EQ(
              image->At(plot.x + key * cell + cell / 2, plot.y + query * cell + cell / 2),
              colors.OfWeight(static_cast<double>(maps.Map(0, 0)[query * tokens + key]), log_scale))
              << query << " " << key;
        }
      }
    }
  }
}

TEST(PictureTest, MaskedCellsDifferFromZero) {
  MapSet maps = SinkMaps(24, 1, 1);
  std::fill(maps.weights.begin(), maps.weights.end(), 0.0F);
  const auto image = Decode(RenderPng(InfoFor(maps), maps, {}));
  ASSERT_TRUE(image);
  const Plot plot = FindPlot(*image);
  const std::size_t cell = plot.side / 24;
  const Rgb zero = ColorMap("blues").At(0.0);
  for (std::size_t i = 0; i < cell; ++i) {
    EXPECT_EQ(image->At(plot.x + i, plot.y + cell), zero);                 // key 0, query 1
    EXPECT_NE(image->At(plot.x + 5 * cell + i, plot.y + cell / 2), zero);  // key 5, query 0
  }
}

TEST(PictureTest, ASlidingWindowIsMaskedOnBothSides) {
  MapSet maps = SinkMaps(6, 1, 1);
  maps.windows = {2};
  const Panel panel = MakePanel(maps, 0, 0, {});
  EXPECT_TRUE(panel.Visible(4, 3));
  EXPECT_FALSE(panel.Visible(4, 2));
  EXPECT_FALSE(panel.Visible(4, 5));
}

TEST(PictureTest, DroppingTheFirstTokenRenormalisesTheRest) {
  const MapSet maps = SinkMaps(5, 1, 1);
  const Panel panel = MakePanel(maps, 0, 0, {.drop_first = true});
  for (std::size_t query = 0; query < 5; ++query) {
    EXPECT_FALSE(panel.Visible(query, 0));
    float sum = 0.0F;
    for (std::size_t key = 1; key <= query; ++key) sum += panel.At(query, key);
    // Four products and sums of numbers up to 1: a few rounding errors of half an epsilon each.
    if (query > 0) {
      EXPECT_NEAR(sum, 1.0F, 8 * 1.2e-7F);
    }
  }
}

TEST(PictureTest, PoolingTakesTheLargestVisibleWeight) {
  MapSet maps = SinkMaps(7, 1, 1);
  std::fill(maps.weights.begin(), maps.weights.end(), 0.0F);
  maps.weights[5 * 7 + 4] = 0.75F;
  const Panel panel = MakePanel(maps, 0, 0, {.max_size = 3});
  EXPECT_EQ(panel.block, 3U);
  EXPECT_EQ(panel.size, 3U);
  EXPECT_EQ(panel.At(1, 1), 0.75F);
  EXPECT_FALSE(panel.Visible(0, 1));
  EXPECT_TRUE(panel.Visible(2, 2));
}

TEST(PictureTest, NotANumberIsNotLostInAPool) {
  MapSet maps = SinkMaps(4, 1, 1);
  maps.weights[2 * 4 + 2] = std::nanf("");
  const Panel panel = MakePanel(maps, 0, 0, {.max_size = 2});
  EXPECT_TRUE(std::isnan(panel.At(1, 1)));
}

TEST(PictureTest, EveryShapeDecodes) {
  struct Shape {
    std::size_t tokens, layers, heads;
  };
  for (const Shape& shape :
       {Shape{1, 1, 1}, Shape{1, 2, 2}, Shape{12, 1, 1}, Shape{12, 30, 9}, Shape{3, 1, 40},
        Shape{3, 40, 1}, Shape{512, 1, 1}, Shape{200, 4, 8}, Shape{2000, 1, 1}, Shape{0, 0, 0}}) {
    const MapSet maps = SinkMaps(shape.tokens, shape.layers, shape.heads);
    const auto image = Decode(RenderPng(InfoFor(maps, HostilePieces()), maps, {.title = "t"}));
    ASSERT_TRUE(image) << shape.tokens << " " << shape.layers << " " << shape.heads;
    EXPECT_LE(image->width, 4000U);
  }
}

TEST(PictureTest, AComparisonShowsBothMapsOnOneScale) {
  const MapSet causal = SinkMaps(24, 1, 1);
  const MapSet full = SinkMaps(24, 1, 1, false);
  const auto image =
      Decode(RenderComparisonPng(InfoFor(causal), causal, full, "causal", "bidirectional", {}));
  ASSERT_TRUE(image);
  const Plot plot = FindPlot(*image);
  const std::size_t cell = plot.side / 24;
  const std::size_t y = plot.y + cell / 2;  // query 0
  const ColorMap colors("blues");
  EXPECT_EQ(image->At(plot.x + cell / 2, y), colors.At(1.0));
  // The frame of the right map follows the left one on the same row of pixels.
  std::size_t right = plot.x + plot.side + 1;
  while (image->At(right, y) != kFrame) ++right;
  EXPECT_EQ(image->At(right + 1 + cell / 2, y), colors.OfWeight(0.5, false));
  EXPECT_EQ(image->At(right + 1 + 23 * cell + cell / 2, y), colors.OfWeight(0.5 / 23, false));
}

TEST(PictureTest, GridsOfPairsDecodeAndUnequalSetsFallBackToTheLeftOne) {
  const MapSet left = SinkMaps(12, 3, 4);
  const MapSet right = SinkMaps(12, 3, 4, false);
  const auto pairs = Decode(RenderComparisonPng(InfoFor(left), left, right, "a", "b", {}));
  const auto alone = Decode(RenderPng(InfoFor(left), left, {}));
  ASSERT_TRUE(pairs && alone);
  EXPECT_GT(pairs->width, pairs->height);
  const MapSet other = SinkMaps(5, 1, 1);
  EXPECT_EQ(RenderComparisonPng(InfoFor(left), left, other, "a", "b", {}),
            RenderPng(InfoFor(left), left, {}));
}

}  // namespace
}  // namespace fovea::dump
