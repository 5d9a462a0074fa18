#include "tools/attention-dump/render/label_text.h"

#include <gtest/gtest.h>

#include "tests/render/test_maps.h"

namespace fovea::dump {
namespace {

TEST(LabelTextTest, WideCharactersTakeTwoColumnsAndMarksNone) {
  EXPECT_EQ(DisplayWidth("cat"), 3U);
  EXPECT_EQ(DisplayWidth("日本語"), 6U);
  EXPECT_EQ(DisplayWidth("🙂"), 2U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U);
}

TEST(LabelTextTest, ControlCharactersBecomePictures) {
  EXPECT_EQ(CutToWidth("\x1b[2J", 10), "␛[2J");
  EXPECT_EQ(CutToWidth("a\x7f", 10), "a␡");
  EXPECT_EQ(CutToWidth("\xc2\x9b", 10), "\xef\xbf\xbd");  // C1 control: replaced
  EXPECT_EQ(CutToWidth("\xe2\x80\xae"
                       "abc",
                       10),
            "abc");  // right-to-left override: dropped
}

TEST(LabelTextTest, InvalidBytesBecomeTheReplacementCharacter) {
  EXPECT_EQ(CutToWidth("\xff", 4), "\xef\xbf\xbd");
  EXPECT_EQ(CutToWidth("a\xe2\x82", 4).substr(0, 1), "a");
}

TEST(LabelTextTest, CutsAtAColumnAndNeverInsideAWideCharacter) {
  EXPECT_EQ(CutToWidth("abcdef", 4), "abc…");
  EXPECT_EQ(CutToWidth("日本語", 4), "日…");
  EXPECT_EQ(FitToWidth("日本語", 4), "日… ");
  EXPECT_EQ(FitToWidth("ab", 4), "ab  ");
  EXPECT_EQ(CutToWidth("abc", 0), "");
  EXPECT_EQ(FitToWidth("␣naïve", 5, Alphabet::kAscii), "_na?~");
}

TEST(LabelTextTest, FitIsExactForEveryHostileStringAndWidth) {
  for (const std::string& piece : HostilePieces()) {
    for (std::size_t columns = 0; columns < 20; ++columns) {
      EXPECT_EQ(DisplayWidth(FitToWidth(piece, columns)), columns) << piece;
      EXPECT_EQ(FitToWidth(piece, columns, Alphabet::kAscii).size(), columns) << piece;
    }
  }
}

TEST(LabelTextTest, XmlEscapesMarkup) {
  EXPECT_EQ(EscapeXml("<s> & \"x\" 'y'"), "&lt;s&gt; &amp; &quot;x&quot; &#39;y&#39;");
}

}  // namespace
}  // namespace fovea::dump
