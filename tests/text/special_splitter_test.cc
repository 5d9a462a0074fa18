#include "engine/text/special_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

/// "id:text" of each part, "-" for plain text.
std::string Parts(const Vocabulary& v, std::string_view text, bool parse_special) {
  std::string out;
  std::size_t done = 0;
  for (const TextPart& part : SpecialSplitter(v).Split(text, parse_special)) {
    EXPECT_EQ(part.begin, done);
    EXPECT_GT(part.end, part.begin);
    done = part.end;
    out += (part.id == kNoToken ? "-" : std::to_string(part.id)) + ":" +
           std::string(text.substr(part.begin, part.end - part.begin)) + "|";
  }
  EXPECT_EQ(done, text.size());
  return out;
}

Vocabulary Pieces() {
  Vocabulary v;
  Add(&v, "<unk>", TokenType::kUnknown);
  Add(&v, "<s>", TokenType::kControl);
  Add(&v, "user", TokenType::kUserDefined);
  Add(&v, "use", TokenType::kUserDefined);
  Add(&v, "plain");
  Add(&v, "sers", TokenType::kUserDefined);
  return v;
}

TEST(SpecialSplitter, FindsControlTokensOnlyWhenAsked) {
  EXPECT_EQ(Parts(Pieces(), "a<s>plain<unk>", false), "-:a<s>plain<unk>|");
  EXPECT_EQ(Parts(Pieces(), "a<s>plain<unk>", true), "-:a|1:<s>|-:plain|0:<unk>|");
}

TEST(SpecialSplitter, AlwaysFindsUserDefinedTokens) {
  EXPECT_EQ(Parts(Pieces(), "user<s>use", false), "2:user|-:<s>|3:use|");
}

TEST(SpecialSplitter, LongerTokensWinThenTheLeftmost) {
  // "sers" overlaps "user" at the same length: the leftmost wins.
  EXPECT_EQ(Parts(Pieces(), "users", false), "2:user|-:s|");
  EXPECT_EQ(Parts(Pieces(), "xsersuse", false), "-:x|5:sers|3:use|");
  // A longer token that begins later still wins over a shorter one that it overlaps.
  Vocabulary v;
  Add(&v, "ab", TokenType::kUserDefined);
  Add(&v, "bcd", TokenType::kUserDefined);
  EXPECT_EQ(Parts(v, "abcd", false), "-:a|1:bcd|");
  EXPECT_EQ(Parts(v, "ababab", false), "0:ab|0:ab|0:ab|");
}

TEST(SpecialSplitter, GivesNoPartsForNoTextAndOneForPlainText) {
  EXPECT_EQ(Parts(Pieces(), "", true), "");
  EXPECT_EQ(Parts(Pieces(), "nothing", true), "-:nothing|");
}

TEST(SpecialSplitter, SpacesAfterASpecialTokenBelongToItIfTheModelSaysSo) {
  Vocabulary v = Pieces();
  v.special_takes_spaces = true;
  EXPECT_EQ(Parts(v, "user \n x <s>  y", true), "2:user \n |-:x |1:<s>|-:  y|");
  EXPECT_EQ(Parts(v, "user  ", true), "2:user  |");
  // Spaces that are a longer special token themselves were cut out before; it takes one more.
  Add(&v, "          ", TokenType::kUserDefined);
  EXPECT_EQ(Parts(v, "user           x", true), "2:user|6:           |-:x|");
}

}  // namespace
}  // namespace fovea::text
