// Typed access to metadata: right types, wrong types, ranges, missing keys.
#include <cmath>
#include <limits>

#include "tests/format/format_testing.h"

namespace fovea::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kUintMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();

class GgufAccessors : public ::testing::Test {
 protected:
  Bytes bytes_ = EverythingBuilder().Build();
  Result<format::GgufFile> opened_ = Open(bytes_);
  const format::GgufFile& file_ = *opened_;
};

TEST_F(GgufAccessors, ListKeysInFileOrder) {
  ASSERT_EQ(file_.Keys().size(), 19U);
  EXPECT_EQ(file_.Keys()[0], "general.architecture");
  EXPECT_EQ(file_.Keys()[18], "b.empty");
  EXPECT_TRUE(file_.HasKey("a.u8"));
  EXPECT_FALSE(file_.HasKey("a.u"));
  EXPECT_FALSE(file_.HasKey(""));
}

TEST_F(GgufAccessors, GiveEveryIntegerTypeAsUint) {
  EXPECT_EQ(*file_.GetUint("a.u8", 0, 255), 200U);
  EXPECT_EQ(*file_.GetUint("a.u16", 0, kUintMax), 60000U);
  EXPECT_EQ(*file_.GetUint("a.u32", 0, kUintMax), 4000000000U);
  EXPECT_EQ(*file_.GetUint("a.u64", 0, kUintMax), kUintMax);
  EXPECT_EQ(*file_.GetUint("a.bool", 0, 1), 1U);
  EXPECT_EQ(**file_.FindUint("a.u8", 200, 200), 200U);
}

TEST_F(GgufAccessors, RefuseUintsOutOfRange) {
  ExpectMessage(file_.GetUint("a.u8", 0, 199).error(), StatusCode::kLimitExceeded,
                {"'a.u8' is 200", "from 0 to 199"});
  ExpectMessage(file_.GetUint("a.u8", 201, 300).error(), StatusCode::kMalformed, {"'a.u8' is 200"});
  ExpectMessage(file_.GetUint("a.i8", 0, kUintMax).error(), StatusCode::kMalformed,
                {"'a.i8' is -7"});
  ExpectMessage(file_.GetUint("a.i64", 0, 5).error(), StatusCode::kMalformed,
                {"'a.i64' is -5000000000"});
  ExpectMessage(file_.GetUint("a.u64", 0, 5).error(), StatusCode::kLimitExceeded,
                {"18446744073709551615"});
}

TEST_F(GgufAccessors, RefuseWrongTypes) {
  ExpectMessage(file_.GetUint("a.f32", 0, 9).error(), StatusCode::kMalformed,
                {"'a.f32'", "an integer", "not f32"});
  ExpectMessage(file_.GetUint("b.ints", 0, 9).error(), StatusCode::kMalformed, {"array of i32"});
  ExpectMessage(file_.GetFloat("a.u8").error(), StatusCode::kMalformed, {"'a.u8'", "a float"});
  ExpectMessage(file_.FindFloat("general.architecture").error(), StatusCode::kMalformed,
                {"not string"});
  ExpectMessage(file_.FindBool("a.u8").error(), StatusCode::kMalformed, {"'a.u8'", "a bool"});
  ExpectMessage(file_.GetString("a.bool").error(), StatusCode::kMalformed,
                {"'a.bool'", "a string"});
  ExpectMessage(file_.FindStringArray("b.ints").error(), StatusCode::kMalformed,
                {"'b.ints'", "an array of strings"});
  ExpectMessage(file_.FindStringArray("general.architecture").error(), StatusCode::kMalformed,
                {"an array of strings"});
  ExpectMessage(file_.FindFloatArray("b.bytes").error(), StatusCode::kMalformed,
                {"'b.bytes'", "an array of floats", "array of u8"});
  ExpectMessage(file_.FindFloatArray("a.f32").error(), StatusCode::kMalformed, {"not f32"});
  ExpectMessage(file_.FindIntArray("b.floats", 0, 9).error(), StatusCode::kMalformed,
                {"'b.floats'", "an array of integers"});
  ExpectMessage(file_.FindIntArray("b.strings", 0, 9).error(), StatusCode::kMalformed,
                {"array of string"});
}

TEST_F(GgufAccessors, TellMissingKeys) {
  ExpectMessage(file_.GetUint("no.key", 0, 9).error(), StatusCode::kNotFound,
                {"'no.key' is missing"});
  ExpectMessage(file_.GetFloat("no.key").error(), StatusCode::kNotFound, {"'no.key'"});
  ExpectMessage(file_.GetString("no.key").error(), StatusCode::kNotFound, {"'no.key'"});
  EXPECT_FALSE(file_.FindUint("no.key", 0, 9)->has_value());
  EXPECT_FALSE(file_.FindFloat("no.key")->has_value());
  EXPECT_FALSE(file_.FindBool("no.key")->has_value());
  EXPECT_FALSE(file_.FindString("no.key")->has_value());
  EXPECT_THAT(*file_.FindStringArray("no.key"), IsEmpty());
  EXPECT_THAT(*file_.FindFloatArray("no.key"), IsEmpty());
  EXPECT_THAT(*file_.FindIntArray("no.key", 0, 9), IsEmpty());
  EXPECT_EQ(file_.Describe("no.key"), "");
  EXPECT_FALSE(file_.IsArray("no.key"));
  EXPECT_EQ(file_.ArrayLength("no.key"), 0U);
}

TEST_F(GgufAccessors, GiveFloatsBoolsAndStrings) {
  EXPECT_EQ(*file_.GetFloat("a.f32"), 1.5F);
  EXPECT_EQ(**file_.FindFloat("a.f64"), -0.25F);
  EXPECT_TRUE(**file_.FindBool("a.bool"));
  EXPECT_EQ(*file_.GetString("general.architecture"), "llama");
  EXPECT_EQ(**file_.FindString("general.architecture"), "llama");
}

TEST_F(GgufAccessors, GiveArrays) {
  EXPECT_THAT(*file_.FindStringArray("b.strings"), ElementsAre("", "one", "two words"));
  EXPECT_THAT(*file_.FindFloatArray("b.floats"), ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(*file_.FindFloatArray("b.doubles"), ElementsAre(3.0F, 4.5F));
  EXPECT_THAT(*file_.FindIntArray("b.ints", -1, 1), ElementsAre(-1, 0, 1));
  EXPECT_THAT(*file_.FindIntArray("b.bytes", kIntMin, kIntMax), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(*file_.FindIntArray("a.i8", kIntMin, kIntMax), ElementsAre(-7));
  EXPECT_THAT(*file_.FindIntArray("b.empty", 0, 0), IsEmpty());
  EXPECT_TRUE(file_.IsArray("b.ints"));
  EXPECT_FALSE(file_.IsArray("a.i8"));
  EXPECT_EQ(file_.ArrayLength("b.ints"), 3U);
  EXPECT_EQ(file_.ArrayLength("a.i8"), 0U);
}

TEST_F(GgufAccessors, CheckTheRangeOfEveryArrayElement) {
  ExpectMessage(file_.FindIntArray("b.ints", -1, 0).error(), StatusCode::kLimitExceeded,
                {"'b.ints' is 1", "from -1 to 0"});
  ExpectMessage(file_.FindIntArray("b.ints", 0, 9).error(), StatusCode::kMalformed, {"is -1"});
  ExpectMessage(file_.FindIntArray("a.u64", kIntMin, kIntMax).error(), StatusCode::kLimitExceeded,
                {"18446744073709551615", "-9223372036854775808", "9223372036854775807"});
}

TEST_F(GgufAccessors, DescribeValuesForPeople) {
  EXPECT_EQ(file_.Describe("general.architecture"), "llama");
  EXPECT_EQ(file_.Describe("a.i8"), "-7");
  EXPECT_EQ(file_.Describe("a.u64"), "18446744073709551615");
  EXPECT_EQ(file_.Describe("a.f32"), "1.5");
  EXPECT_EQ(file_.Describe("a.f64"), "-0.25");
  EXPECT_EQ(file_.Describe("a.bool"), "true");
  EXPECT_EQ(file_.Describe("b.strings"), "[3 strings]");
  EXPECT_EQ(file_.Describe("b.empty"), "[0 u64s]");
}

TEST(GgufValues, ReadEveryIntegerWidthAtItsExtremes) {
  GgufBuilder builder;
  builder.Add("i8", std::vector<std::int8_t>{-128, 127})
      .Add("i16", std::vector<std::int16_t>{-32768, 32767})
      .Add("i32", std::vector<std::int32_t>{-2147483647 - 1, 2147483647})
      .Add("i64", std::vector<std::int64_t>{kIntMin, kIntMax})
      .Add("u16", std::vector<std::uint16_t>{0, 65535})
      .Add("u32", std::vector<std::uint32_t>{0, 4294967295U})
      .Add("no", false)
      .Add("one", std::vector<std::string>{"x"})
      .Add("third", 0.1F)
      .Add("esc", "a\nb");
  const Bytes bytes = builder.Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_THAT(*file->FindIntArray("i8", kIntMin, kIntMax), ElementsAre(-128, 127));
  EXPECT_THAT(*file->FindIntArray("i16", kIntMin, kIntMax), ElementsAre(-32768, 32767));
  EXPECT_THAT(*file->FindIntArray("i32", kIntMin, kIntMax), ElementsAre(-2147483648LL, 2147483647));
  EXPECT_THAT(*file->FindIntArray("i64", kIntMin, kIntMax), ElementsAre(kIntMin, kIntMax));
  EXPECT_THAT(*file->FindIntArray("u16", kIntMin, kIntMax), ElementsAre(0, 65535));
  EXPECT_THAT(*file->FindIntArray("u32", kIntMin, kIntMax), ElementsAre(0, 4294967295LL));
  EXPECT_FALSE(**file->FindBool("no"));
  EXPECT_EQ(file->Describe("no"), "false");
  EXPECT_EQ(file->Describe("one"), "[1 string]");
  EXPECT_EQ(file->Describe("third"), "0.1");
  EXPECT_EQ(file->Describe("esc"), "a\\nb");
}

TEST(GgufFileError, StaysOneShortLineWhateverItQuotes) {
  const Bytes bytes = EverythingBuilder().Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok());
  ExpectMessage(file->Error(StatusCode::kMalformed, "name a\nb\x1b\xFF"), StatusCode::kMalformed,
                {"name a\\nb\\x1b\\xff"});
  EXPECT_LT(file->Error(StatusCode::kMalformed, std::string(5000, 'x')).message().size(), 1100U);
}

TEST(GgufValues, RefuseFloatsThatAreNotFinite) {
  GgufBuilder builder;
  builder.Add("nan", std::numeric_limits<float>::quiet_NaN())
      .Add("inf", -std::numeric_limits<double>::infinity())
      .Add("big", 1e300)
      .Add("list", std::vector<float>{1.0F, std::numeric_limits<float>::infinity()})
      .Add("most", std::numeric_limits<float>::max());
  const Bytes bytes = builder.Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok());
  for (const std::string_view key : {"nan", "inf", "big"}) {
    ExpectMessage(file->GetFloat(key).error(), StatusCode::kMalformed, {key, "finite"});
  }
  ExpectMessage(file->FindFloatArray("list").error(), StatusCode::kMalformed, {"'list'", "finite"});
  EXPECT_EQ(*file->GetFloat("most"), std::numeric_limits<float>::max());
}

TEST(GgufValues, LimitByteArraysThatWouldGrowEightfold) {
  GgufBuilder builder;
  builder.Add("bytes", std::vector<std::uint8_t>((1U << 21U) + 1));
  const Bytes bytes = builder.Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->ArrayLength("bytes"), (1U << 21U) + 1);
  ExpectMessage(file->FindIntArray("bytes", 0, 1).error(), StatusCode::kLimitExceeded,
                {"'bytes'", "2097153", "2097152"});
}

}  // namespace
}  // namespace fovea::testing
