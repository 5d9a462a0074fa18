// The attention tile by itself: exactness, extremes, and what it must not touch. That it agrees
// with a double-precision reference for every shape is tested in
// tests/attention/tiled_attention_test.cc.
#include "engine/kernels/attention/attend_tile.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "platform/aligned_buffer.h"
#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A tile over float32 rows whose memory ends where the numbers do.
struct Tile {
  Tile(std::size_t row_count, std::size_t key_count, std::size_t head_dim, std::size_t value_dim)
      : rows(row_count),
        keys(key_count),
        query(row_count * head_dim, 1.0F),
        key(key_count * head_dim, 0.0F),
        value(key_count * value_dim, 1.0F),
        begin(row_count, 0),
        end(row_count, key_count),
        out(row_count * value_dim, 1),
        weights(row_count * key_count),
        scores(row_count * key_count),
        lse(row_count, 0) {
    args.head_dim = head_dim;
    args.value_dim = value_dim;
  }

  void Run(const KernelTable& kernels) {
    const std::size_t floats = kernels.attend_scratch_floats(args.head_dim, args.value_dim);
    const auto scratch = platform::AlignedBuffer::Allocate(floats * sizeof(float));
    // The map's rows are whole cache lines; a line behind the last one shows writes beyond them.
    const std::size_t stride = PaddedDim(keys);
    const auto maps = platform::AlignedBuffer::Allocate(2 * (rows * stride + 16) * sizeof(float));
    float* map_of_weights = maps.As<float>();
    float* map_of_scores = map_of_weights + rows * stride + 16;
    for (float* map : {map_of_weights, map_of_scores}) std::fill_n(map + rows * stride, 16, 5.0F);
    const auto split_max =
        platform::AlignedBuffer::Allocate((rows + 1) * SplitMaxFloats(keys) * sizeof(float));
    args.rows = rows;
    args.query = query.data();
    args.query_stride = args.head_dim;
    args.key = reinterpret_cast<const std::byte*>(key.data());
    args.key_stride = args.head_dim * sizeof(float);
    args.value = reinterpret_cast<const std::byte*>(value.data());
    args.value_stride = args.value_dim * sizeof(float);
    args.key_begin = begin.data();
    args.key_end = end.data();
    args.key_valid = valid.empty() ? nullptr : valid.data();
    args.out = out.data();
    args.out_stride = args.value_dim;
    args.log_sum_exp = lse.data();
    args.weights = map_of_weights;
    args.scores = map_of_scores;
    args.weights_stride = stride;
    args.key_count = keys;
    args.split_max = split_max.As<float>();
    args.scratch = scratch.As<float>();
    kernels.attend_tile(args);
    EXPECT_TRUE(out.FencesStand() && lse.FencesStand());
    for (const float* map : {map_of_weights, map_of_scores}) {
      EXPECT_EQ(std::count(map + rows * stride, map + rows * stride + 16, 5.0F), 16);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      std::copy_n(map_of_weights + r * stride, keys, &weights[r * keys]);
      std::copy_n(map_of_scores + r * stride, keys, &scores[r * keys]);
    }
  }

  std::size_t rows, keys;
  std::vector<float> query, key, value;
  std::vector<std::size_t> begin, end;
  std::vector<std::uint8_t> valid;
  FencedFloats out;
  std::vector<float> weights, scores;
  FencedFloats lse;
  AttendTileArgs args;
};

class AttendTileTest : public KernelTest {};
FOVEA_KERNEL_TESTS(AttendTileTest);

TEST_P(AttendTileTest, ExponentialsAreAccurateToAFewUlp) {
  constexpr std::size_t kKeys = 20001;
  Tile tile(1, kKeys, 1, 1);
  for (std::size_t k = 1; k < kKeys; ++k) tile.key[k] = -static_cast<float>(k) * 0.005F;
  tile.Run(kernels());
  for (std::size_t k = 0; k < kKeys; ++k) {
    const double ratio =
        static_cast<double>(tile.weights[k]) / static_cast<double>(tile.weights[0]);
    const double expected = std::exp(static_cast<double>(tile.key[k]));
    // Below e^-80 weights reach the subnormal numbers, where they may be flushed to 0.
    const double flushed =
        tile.key[k] < -80.0F ? 0x1p-126 / static_cast<double>(tile.weights[0]) : 0;
    ASSERT_NEAR(ratio, expected, 4 * kEpsilon * expected + flushed) << tile.key[k];
  }
}

TEST_P(AttendTileTest, EqualScoresGiveExactlyEqualWeights) {
  for (const std::size_t keys : {1U, 3U, 63U, 64U, 65U, 200U, 1000U}) {
    for (const float score : {0.0F, 1e4F, -1e4F, 3e38F}) {
      Tile tile(1, keys, 1, 3);
      std::fill(tile.key.begin(), tile.key.end(), score);
      tile.Run(kernels());
      for (std::size_t k = 0; k < keys; ++k) {
        ASSERT_EQ(tile.weights[k], 1.0F / static_cast<float>(keys));
        ASSERT_EQ(tile.scores[k], score);
      }
      EXPECT_NEAR(tile.out[2], 1.0F, kEpsilon);
      EXPECT_EQ(tile.lse[0], static_cast<float>(static_cast<double>(score) +
                                                std::log(static_cast<double>(keys))));
    }
  }
}

TEST_P(AttendTileTest, ScoresOfMinusInfinityWeighNothing) {
  Tile tile(1, 70, 1, 1);
  std::fill(tile.key.begin(), tile.key.end(), -kInfinity);
  tile.key[66] = 5.0F;
  tile.value[66] = 7.0F;
  tile.Run(kernels());
  EXPECT_EQ(tile.weights[66], 1.0F);
  EXPECT_EQ(tile.weights[0], 0.0F);
  EXPECT_EQ(tile.out[0], 7.0F);
  EXPECT_EQ(tile.lse[0], 5.0F);
}

TEST_P(AttendTileTest, ARowWithoutFiniteScoresIsZero) {
  Tile tile(1, 70, 1, 3);
  std::fill(tile.key.begin(), tile.key.end(), -kInfinity);
  tile.Run(kernels());
  for (std::size_t k = 0; k < 70; ++k) ASSERT_EQ(tile.weights[k], 0.0F);
  EXPECT_EQ(tile.out[1], 0.0F);
  EXPECT_EQ(tile.lse[0], -kInfinity);
}

TEST_P(AttendTileTest, NotANumberAndInfinityTurnTheirRowIntoNotANumber) {
  for (const float poison : {kNan, kInfinity}) {
    for (const std::size_t place : {0U, 5U, 63U, 64U, 99U}) {
      for (const float softcap : {0.0F, 30.0F}) {
        if (softcap > 0.0F && poison == kInfinity) continue;  // A softcap makes it finite.
        Tile tile(1, 100, 1, 2);
        tile.args.softcap = softcap;
        tile.key[place] = poison;
        tile.valid.assign(100, 1);
        tile.valid[7] = 0;
        tile.Run(kernels());
        EXPECT_TRUE(std::isnan(tile.out[0]));
        EXPECT_TRUE(std::isnan(tile.out[1]));
        EXPECT_TRUE(std::isnan(tile.lse[0]));
        EXPECT_TRUE(std::isnan(tile.weights[place]));
        EXPECT_EQ(tile.weights[7], 0.0F) << "masked cells stay 0";
      }
    }
  }
}

TEST_P(AttendTileTest, HiddenKeysAndValuesNeverReachARow) {
  for (const std::size_t value_dim : {3U, 16U, 64U}) {
    // Row r attends to keys [r, 90 + r) except key 40; what only other rows attend to is poisoned
    // in turn.
    for (std::size_t seen = 0; seen < 6; ++seen) {
      Tile tile(6, 100, 8, value_dim);
      tile.valid.assign(100, 1);
      tile.valid[40] = 0;
      for (std::size_t r = 0; r < 6; ++r) {
        tile.begin[r] = r;
        tile.end[r] = 90 + r;
      }
      for (std::size_t k = 0; k < 100; ++k) {
        if (k >= seen && k < 90 + seen && k != 40) continue;
        std::fill_n(&tile.key[k * 8], 8, kNan);
        std::fill_n(&tile.value[k * value_dim], value_dim, kNan);
      }
      tile.Run(kernels());
      for (std::size_t r = 0; r < 6; ++r) {
        EXPECT_EQ(std::isnan(tile.out[r * value_dim]), r != seen) << "row " << r;
        for (std::size_t k = 0; k < 100; ++k) {
          const bool hidden = k < r || k >= 90 + r || k == 40;
          if (hidden) {
            ASSERT_EQ(tile.weights[r * 100 + k], 0.0F);
            ASSERT_EQ(tile.scores[r * 100 + k], -kInfinity);
          } else if (r == seen) {
            ASSERT_EQ(tile.weights[r * 100 + k], 1.0F / 89.0F);
          }
        }
      }
    }
  }
}

TEST_P(AttendTileTest, NanValuesReachTheOutputButNotTheWeights) {
  Tile tile(1, 10, 4, 4);
  tile.value[4 * 3 + 2] = kNan;
  tile.Run(kernels());
  EXPECT_TRUE(std::isnan(tile.out[2]));
  EXPECT_EQ(tile.out[1], 1.0F);
  EXPECT_EQ(tile.weights[3], 0.1F);
}

TEST_P(AttendTileTest, RowsOfEmptyRangesAreZeroAmongOthers) {
  Tile tile(3, 10, 4, 4);
  tile.end = {0, 0, 10};
  tile.Run(kernels());
  EXPECT_EQ(tile.lse[0], -kInfinity);
  EXPECT_EQ(tile.out[4], 0.0F);
  EXPECT_EQ(tile.weights[10], 0.0F);
  EXPECT_EQ(tile.weights[20], 0.1F);
}

TEST_P(AttendTileTest, ARowIsBitEqualInAnyCompany) {
  for (const std::size_t dim : {5U, 64U}) {
    Tile all(kMaxTileRows, 500, dim, dim);
    all.query = Random(all.query.size());
    all.key = Random(all.key.size());
    all.value = Random(all.value.size());
    for (std::size_t r = 0; r < all.rows; ++r) {
      all.begin[r] = 5 * r;
      all.end[r] = 100 + 4 * r;
    }
    all.Run(kernels());
    for (std::size_t r = 0; r < all.rows; ++r) {
      Tile one(1, 500, dim, dim);
      one.query.assign(&all.query[r * dim], &all.query[r * dim] + dim);
      one.key = all.key;
      one.value = all.value;
      one.begin[0] = all.begin[r];
      one.end[0] = all.end[r];
      one.Run(kernels());
      ASSERT_EQ(std::memcmp(one.out.data(), all.out.data() + r * dim, dim * sizeof(float)), 0);
      ASSERT_EQ(std::memcmp(one.weights.data(), all.weights.data() + r * 500, 500 * sizeof(float)),
                0);
      ASSERT_EQ(one.lse[0], all.lse[r]);
    }
  }
}

TEST_P(AttendTileTest, NoRowsTouchNothing) {
  Tile tile(0, 3, 4, 4);
  tile.Run(kernels());
}

}  // namespace
}  // namespace fovea::kernels
