#include "tools/attention-dump/page/page_info.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/page_data/made_text.h"
#include "tests/page_data/page_decoder.h"

namespace fovea::dump {
namespace {

nlohmann::json InfoOf(const MadeText& text) {
  const Recording recording = text.Record();
  const PageText page_text = {.info = &text.info(), .recording = &recording};
  const Result<BuiltPage> built = BuildPage({&page_text, 1}, nullptr, {});
  EXPECT_TRUE(built.ok());
  return built.ok() ? nlohmann::json::parse(built->document.info_json) : nlohmann::json();
}

TEST(PageInfoTest, OffsetsCountUtf16Units) {
  // a, é (2 bytes, 1 unit), a smiling face (4 bytes, 2 units), b.
  EXPECT_EQ(Utf16Offsets("a\xc3\xa9\xf0\x9f\x98\x80"
                         "b"),
            (std::vector<std::uint32_t>{0, 1, 1, 2, 2, 2, 2, 4, 5}));
  EXPECT_EQ(Utf16Offsets(""), std::vector<std::uint32_t>{0});
}

TEST(PageInfoTest, ATokenThatEndsInsideACharacterIsEmptyAndTheNextHasTheCharacter) {
  // A smiling face in two tokens of two bytes, between letters.
  MadeText text({.tokens = 4, .pieces = {"a", "\xf0\x9f", "\x98\x80", "b"}});
  const nlohmann::json doc = InfoOf(text)["docs"][0];
  EXPECT_EQ(doc["begin"], (std::vector<int>{0, 1, 1, 3}));
  EXPECT_EQ(doc["end"], (std::vector<int>{1, 1, 3, 4}));
}

TEST(PageInfoTest, StatisticsAreThoseOfTheMaps) {
  const MadeText text({.tokens = 33, .layers = 2, .heads = 2});
  const nlohmann::json stats = InfoOf(text)["docs"][0]["stats"];
  ASSERT_EQ(stats.size(), 4U);
  for (std::size_t map = 0; map < 4; ++map) {
    const std::vector<double> weights = text.Map(map / 2, map % 2);
    double entropy = 0.0, self = 0.0, previous = 0.0, first = 0.0, confidence = 0.0;
    for (std::size_t q = 0; q < 33; ++q) {
      double most = 0.0;
      for (std::size_t k = 0; k <= q; ++k) {
        const double weight = weights[q * 33 + k];
        entropy -= weight > 0.0 ? weight * std::log(weight) / 33 : 0.0;
        most = std::max(most, weight);
      }
      confidence += most / 33;
      self += weights[q * 33 + q] / 33;
      if (q == 0) continue;
      previous += weights[q * 33 + q - 1] / 32;
      first += weights[q * 33] / 32;
    }
    EXPECT_NEAR(stats[map]["entropy"], entropy, 2e-5);
    EXPECT_NEAR(stats[map]["confidence"], confidence, 2e-5);
    EXPECT_NEAR(stats[map]["self"], self, 2e-5);
    EXPECT_NEAR(stats[map]["previous"], previous, 2e-5);
    EXPECT_NEAR(stats[map]["first"], first, 2e-5);
    EXPECT_TRUE(stats[map]["induction"].is_null());
  }
}

TEST(PageInfoTest, LossesAndCandidatesFollowFromTheLogits) {
  const MadeText text({.tokens = 20, .prompt = 12});
  const nlohmann::json doc = InfoOf(text)["docs"][0];
  const auto probability = [&](std::size_t position, std::size_t id) {
    double sum = 0.0;
    for (std::size_t other = 0; other < MadeText::kVocabulary; ++other) {
      sum += std::exp(text.Logit(position, other));
    }
    return std::exp(text.Logit(position, id)) / sum;
  };
  ASSERT_EQ(doc["loss"].size(), 20U);
  EXPECT_TRUE(doc["loss"][0].is_null());
  for (std::size_t i = 1; i < 20; ++i) {
    const double expected = -std::log(probability(i - 1, static_cast<std::size_t>(text.Id(i))));
    EXPECT_NEAR(doc["loss"][i], expected, 1e-4) << i;
  }
  ASSERT_EQ(doc["candidates"].size(), 9U);  // after tokens 11 … 19
  for (std::size_t step = 0; step < 9; ++step) {
    const nlohmann::json& candidates = doc["candidates"][step];
    EXPECT_EQ(candidates["position"], 11 + step);
    ASSERT_EQ(candidates["next"].size(), 5U);
    double last = 1.0;
    for (const nlohmann::json& next : candidates["next"]) {
      const std::string piece = next[0];  // "#17" without a tokenizer
      EXPECT_NEAR(next[1], probability(11 + step, std::stoul(piece.substr(1))), 1e-5);
      EXPECT_LE(next[1], last);
      last = next[1];
    }
    if (step < 8) {
      EXPECT_EQ(candidates["next"][0][0], "#" + std::to_string(text.Id(12 + step)));
    }
  }
}

}  // namespace
}  // namespace fovea::dump
