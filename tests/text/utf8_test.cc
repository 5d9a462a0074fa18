#include "engine/text/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using Kind = Utf8Step::Kind;

TEST(Utf8, RoundTripsEveryCodePoint) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(c, &text);
    ASSERT_EQ(DecodeUtf8(text), c);
    ASSERT_EQ(CharacterBytes(text[0]), text.size());
    ASSERT_EQ(FirstInvalidUtf8(text), std::nullopt);
  }
}

TEST(Utf8, RefusesWhatTheStandardForbids) {
  const std::string_view bad[] = {"\x80",              // a continuation byte alone
                                  "\xC0\x80",          // overlong NUL
                                  "\xC1\xBF",          // overlong DEL
                                  "\xE0\x9F\xBF",      // overlong U+07FF
                                  "\xED\xA0\x80",      // surrogate U+D800
                                  "\xED\xBF\xBF",      // surrogate U+DFFF
                                  "\xF0\x8F\xBF\xBF",  // overlong U+FFFF
                                  "\xF4\x90\x80\x80",  // U+110000
                                  "\xF5\x80\x80\x80",
                                  "\xFF",
                                  "\xC3",
                                  "\xE2\x96",
                                  "\xF0\x9F\x98",
                                  "\xE2\x28\xA1"};
  for (const std::string_view text : bad) {
    EXPECT_EQ(FirstInvalidUtf8(text), 0U) << testing::PrintToString(std::string(text));
  }
}

TEST(Utf8, SaysHowMuchOfABrokenCharacterIsThere) {
  EXPECT_EQ(NextUtf8("\xE2\x96").kind, Kind::kUnfinished);
  EXPECT_EQ(NextUtf8("\xE2\x96").size, 2U);
  EXPECT_EQ(NextUtf8("\xE2\x96x").kind, Kind::kInvalid);
  EXPECT_EQ(NextUtf8("\xE2\x96x").size, 2U);
  EXPECT_EQ(NextUtf8("\xE0\x80\x80").size, 1U);  // 80 cannot follow E0
  EXPECT_EQ(NextUtf8("\xF0\x9F\x98x").size, 3U);
}

TEST(Utf8, VectorValidatorAgreesWithTheScalarOneAtEveryOffsetAndLength) {
  // One character of each length, and one broken byte, at every place of texts up to three vectors.
  const std::string_view inserts[] = {"é", "▁", "😀", "\xFF", "\xE2\x96", "\xED\xA0\x80"};
  for (std::size_t length = 0; length <= 50; ++length) {
    for (std::size_t place = 0; place <= length; ++place) {
      for (const std::string_view insert : inserts) {
        std::string text(length, 'a');
        text.insert(place, insert);
        ASSERT_EQ(FirstInvalidUtf8(text), scalar::FirstInvalidUtf8(text)) << length << ' ' << place;
      }
    }
  }
}

TEST(Utf8, VectorValidatorAgreesWithTheScalarOneOnDamagedRandomText) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = RandomText(&random, random() % 40);
    if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
    // Unaligned beginnings, too.
    const std::string_view view =
        std::string_view(text).substr(text.empty() ? 0 : random() % text.size());
    ASSERT_EQ(FirstInvalidUtf8(view), scalar::FirstInvalidUtf8(view));
  }
}

TEST(Utf8, CountsBytesLikeTheScalarReference) {
  std::mt19937 random(2);
  for (std::size_t length = 0; length < 200; ++length) {
    std::string text(length, ' ');
    for (char& c : text) c = random() % 2 == 0 ? ' ' : static_cast<char>(random());
    ASSERT_EQ(CountByte(text, ' '), scalar::CountByte(text, ' '));
    ASSERT_EQ(CountByte(text, '\xFF'), scalar::CountByte(text, '\xFF'));
  }
  // More hits per lane than a lane of 8 bits can count.
  EXPECT_EQ(CountByte(std::string(10'001, ' '), ' '), 10'001U);
}

}  // namespace
}  // namespace fovea::text
