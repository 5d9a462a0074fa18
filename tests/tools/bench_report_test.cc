#include "tools/fovea/bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fovea::tools {
namespace {

using testing::HasSubstr;

BenchSetting ASetting() {
  return {.model = "m.gguf",
          .weight_type = "Q8_0",
          .isa = "avx2",
          .kv = "f16",
          .arithmetic = "fast",
          .parameters = 1'500'000,
          .file_bytes = 2U << 20U,
          .threads = 2,
          .decode = 64,
          .repeat = 3,
          .load_seconds = 0.25,
          .session_bytes = 3U << 20U,
          .peak_resident_bytes = 0};
}

BenchResults SomeResults() {
  return {.prefill = {{.tokens = 512,
                       .rate = {.median = 1234.567, .least = 1000.0, .most = 2000.0},
                       .observed_rate = Spread{.median = 1111.0, .least = 1.0, .most = 2.0},
                       .observed_ratio = 1.125}},
          .decode = {{.tokens = 0, .rate = {.median = 50.0, .least = 40.0, .most = 60.0}},
                     {.tokens = 2048, .rate = {.median = 25.0, .least = 20.0, .most = 30.0}}}};
}

TEST(BenchReport, JsonMapsLengthsToMedians) {
  const auto json = BenchJson(ASetting(), SomeResults());
  EXPECT_EQ(json["prefill"].dump(), R"({"512":1235.0})");
  EXPECT_EQ(json["decode"].dump(), R"({"0":50.0,"2048":25.0})");
  EXPECT_EQ(json["spread"]["prefill"]["512"].dump(), "[1000.0,2000.0]");
  EXPECT_EQ(json["observed_prefill"]["512"]["time_ratio"], 1.125);
  EXPECT_EQ(json["isa"], "avx2");
  EXPECT_FALSE(json.contains("peak_resident_bytes"));
}

TEST(BenchReport, TableGivesRateRangeAndMillisecondsPerToken) {
  const std::string table = BenchTable(ASetting(), SomeResults());
  EXPECT_THAT(table, HasSubstr("2 threads, avx2, fast products, KV cache f16"));
  EXPECT_THAT(table, HasSubstr("decode 64 at 2048"));
  EXPECT_THAT(table, HasSubstr("20.0 - 30.0"));
  EXPECT_THAT(table, HasSubstr("40.000"));  // 25 tokens per second
  EXPECT_THAT(table, HasSubstr("1.125 x the time"));
}

TEST(BenchReport, EncodersHaveTextsPerSecondToo) {
  const BenchResults results = {
      .encode = {{.tokens = 128,
                  .rate = {.median = 6400.0, .least = 6000.0, .most = 7000.0},
                  .observed_rate = Spread{.median = 3200.0, .least = 1.0, .most = 2.0},
                  .observed_ratio = 2.0}}};
  const auto json = BenchJson(ASetting(), results);
  EXPECT_EQ(json["encode"].dump(), R"({"128":6400.0})");
  EXPECT_EQ(json["texts_per_second"].dump(), R"({"128":50.0})");
  EXPECT_EQ(json["spread"]["encode"]["128"].dump(), "[6000.0,7000.0]");
  EXPECT_EQ(json["observed_encode"]["128"]["time_ratio"], 2.0);
  EXPECT_FALSE(BenchJson(ASetting(), SomeResults()).contains("encode"));
  const std::string table = BenchTable(ASetting(), results);
  EXPECT_THAT(table, HasSubstr("encode 128"));
  EXPECT_THAT(table, HasSubstr("50.0 texts/s"));
}

}  // namespace
}  // namespace fovea::tools
