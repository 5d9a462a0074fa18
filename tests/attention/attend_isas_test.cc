// Attention as an operator runs on the kernels of the instruction set that was asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "engine/attention/scoring.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/attention.h"
#include "platform/aligned_buffer.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

using ::testing::HasSubstr;

TEST(Attend, RunsOnTheKernelsThatWereAskedFor) {
  constexpr std::size_t kHeads = 6;
  constexpr std::size_t kKvHeads = 2;
  constexpr std::size_t kDim = 24;
  constexpr std::size_t kTokens = 70;
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  const auto floats = [&](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = normal(random);
    return values;
  };
  const std::vector<float> query = floats(kTokens * kHeads * kDim);
  const std::vector<float> key = floats(kTokens * kKvHeads * kDim);
  const std::vector<float> value = floats(kTokens * kKvHeads * kDim);
  std::vector<float> scalar_weights;
  for (const Isa isa : AvailableIsas()) {
    SCOPED_TRACE(IsaName(isa));
    const auto result = Attend({.queries = kTokens,
                                .keys = kTokens,
                                .heads = kHeads,
                                .kv_heads = kKvHeads,
                                .query_width = kDim,
                                .key_width = kDim,
                                .value_width = kDim,
                                .query = query,
                                .key = key,
                                .value = value,
                                .mask = {.kind = Mask::Kind::kSlidingWindow, .window = 40},
                                .isa = isa});
    ASSERT_TRUE(result.ok()) << result.status().message();
    // The same bits as one tile of these kernels for each head and block of queries.
    const kernels::KernelTable& table = *kernels::KernelsFor(isa);
    const std::size_t scratch_floats = table.attend_scratch_floats(kDim, kDim);
    const auto scratch = platform::AlignedBuffer::Allocate(scratch_floats * sizeof(float));
    const auto weights =
        platform::AlignedBuffer::Allocate(kernels::kMaxTileRows * 80 * sizeof(float));
    const auto split_max = platform::AlignedBuffer::Allocate(
        kernels::kMaxTileRows * kernels::SplitMaxFloats(kTokens) * sizeof(float));
    for (std::size_t head = 0; head < kHeads; ++head) {
      for (std::size_t first = 0; first < kTokens; first += kernels::kMaxTileRows) {
        std::size_t begin[kernels::kMaxTileRows];
        std::size_t end[kernels::kMaxTileRows];
        float log_sum_exp[kernels::kMaxTileRows];
        std::vector<float> out(kernels::kMaxTileRows * kDim);
        kernels::AttendTileArgs args;
        args.rows = std::min(kTokens - first, kernels::kMaxTileRows);
        for (std::size_t r = 0; r < args.rows; ++r) {
          end[r] = first + r + 1;
          begin[r] = end[r] > 40 ? end[r] - 40 : 0;
        }
        args.head_dim = kDim;
        args.value_dim = kDim;
        args.query = query.data() + (first * kHeads + head) * kDim;
        args.query_stride = kHeads * kDim;
        args.key = reinterpret_cast<const std::byte*>(key.data() + head / 3 * kDim);
        args.key_stride = kKvHeads * kDim * sizeof(float);
        args.value = reinterpret_cast<const std::byte*>(value.data() + head / 3 * kDim);
        args.value_stride = kKvHeads * kDim * sizeof(float);
        args.key_begin = begin;
        args.key_end = end;
        args.scale = attention::ScoreScale({.key_width = kDim});
        args.out = out.data();
        args.out_stride = kDim;
        args.log_sum_exp = log_sum_exp;
        args.weights = weights.As<float>();
        args.weights_stride = 80;
        args.split_max = split_max.As<float>();
        args.key_count = kTokens;
        args.scratch = scratch.As<float>();
        table.attend_tile(args);
        for (std::size_t r = 0; r < args.rows; ++r) {
          const std::size_t row = head * kTokens + first + r;
          ASSERT_EQ(result->log_sum_exp[row], log_sum_exp[r]);
          for (std::size_t k = 0; k < kTokens; ++k) {
            ASSERT_EQ(result->weights[row * kTokens + k], args.weights[r * 80 + k])
                << r << " " << k;
          }
          for (std::size_t i = 0; i < kDim; ++i) {
            ASSERT_EQ(result->output[((first + r) * kHeads + head) * kDim + i], out[r * kDim + i]);
          }
        }
      }
    }
    if (isa == Isa::kScalar) {
      scalar_weights = result->weights;
    } else {
      EXPECT_NE(result->weights, scalar_weights);  // Other kernels round otherwise.
    }
  }
}

TEST(Attend, RefusesKernelsThatTheCpuLacks) {
  const std::vector<float> one = {1.0F};
  const auto result = Attend({.queries = 1,
                              .keys = 1,
                              .query_width = 1,
                              .key_width = 1,
                              .value_width = 1,
                              .query = one,
                              .key = one,
                              .value = one,
                              .isa = MissingIsa()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(result.status().message(), HasSubstr(std::string(IsaName(MissingIsa()))));
}

}  // namespace
}  // namespace fovea
