// The small parts that tokenizers are made of: alphabet, display, piece map, trie, merge table.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/text/byte_alphabet.h"
#include "engine/text/byte_trie.h"
#include "engine/text/display.h"
#include "engine/text/merge_table.h"
#include "engine/text/piece_map.h"
#include "engine/text/vocabulary.h"

namespace fovea::text {
namespace {

TEST(ByteAlphabet, SpellsSpacesAndLineFeedsAsGpt2Does) {
  const ByteAlphabet alphabet;
  EXPECT_EQ(alphabet.Encode(" a\n\x7F\xC2\xAD"), "ĠaĊġÂŃ");
  EXPECT_EQ(alphabet.Decode("ĠaĊġÂŃ"), " a\n\x7F\xC2\xAD");
}

TEST(ByteAlphabet, RoundTripsEveryByteThroughDistinctLetters) {
  const ByteAlphabet alphabet;
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(alphabet.Decode(alphabet.Encode(all)), all);
}

TEST(ByteAlphabet, LeavesForeignCharactersAndBrokenBytesAlone) {
  const ByteAlphabet alphabet;
  EXPECT_EQ(alphabet.Decode("▁Ġ😀"), "▁ 😀");
  EXPECT_EQ(alphabet.Decode("\xFFĠ\xE2"), "\xFF \xE2");
  EXPECT_EQ(alphabet.Decode("ƀ"), "ƀ");                // U+0180: within the table, but no letter
  EXPECT_EQ(alphabet.Decode("\xC2\xAD"), "\xC2\xAD");  // U+00AD is spelled as another letter
}

TEST(DisplayText, MakesEveryByteVisible) {
  EXPECT_EQ(DisplayText(" the"), "␣the");
  EXPECT_EQ(DisplayText("\n\t\r"), "⏎⇥␍");
  EXPECT_EQ(DisplayText("\xE2"), "<0xE2>");
  EXPECT_EQ(DisplayText("\xF0\x9F\x98x"), "<0xF0><0x9F><0x98>x");
  EXPECT_EQ(DisplayText("\x1B[0m"), "<0x1B>[0m");
  EXPECT_EQ(DisplayText("\xC2\x9B"), "<0xC2><0x9B>");  // C1 control
  EXPECT_EQ(DisplayText("\x7Fé😀"), "<0x7F>é😀");
  EXPECT_EQ(DisplayText(""), "");
}

TEST(PieceMap, FindsEveryPieceAndNothingElse) {
  std::vector<std::string> pieces;
  for (int i = 0; i < 5'000; ++i) pieces.push_back("p" + std::to_string(i));
  pieces[17].clear();
  pieces[18].clear();
  PieceMap map;
  ASSERT_TRUE(map.Build(pieces).ok());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(map.Find(pieces, pieces[i]), pieces[i].empty() ? -1 : static_cast<int>(i));
  }
  EXPECT_EQ(map.Find(pieces, "p5000"), -1);
  EXPECT_EQ(map.Find(pieces, "much longer than any piece"), -1);
  EXPECT_EQ(map.longest(), 5U);
}

TEST(PieceMap, NamesBothIdsOfADuplicate) {
  PieceMap map;
  const Status status = map.Build({"a", "b", "c", "b"});
  EXPECT_EQ(status.code(), StatusCode::kMalformed);
  EXPECT_EQ(status.message(), "tokenizer.ggml.tokens[3] repeats the text of token 1");
}

TEST(ByteTrie, FindsTheLongestAndEachPiece) {
  ByteTrie trie;
  trie.Insert("a", 1);
  trie.Insert("abc", 3);
  trie.Insert("abd", 4);
  trie.Insert("abc", 9);  // The first id stays.
  trie.Insert("", 8);
  EXPECT_EQ(trie.Longest("abcd").id, 3);
  EXPECT_EQ(trie.Longest("abx").id, 1);
  EXPECT_EQ(trie.Longest("abx").size, 1U);
  EXPECT_EQ(trie.Longest("x").id, -1);
  EXPECT_EQ(trie.Longest("").id, -1);
  EXPECT_EQ(trie.OfSize("abd", 3), 4);
  EXPECT_EQ(trie.OfSize("abd", 2), -1);
  EXPECT_EQ(trie.OfSize("ab", 3), -1);
}

TEST(MergeTable, KeepsTheFirstOfEqualMergesAndKnowsTextThatIsNoPiece) {
  const std::vector<std::string> pieces = {"a", "b", "ab"};
  PieceMap map;
  ASSERT_TRUE(map.Build(pieces).ok());
  MergeTable table;
  ASSERT_TRUE(table.Build({"a b", "a b", "ab a", "x y"}, pieces, map).ok());
  ASSERT_NE(table.Find(0, 1), nullptr);
  EXPECT_EQ(table.Find(0, 1)->rank, 0);
  EXPECT_EQ(table.Find(0, 1)->symbol, 2);
  EXPECT_EQ(table.Find(1, 0), nullptr);
  EXPECT_EQ(table.Find(-1, 0), nullptr);
  EXPECT_EQ(table.Find(0, -1), nullptr);
  ASSERT_NE(table.Find(2, 0), nullptr);
  EXPECT_EQ(table.Find(2, 0)->symbol, table.SymbolOf("aba"));
  EXPECT_GE(table.SymbolOf("x"), 3);
  EXPECT_EQ(table.SymbolOf("z"), -1);
}

TEST(MergeTable, RefusesAMergeThatIsNotTwoParts) {
  const std::vector<std::string> pieces = {"a"};
  PieceMap map;
  ASSERT_TRUE(map.Build(pieces).ok());
  for (const std::string bad : {"", "a", "ab", " a", "a ", " "}) {
    MergeTable table;
    const Status status = table.Build({"a a", bad}, pieces, map);
    EXPECT_EQ(status.code(), StatusCode::kMalformed) << bad;
    EXPECT_NE(status.message().find("merges[1]"), std::string::npos);
  }
  MergeTable table;
  const std::string huge = "a " + std::string(3 * kMaxPieceBytes, 'b');
  EXPECT_EQ(table.Build({huge}, pieces, map).code(), StatusCode::kLimitExceeded);
}

}  // namespace
}  // namespace fovea::text
