#include "tools/attention-dump/page/build_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/page_data/made_text.h"
#include "tests/page_data/page_decoder.h"

namespace fovea::dump {
namespace {

constexpr std::uint64_t kTraceOnly = 1;  // so small a page that weights cannot be meant to fit
constexpr double kHalfStep = 0x1p-12;

Result<BuiltPage> Build(const MadeText& text, const Recording& recording,
                        const PageOptions& options = {}) {
  const PageText page_text = {.info = &text.info(), .recording = &recording};
  return BuildPage({&page_text, 1}, nullptr, options);
}

std::string Html(const Result<BuiltPage>& page) {
  EXPECT_TRUE(page.ok()) << (page.ok() ? "" : page.status().message());
  return page.ok() ? RenderHtml(page->document) : "";
}

/// A page in which queries and keys are rounded: `less` bytes smaller than with exact ones.
DecodedPage RoundedPage(const MadeText& text, const Recording& recording, std::size_t less,
                        PageOptions options = {}) {
  options.bytes = 0;
  const std::size_t exact = Html(Build(text, recording, options)).size();
  options.bytes = exact - less;
  const std::string html = Html(Build(text, recording, options));
  EXPECT_LE(html.size(), options.bytes);
  DecodedPage page = DecodeHtml(html);
  EXPECT_EQ(page.info["docs"][0]["store"]["bits"], 16);
  return page;
}

double LargestError(const std::vector<double>& a, const std::vector<double>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

/// Every map that the page rebuilds equals the made one within what the page says of itself.
void ExpectMaps(const DecodedPage& page, const MadeText& text, std::size_t document = 0,
                bool masked = true) {
  const nlohmann::json& doc = page.info["docs"][document];
  const double allowed = doc["store"]["max_error"].get<double>() + 5e-6;
  double worst = 0.0;
  for (std::size_t layer = 0; layer < text.layers().size(); ++layer) {
    for (std::size_t head = 0; head < text.heads().size(); ++head) {
      const std::vector<double> made = text.Map(text.layers()[layer], text.heads()[head], masked);
      const std::vector<double> rebuilt = MapOf(page, document, layer, head);
      worst = std::max(worst, LargestError(made, rebuilt));
      const std::size_t tokens = doc["tokens"].size();
      for (std::size_t q = 0; q < tokens; ++q) {
        double sum = 0.0;
        for (std::size_t k = 0; k < tokens; ++k) sum += rebuilt[q * tokens + k];
        // Rounded weights need not sum to 1 exactly.
        ASSERT_NEAR(sum, 1.0, doc["store"]["kind"] == "weights" ? 0.01 : 1e-5);
      }
    }
  }
  EXPECT_LE(worst, allowed);
  // What the page says is not merely safe, but the error that there is.
  if (doc["store"]["kind"] == "trace" && allowed > 1e-4) {
    EXPECT_GE(worst, 0.9 * allowed - 1e-5);
  }
}

TEST(BuildPageTest, ShortTextsKeepTheirWeightsInBothPrecisions) {
  for (const bool half : {true, false}) {
    const MadeText text({.window = 6, .half = half});
    const Recording recording = text.Record();
    EXPECT_TRUE(recording.traces.empty());
    const DecodedPage page = DecodeHtml(Html(Build(text, recording)));
    const nlohmann::json& store = page.info["docs"][0]["store"];
    EXPECT_EQ(store["kind"], "weights");
    EXPECT_EQ(store["precision"], half ? "f16" : "f32");
    EXPECT_EQ(store["max_error"], half ? kHalfStep : 0.0);
    ExpectMaps(page, text);
  }
}

TEST(BuildPageTest, ExactQueriesAndKeysWhereTheyFit) {
  const MadeText text({.window = 6, .page_bytes = kTraceOnly});
  const DecodedPage page = DecodeHtml(Html(Build(text, text.Record())));
  const nlohmann::json& store = page.info["docs"][0]["store"];
  EXPECT_EQ(store["bits"], 32);
  EXPECT_GT(store["max_error"], 0.0) << "32 bits round, too";
  EXPECT_LT(store["max_error"], 1e-5);
  ExpectMaps(page, text);
}

TEST(BuildPageTest, RoundedQueriesAndKeysRebuildEveryMapWithinTheStatedError) {
  const MadeText text({.tokens = 70, .page_bytes = kTraceOnly});
  const DecodedPage page = RoundedPage(text, text.Record(), 14000);
  EXPECT_GT(page.info["docs"][0]["store"]["max_error"], 0.0);
  EXPECT_LT(page.info["docs"][0]["store"]["max_error"], 0.05);
  ExpectMaps(page, text);
}

TEST(BuildPageTest, SlidingWindowsAndSoftcapsAreKept) {
  const MadeText text(
      {.tokens = 70, .kv_heads = 1, .window = 9, .softcap = 3.0F, .page_bytes = kTraceOnly});
  const DecodedPage page = RoundedPage(text, text.Record(), 14000);
  EXPECT_EQ(page.info["docs"][0]["store"]["softcap"], 3.0);
  EXPECT_EQ(page.info["docs"][0]["windows"], (std::vector<int>{0, 9}));
  ExpectMaps(page, text);
}

TEST(BuildPageTest, MoreRoomMeansSmallerErrors) {
  const MadeText text({.tokens = 70, .page_bytes = kTraceOnly});
  const Recording recording = text.Record();
  const auto error = [&](std::size_t less) {
    return RoundedPage(text, recording, less).info["docs"][0]["store"]["max_error"].get<double>();
  };
  EXPECT_LT(4.0 * error(8000), error(16000));
}

TEST(BuildPageTest, MapsWithoutTheMaskShareQueriesAndKeys) {
  const MadeText text(
      {.tokens = 70, .window = 9, .also_without_mask = true, .page_bytes = kTraceOnly});
  const DecodedPage page = RoundedPage(text, text.Record(), 14000, {.without_mask = true});
  EXPECT_EQ(page.info["pair"]["kind"], "mask");
  EXPECT_EQ(page.info["docs"][1]["share"], 0);
  EXPECT_EQ(page.info["docs"][1]["causal"], false);
  EXPECT_EQ(page.info["docs"][1]["windows"], (std::vector<int>{0, 0}));
  EXPECT_FALSE(page.info["docs"][0]["candidates"].is_null());
  EXPECT_TRUE(page.info["docs"][1]["candidates"].is_null());
  EXPECT_EQ(page.blocks.count("1/q/0/0"), 0U);
  ExpectMaps(page, text, 0);
  ExpectMaps(page, text, 1, false);
}

TEST(BuildPageTest, ShortTextsKeepTheirWeightsWithoutTheMaskToo) {
  const MadeText text({.window = 6, .also_without_mask = true});
  const DecodedPage page = DecodeHtml(Html(Build(text, text.Record(), {.without_mask = true})));
  EXPECT_EQ(page.info["docs"][1]["store"]["kind"], "weights");
  ExpectMaps(page, text, 0);
  ExpectMaps(page, text, 1, false);
}

TEST(BuildPageTest, ChosenLayersAndHeadsKeepTheirNumbersAndTheirKvHeads) {
  for (const std::uint64_t bytes : {kTraceOnly, std::uint64_t{1'000'000}}) {
    const MadeText text({.layers = 3,
                         .heads = 6,
                         .kv_heads = 3,
                         .chosen_layers = {0, 2},
                         .chosen_heads = {1, 4, 5},
                         .page_bytes = bytes});
    const DecodedPage page = DecodeHtml(Html(Build(text, text.Record())));
    const nlohmann::json& doc = page.info["docs"][0];
    EXPECT_EQ(doc["layers"], (std::vector<int>{0, 2}));
    EXPECT_EQ(doc["heads"], (std::vector<int>{1, 4, 5}));
    EXPECT_EQ(doc["kv_head"], (std::vector<int>{0, 2, 2}));
    EXPECT_EQ(page.blocks.count("0/k/1/1"), 0U) << "no chosen head reads this one";
    EXPECT_EQ(page.blocks.count("0/k/1/2"), bytes == kTraceOnly ? 1U : 0U);
    ExpectMaps(page, text);
  }
}

TEST(BuildPageTest, OneTokenIsAPage) {
  for (const std::uint64_t bytes : {kTraceOnly, std::uint64_t{1'000'000}}) {
    const MadeText text({.tokens = 1, .page_bytes = bytes});
    const DecodedPage page = DecodeHtml(Html(Build(text, text.Record())));
    EXPECT_EQ(page.info["docs"][0]["thumb"], 1);
    const std::vector<double> map = MapOf(page, 0, 1, 3);
    ASSERT_EQ(map.size(), 1U);
    EXPECT_NEAR(map[0], 1.0, 1e-6);
  }
}

TEST(BuildPageTest, AGenerationThatStoppedEarlyIsShownAsLongAsItIs) {
  const MadeText text({.tokens = 30, .prompt = 20, .planned = 64, .page_bytes = kTraceOnly});
  const DecodedPage page = DecodeHtml(Html(Build(text, text.Record())));
  EXPECT_EQ(page.info["docs"][0]["thumb"], 30);
  EXPECT_EQ(page.info["docs"][0]["candidates"].size(), 11U);  // after the prompt and each token
  ExpectMaps(page, text);
}

TEST(BuildPageTest, ThumbnailsHoldTheLargestWeightOfEveryBlock) {
  const std::size_t tokens = 150;  // blocks of 4: 38 per side
  const MadeText text({.tokens = tokens, .layers = 1, .heads = 2, .page_bytes = kTraceOnly});
  const DecodedPage page = DecodeHtml(Html(Build(text, text.Record())));
  const std::size_t side = page.info["docs"][0]["thumb"];
  ASSERT_EQ(side, 38U);
  const std::string codes = page.blocks.at("0/thumbs");
  ASSERT_EQ(codes.size(), 2 * side * side);
  for (std::size_t head = 0; head < 2; ++head) {
    const std::vector<double> map = text.Map(0, head);
    for (std::size_t cell = 0; cell < side * side; ++cell) {
      double largest = 0.0;
      for (std::size_t q = cell / side * 4; q < std::min(tokens, cell / side * 4 + 4); ++q) {
        for (std::size_t k = cell % side * 4; k < std::min(tokens, cell % side * 4 + 4); ++k) {
          largest = std::max(largest, map[q * tokens + k]);
        }
      }
      // A code is a step of 5.6 %.
      ASSERT_NEAR(WeightOfCode(codes[head * side * side + cell]), largest, 0.03 * largest + 1.1e-6);
    }
  }
}

TEST(BuildPageTest, LongTextsHaveAPyramid) {
  const std::size_t tokens = 1100;
  const MadeText text({.tokens = tokens,
                       .layers = 1,
                       .heads = 1,
                       .kv_heads = 1,
                       .dim = 4,
                       .page_bytes = 100'000'000});
  const Recording recording = text.Record();
  const DecodedPage page = DecodeHtml(Html(Build(text, recording)));
  const nlohmann::json& pyramid = page.info["docs"][0]["pyramid"];
  EXPECT_EQ(pyramid["block"], 2);
  const std::size_t side = pyramid["side"];
  ASSERT_EQ(side, 550U);
  const std::string codes = page.blocks.at("0/p/0/0");
  const std::size_t cells = side * (side + 1) / 2;
  ASSERT_EQ(codes.size(), 2 * cells);
  const std::vector<double> map = text.Map(0, 0);
  std::size_t at = 0;
  for (std::size_t q = 0; q < side; ++q) {
    for (std::size_t k = 0; k <= q; ++k, ++at) {
      const std::size_t cell = 2 * q * tokens + 2 * k;
      const double corner = 2 * k + 1 <= 2 * q ? map[cell + 1] : 0.0;  // hidden on the diagonal
      const double values[] = {map[cell], corner, map[cell + tokens], map[cell + tokens + 1]};
      const double largest = *std::max_element(values, values + 4);
      const double mean = (values[0] + values[1] + values[2] + values[3]) / (k == q ? 3 : 4);
      ASSERT_NEAR(WeightOfCode(codes[at]), largest, 0.03 * largest + 1.1e-6);
      ASSERT_NEAR(WeightOfCode(codes[cells + at]), mean, 0.03 * mean + 1.1e-6);
    }
  }
  EXPECT_EQ(page.info["docs"][0]["thumb"], 35);  // 550 halved until at most 64
}

TEST(BuildPageTest, NormsOfValuesComeAlong) {
  const MadeText text({.tokens = 20, .planned = 25, .chosen_heads = {1, 3}});
  const DecodedPage page = DecodeHtml(Html(Build(text, text.RecordWithValueNorms())));
  EXPECT_EQ(page.info["docs"][0]["has_values"], true);
  for (std::size_t head = 0; head < 2; ++head) {
    const std::vector<float> norms = FloatsOf(page.blocks.at("0/n/1/" + std::to_string(head)));
    ASSERT_EQ(norms.size(), 20U);
    for (std::size_t i = 0; i < 20; ++i) {
      EXPECT_EQ(norms[i], 1.0F + (head == 0 ? 1.0F : 3.0F) + static_cast<float>(i) / 8.0F);
    }
  }
  const DecodedPage without = DecodeHtml(Html(Build(text, text.Record())));
  EXPECT_EQ(without.info["docs"][0]["has_values"], false);
  EXPECT_EQ(without.blocks.count("0/n/1/0"), 0U);
}

TEST(BuildPageTest, BlocksOfTheFirstHeadComeFirst) {
  const MadeText text({.page_bytes = kTraceOnly});
  const DecodedPage page = DecodeHtml(Html(Build(text, text.Record())));
  const std::string layer = page.info["first"][0].dump();
  const std::string head = page.info["first"][1].dump();
  ASSERT_EQ(page.order.front(), "0/thumbs");
  const std::vector<std::string> next(page.order.begin() + 1, page.order.begin() + 4);
  EXPECT_THAT(next,
              testing::UnorderedElementsAre(
                  "0/q/" + layer + "/" + head, "0/z/" + layer + "/" + head,
                  "0/k/" + layer + "/" + page.info["docs"][0]["kv_head"][std::stoul(head)].dump()));
}

TEST(BuildPageTest, TooSmallAPageSizeSaysWhatWouldDo) {
  const MadeText text({.tokens = 70, .page_bytes = kTraceOnly});
  const Recording recording = text.Record();
  const Result<BuiltPage> page = Build(text, recording, {.bytes = 100'000});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.status().code(), StatusCode::kLimitExceeded);
  EXPECT_THAT(page.status().message(), testing::HasSubstr("100000 bytes are too few for 70 tokens "
                                                          "and 8 heads, which take about "));
}

TEST(BuildPageTest, CancellingEndsIt) {
  const MadeText text({.tokens = 70, .page_bytes = kTraceOnly});
  const Recording recording = text.Record();
  const Result<BuiltPage> page = Build(text, recording, {.cancelled = [] { return true; }});
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.status().code(), StatusCode::kCancelled);
}

TEST(BuildPageTest, ThreadsChangeNothing) {
  const MadeText text({.tokens = 70, .page_bytes = kTraceOnly});
  const Recording recording = text.Record();
  EXPECT_EQ(Html(Build(text, recording)), Html(Build(text, recording, {.threads = 3})));
}

TEST(BuildPageTest, TwoTextsStandSideBySide) {
  const MadeText left({.tokens = 70, .page_bytes = kTraceOnly});
  const MadeText right({.tokens = 70, .softcap = 2.0F, .page_bytes = kTraceOnly});
  const Recording recordings[] = {left.Record(), right.Record()};
  const PageText texts[] = {{.label = "a.gguf", .info = &left.info(), .recording = &recordings[0]},
                            {.label = "b.gguf",
                             .info = &right.info(),
                             .recording = &recordings[1],
                             .effects = std::vector<double>(8, 0.25)}};
  const PagePair pair = {.kind = PagePair::Kind::kModels,
                         .summary = {{"KL", "0.5"}},
                         .heads = std::vector<PagePair::Head>(8, {0.125, 0.25, 0.75})};
  const Result<BuiltPage> built = BuildPage(texts, &pair, {});
  const DecodedPage page = DecodeHtml(Html(built));
  EXPECT_EQ(page.info["pair"]["kind"], "models");
  EXPECT_EQ(page.info["pair"]["labels"], (std::vector<std::string>{"a.gguf", "b.gguf"}));
  EXPECT_EQ(page.info["pair"]["summary"][0][1], "0.5");
  EXPECT_EQ(page.info["pair"]["heads"][7]["js_worst"], 0.25);
  EXPECT_EQ(page.info["docs"][1]["stats"][7]["effect"], 0.25);
  EXPECT_TRUE(page.info["docs"][0]["stats"][7]["effect"].is_null());
  EXPECT_TRUE(page.info["docs"][1]["share"].is_null());
  ExpectMaps(page, left, 0);
  ExpectMaps(page, right, 1);
}

/// Mean and largest Jensen–Shannon divergence of two maps' rows.
std::pair<double, double> RowChanges(const std::vector<double>& a, const std::vector<double>& b,
                                     std::size_t tokens) {
  double mean = 0.0, worst = 0.0;
  for (std::size_t row = 0; row < tokens; ++row) {
    double divergence = 0.0;
    for (std::size_t key = 0; key < tokens; ++key) {
      const double p = a[row * tokens + key], q = b[row * tokens + key];
      const double middle = (p + q) / 2.0;
      if (p > 0.0) divergence += p * std::log(p / middle) / 2.0;
      if (q > 0.0) divergence += q * std::log(q / middle) / 2.0;
    }
    mean += divergence / static_cast<double>(tokens);
    worst = std::max(worst, divergence);
  }
  return {mean, worst};
}

/// The page's figures of change are those of the maps, and it opens on the most changed head.
void ExpectChanges(const DecodedPage& page, const MadeText& left, const MadeText& right,
                   std::size_t tokens, bool right_masked = true) {
  const nlohmann::json& heads = page.info["pair"]["heads"];
  ASSERT_EQ(heads.size(), 8U);
  std::size_t most = 0;
  for (std::size_t map = 0; map < 8; ++map) {
    const auto [mean, worst] =
        RowChanges(left.Map(map / 4, map % 4), right.Map(map / 4, map % 4, right_masked), tokens);
    EXPECT_NEAR(heads[map]["js_mean"].get<double>(), mean, 1e-4) << map;
    EXPECT_NEAR(heads[map]["js_worst"].get<double>(), worst, 1e-3) << map;
    if (heads[map]["js_mean"] > heads[most]["js_mean"]) most = map;
  }
  EXPECT_EQ(page.info["first"], (std::vector<std::size_t>{most / 4, most % 4}));
}

TEST(BuildPageTest, PairsAreMeasuredAndOpenOnTheMostChangedHead) {
  for (const std::uint64_t bytes : {std::uint64_t{1'000'000}, kTraceOnly}) {  // weights; a trace
    const MadeText left({.tokens = 70, .window = 9, .page_bytes = bytes});
    const MadeText right({.tokens = 70, .window = 9, .softcap = 2.0F, .page_bytes = bytes});
    const Recording recordings[] = {left.Record(), right.Record()};
    EXPECT_EQ(recordings[0].plan.weights, bytes != kTraceOnly);
    const PageText texts[] = {{.info = &left.info(), .recording = &recordings[0]},
                              {.info = &right.info(), .recording = &recordings[1]}};
    const PagePair pair = {.kind = PagePair::Kind::kAblation, .summary = {}, .heads = {}};
    ExpectChanges(DecodeHtml(Html(BuildPage(texts, &pair, {}))), left, right, 70);
  }
}

TEST(BuildPageTest, WhatTheMaskChangesIsMeasuredToo) {
  const MadeText text({.tokens = 40, .window = 9, .also_without_mask = true});
  const Recording recording = text.Record();
  const DecodedPage page = DecodeHtml(Html(Build(text, recording, {.without_mask = true})));
  ExpectChanges(page, text, text, 40, /*right_masked=*/false);
}

TEST(BuildPageTest, APairWithoutChangesOpensOnTheMostTellingHead) {
  const MadeText text({.tokens = 30});
  const Recording recording = text.Record();
  const PageText one = {.info = &text.info(), .recording = &recording};
  const PageText texts[] = {one, one};
  const PagePair pair = {.kind = PagePair::Kind::kAblation, .summary = {}, .heads = {}};
  const DecodedPage page = DecodeHtml(Html(BuildPage(texts, &pair, {})));
  EXPECT_EQ(page.info["pair"]["heads"][3]["js_mean"], 0.0);
  EXPECT_EQ(page.info["pair"]["heads"][3]["top1"], 1.0);
  EXPECT_EQ(page.info["first"], DecodeHtml(Html(Build(text, recording))).info["first"]);
}

TEST(BuildPageTest, TextsOfUnequalLengthAreNoPair) {
  const MadeText left({.tokens = 20});
  const MadeText right({.tokens = 21});
  const Recording recordings[] = {left.Record(), right.Record()};
  const PageText texts[] = {{.info = &left.info(), .recording = &recordings[0]},
                            {.info = &right.info(), .recording = &recordings[1]}};
  const PagePair pair = {.kind = PagePair::Kind::kTexts, .summary = {}, .heads = {}};
  const Result<BuiltPage> built = BuildPage(texts, &pair, {});
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.status().message(), "the two have 20 and 21 tokens");
}

}  // namespace
}  // namespace fovea::dump
