#include "engine/text/stop_texts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fovea::text {
namespace {

using Strings = std::vector<std::string>;

/// What comes out piece by piece, "|" between, and what Finish adds.
std::string Pass(const Strings& stops, const Strings& pieces, bool* found = nullptr) {
  StopTexts texts(stops);
  std::string out;
  for (const std::string& piece : pieces) out += texts.Push(piece) + "|";
  if (found != nullptr) *found = texts.found();
  return out + texts.Finish();
}

TEST(StopTexts, LetEverythingPassIfThereAreNone) {
  EXPECT_EQ(Pass({}, {"a", "", "bc"}), "a||bc|");
}

TEST(StopTexts, EndTheTextBeforeTheFirstOfThem) {
  bool found = false;
  EXPECT_EQ(Pass({"END"}, {"one END two"}, &found), "one |");
  EXPECT_TRUE(found);
  EXPECT_EQ(Pass({"two", "END"}, {"one END two", "more"}), "one ||");
  EXPECT_EQ(Pass({"END", "EN"}, {"one END"}), "one |");
  EXPECT_EQ(Pass({"x"}, {"abc"}, &found), "abc|");
  EXPECT_FALSE(found);
}

TEST(StopTexts, AreFoundAcrossPieces) {
  EXPECT_EQ(Pass({"END"}, {"one E", "N", "D two"}), "one |||");
  EXPECT_EQ(Pass({"\n\n"}, {"a\n", "\nb"}), "a||");
}

TEST(StopTexts, HoldBackOnlyWhatMayStillBecomeOne) {
  EXPECT_EQ(Pass({"END"}, {"one E", "N", "x"}), "one ||ENx|");
  EXPECT_EQ(Pass({"aab"}, {"aa", "a", "c"}), "|a|aac|");
  EXPECT_EQ(Pass({"END"}, {"one EN"}), "one |EN");
}

}  // namespace
}  // namespace fovea::text
