#include "fovea/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace fovea {
namespace {

Sampler MakeSampler(const SamplerOptions& options) {
  auto sampler = Sampler::Create(options);
  EXPECT_TRUE(sampler.ok()) << sampler.status().message();
  return std::move(sampler).value();
}

std::vector<std::int32_t> Draw(Sampler* sampler, const std::vector<float>& logits, int count) {
  std::vector<std::int32_t> ids;
  for (int i = 0; i < count; ++i) {
    auto id = sampler->Sample(logits);
    EXPECT_TRUE(id.ok()) << id.status().message();
    ids.push_back(id.ok() ? *id : -1);
  }
  return ids;
}

std::map<std::int32_t, int> Histogram(const SamplerOptions& options,
                                      const std::vector<float>& logits, int count) {
  Sampler sampler = MakeSampler(options);
  std::map<std::int32_t, int> histogram;
  for (const std::int32_t id : Draw(&sampler, logits, count)) ++histogram[id];
  return histogram;
}

TEST(Sampler, RefusesOptionsOutOfRangeAndNamesThem) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const struct {
    SamplerOptions options;
    std::string name;
  } cases[] = {
      {{.temperature = -0.1F}, "temperature"},
      {{.temperature = nan}, "temperature"},
      {{.temperature = std::numeric_limits<float>::infinity()}, "temperature"},
      {{.top_k = -1}, "top_k"},
      {{.top_p = 0.0F}, "top_p"},
      {{.top_p = 1.5F}, "top_p"},
      {{.top_p = nan}, "top_p"},
  };
  for (const auto& c : cases) {
    const auto sampler = Sampler::Create(c.options);
    ASSERT_FALSE(sampler.ok());
    EXPECT_EQ(sampler.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(sampler.status().message().find(c.name), std::string::npos);
  }
}

TEST(Sampler, NamesTheTokenWhoseLogitIsNotFinite) {
  for (const float temperature : {0.0F, 1.0F}) {
    Sampler sampler = MakeSampler({.temperature = temperature});
    std::vector<float> logits(10, 0.0F);
    logits[7] = std::numeric_limits<float>::quiet_NaN();
    const auto id = sampler.Sample(logits);
    ASSERT_FALSE(id.ok());
    EXPECT_EQ(id.status().code(), StatusCode::kNonFinite);
    EXPECT_NE(id.status().message().find("token 7"), std::string::npos);
    EXPECT_EQ(sampler.Sample({}).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(Sampler, IsGreedyAtTemperatureZeroAndAtTopOne) {
  const std::vector<float> logits = {1, 5, 2, 5, 0};
  Sampler greedy = MakeSampler({});
  Sampler top_one = MakeSampler({.temperature = 2.0F, .top_k = 1});
  EXPECT_EQ(Draw(&greedy, logits, 3), (std::vector<std::int32_t>{1, 1, 1}));
  EXPECT_EQ(Draw(&top_one, logits, 3), (std::vector<std::int32_t>{1, 1, 1}));
}

TEST(Sampler, DrawsInProportionToTheSoftmax) {
  // Weights 1 : 2 : 4 : 1 at temperature 1.
  const float ln2 = 0.69314718F;
  const std::vector<float> logits = {0, ln2, 2 * ln2, 0};
  const int draws = 40'000;
  const auto histogram = Histogram({.temperature = 1.0F, .seed = 3}, logits, draws);
  const double expected[] = {1.0 / 8, 2.0 / 8, 4.0 / 8, 1.0 / 8};
  for (std::int32_t id = 0; id < 4; ++id) {
    const double p = expected[id];
    // Five standard deviations of a binomial share.
    const double tolerance = 5 * std::sqrt(p * (1 - p) / draws);
    EXPECT_NEAR(histogram.at(id) / static_cast<double>(draws), p, tolerance) << id;
  }
}

TEST(Sampler, TemperatureSharpensBeforeTopPCuts) {
  // At temperature 0.5 the weights are 1 : 4 : 16, so 16/21 = 0.76 reach top_p 0.7 alone.
  const float ln2 = 0.69314718F;
  const std::vector<float> logits = {0, ln2, 2 * ln2};
  const auto sharp = Histogram({.temperature = 0.5F, .top_p = 0.7F}, logits, 200);
  EXPECT_EQ(sharp.size(), 1U);
  // At temperature 1 they are 1 : 2 : 4, and two are needed.
  const auto flat = Histogram({.temperature = 1.0F, .top_p = 0.7F}, logits, 2'000);
  EXPECT_EQ(flat.size(), 2U);
  EXPECT_EQ(flat.count(0), 0U);
}

TEST(Sampler, TopKKeepsTheMostLikelyAndLowestIds) {
  const std::vector<float> logits = {1, 3, 2, 3, 3, 0, 2};
  const auto histogram = Histogram({.temperature = 5.0F, .top_k = 4}, logits, 4'000);
  EXPECT_EQ(histogram.size(), 4U);
  for (const std::int32_t id : {1, 3, 4, 2}) EXPECT_EQ(histogram.count(id), 1U) << id;
  // More than there are keeps all.
  EXPECT_EQ(Histogram({.temperature = 5.0F, .top_k = 100}, logits, 4'000).size(), 7U);
}

TEST(Sampler, TopKAndTopPWorkTogether) {
  const std::vector<float> logits = {4, 3, 3, 3, -9, -9};
  // Of the best three (e : 1 : 1), top_p 0.6 keeps two: 0.576, then 0.788.
  const auto histogram = Histogram({.temperature = 1.0F, .top_k = 3, .top_p = 0.6F}, logits, 2'000);
  EXPECT_EQ(histogram.size(), 2U);
  EXPECT_EQ(histogram.count(0), 1U);
  EXPECT_EQ(histogram.count(1), 1U);
}

TEST(Sampler, TheSameSeedGivesTheSameIdsEverywhere) {
  // Written down once; these must never change, on any machine.
  std::vector<float> logits(1000);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>((i * 7919) % 1000) / 100.0F;
  }
  Sampler plain = MakeSampler({.temperature = 1.0F, .seed = 42});
  Sampler cut = MakeSampler({.temperature = 0.8F, .top_k = 40, .top_p = 0.9F, .seed = 42});
  Sampler again = MakeSampler({.temperature = 1.0F, .seed = 42});
  Sampler other = MakeSampler({.temperature = 1.0F, .seed = 43});
  const auto ids = Draw(&plain, logits, 8);
  EXPECT_EQ(ids, (std::vector<std::int32_t>{88, 383, 670, 926, 988, 778, 718, 853}));
  EXPECT_EQ(Draw(&cut, logits, 8),
            (std::vector<std::int32_t>{963, 852, 383, 272, 235, 346, 704, 309}));
  EXPECT_EQ(Draw(&again, logits, 8), ids);
  EXPECT_NE(Draw(&other, logits, 8), ids);
}

TEST(Sampler, NeverDrawsAnIdOfWeightZero) {
  std::vector<float> logits(9, -1000.0F);
  logits[4] = 0.0F;
  for (const float top_p : {1.0F, 0.999F}) {
    const auto histogram = Histogram({.temperature = 1.0F, .top_p = top_p, .seed = 9}, logits, 500);
    EXPECT_EQ(histogram.size(), 1U);
    EXPECT_EQ(histogram.begin()->first, 4);
  }
}

}  // namespace
}  // namespace fovea
