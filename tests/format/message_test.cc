#include "engine/format/message.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace fovea::format {
namespace {

TEST(Escaped, LeavesPlainTextInAnyScriptAlone) {
  EXPECT_EQ(Escaped("blk.0.attn_q.weight"), "blk.0.attn_q.weight");
  EXPECT_EQ(Escaped("größe 重み \xF0\x9F\x90\xB1"), "größe 重み \xF0\x9F\x90\xB1");
  EXPECT_EQ(Escaped(""), "");
}

TEST(Escaped, ShowsControlCharacters) {
  EXPECT_EQ(Escaped("a\nb\rc\td"), "a\\nb\\rc\\td");
  EXPECT_EQ(Escaped("\x1b[31m\x7f"), "\\x1b[31m\\x7f");
  EXPECT_EQ(Escaped(std::string_view("\0x", 2)), "\\x00x");
  EXPECT_EQ(Escaped("\xC2\x9B"), "\\xc2\\x9b");  // a control character above ASCII
}

TEST(Escaped, ShowsInvisibleMarksThatReorderText) {
  EXPECT_EQ(Escaped("a\xE2\x80\xAE"), "a\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(Escaped("\xE2\x80\x8B"), "\\xe2\\x80\\x8b");    // zero-width space
  EXPECT_EQ(Escaped("\xE2\x81\xA6"), "\\xe2\\x81\\xa6");    // isolate
  EXPECT_EQ(Escaped("\xEF\xBB\xBF"), "\\xef\\xbb\\xbf");    // byte order mark
}

TEST(Escaped, ShowsBytesThatAreNotUtf8) {
  EXPECT_EQ(Escaped("\x80"), "\\x80");                    // continuation alone
  EXPECT_EQ(Escaped("\xC0\xAF"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(Escaped("\xE0\x80\xAF"), "\\xe0\\x80\\xaf");  // overlong
  EXPECT_EQ(Escaped("\xF0\x80\x80\xAF"), "\\xf0\\x80\\x80\\xaf");
  EXPECT_EQ(Escaped("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(Escaped("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(Escaped("\xF5z"), "\\xf5z");
  EXPECT_EQ(Escaped("\xE2\x82"), "\\xe2\\x82");  // cut off
  EXPECT_EQ(Escaped("\xE2z\x82"), "\\xe2z\\x82");
}

TEST(Escaped, CutsLongText) {
  EXPECT_EQ(Escaped(std::string(80, 'x')), std::string(80, 'x'));
  EXPECT_EQ(Escaped(std::string(81, 'x')), std::string(80, 'x') + "…");
  EXPECT_EQ(Escaped("abcdef", 3), "abc…");
}

TEST(Number, WritesTheExtremes) {
  EXPECT_EQ(Number(UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(Number(INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(Quoted("a"), "'a'");
  EXPECT_EQ(Concat({"a", "", "bc"}), "abc");
}

}  // namespace
}  // namespace fovea::format
