#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using Ids = std::vector<std::int32_t>;
constexpr TokenizeOptions kPlain = {.add_special = false};

/// Ids from 259 on: ▁ a b ab ▁a ▁ab ba ▁▁
Vocabulary Letters() {
  return SentencePieceVocabulary({"▁", "a", "b", "ab", "▁a", "▁ab", "ba", "▁▁"});
}
constexpr std::int32_t kMark = 259, kA = 260, kMarkA = 263, kMarkAb = 264, kBa = 265, kMarks = 266;

TEST(SentencePiece, MergesTheBestScoreFirst) {
  const auto t = Make(Letters());
  // "▁ab": "ab" (-4) beats "▁a" (-5), then "▁ab" forms.
  EXPECT_EQ(IdsOf(*t, "ab", kPlain), (Ids{kMarkAb}));
  // "▁ba": "ba" is all that merges.
  EXPECT_EQ(IdsOf(*t, "ba", kPlain), (Ids{kMark, kBa}));
  // "▁aba": "ab" beats "▁a" and "ba".
  EXPECT_EQ(IdsOf(*t, "aba", kPlain), (Ids{kMarkAb, kA}));
}

TEST(SentencePiece, TheLeftmostOfEqualScoresMergesFirst) {
  Vocabulary v = SentencePieceVocabulary({"a", "aa"});
  v.add_space_prefix = false;
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "aaaaa", kPlain), (Ids{260, 260, 259}));
}

TEST(SentencePiece, AddsASpaceAtTheStartAndMarksSpaces) {
  const auto t = Make(Letters());
  EXPECT_EQ(IdsOf(*t, "a a", kPlain), (Ids{kMarkA, kMarkA}));
  EXPECT_EQ(IdsOf(*t, " a", kPlain), (Ids{kMark, kMarkA}));
  EXPECT_EQ(IdsOf(*t, "  ", kPlain), (Ids{kMarks, kMark}));
  EXPECT_EQ(IdsOf(*t, "", kPlain), Ids{});
  Vocabulary v = Letters();
  v.add_space_prefix = false;
  EXPECT_EQ(IdsOf(*Make(v), "a a", kPlain), (Ids{kA, kMarkA}));
}

TEST(SentencePiece, AddsBosAndEosAsAsked) {
  Vocabulary v = Letters();
  v.add_eos = true;
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "a"), (Ids{1, kMarkA, 2}));
  EXPECT_EQ(RangesOf(*t, "a b"), "0-0 0-1 1-2 2-3 3-3");
  EXPECT_EQ(IdsOf(*t, ""), (Ids{1, 2}));
}

TEST(SentencePiece, UnknownCharactersBecomeBytesOfOneByteEach) {
  const auto t = Make(Letters());
  EXPECT_EQ(IdsOf(*t, "aé", kPlain), (Ids{kMarkA, 3 + 0xC3, 3 + 0xA9}));
  EXPECT_EQ(RangesOf(*t, "aéb", kPlain), "0-1 1-2 2-3 3-4");
}

TEST(SentencePiece, WithoutAMarkPieceASpaceIsThreeByteTokensThatCoverOneByte) {
  const auto t = Make(SentencePieceVocabulary({"a"}));
  EXPECT_EQ(IdsOf(*t, "a a", kPlain),
            (Ids{3 + 0xE2, 3 + 0x96, 3 + 0x81, 259, 3 + 0xE2, 3 + 0x96, 3 + 0x81, 259}));
  EXPECT_EQ(RangesOf(*t, "a a", kPlain), "0-0 0-0 0-0 0-1 1-2 2-2 2-2 2-3");
}

TEST(SentencePiece, WithoutByteTokensACharacterIsUnknown) {
  Vocabulary v;
  Add(&v, "<unk>", TokenType::kUnknown);
  Add(&v, "a");
  v.unknown_id = 0;
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "aéa"), (Ids{1, 0, 1}));
  EXPECT_EQ(RangesOf(*t, "aéa"), "0-1 1-3 3-4");
}

TEST(SentencePiece, WithoutAnyFallbackTheErrorNamesTheCharacter) {
  Vocabulary v;
  Add(&v, "a");
  const auto result = Make(v)->Tokenize("aé", {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(result.status().message().find("\"é\" at byte 1"), std::string::npos);
}

TEST(SentencePiece, ControlTokensInTheTextAreParsedOnlyWhenAsked) {
  const auto t = Make(Letters());
  EXPECT_EQ(IdsOf(*t, "a</s>a", {.add_special = false, .parse_special = true}),
            (Ids{kMarkA, 2, kMarkA}));
  EXPECT_EQ(IdsOf(*t, "</s>", kPlain).size(), 5U);
}

TEST(SentencePiece, UserDefinedTokensAreCutOutFirst) {
  Vocabulary v = Letters();
  Add(&v, "ba", TokenType::kUserDefined);
  v.pieces[kBa] = "<removed>";
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "aba", kPlain), (Ids{kMarkA, 267}));
  EXPECT_EQ(t->PieceBytes(267), "ba");
}

TEST(SentencePiece, APieceWithASpaceInsideIsStillFound) {
  const auto t = Make(SentencePieceVocabulary({"a▁", "a▁a", "a", "▁"}));
  EXPECT_EQ(IdsOf(*t, "a a", kPlain), (Ids{262, 260}));
}

TEST(SentencePiece, PiecesGiveBackTheirBytes) {
  const auto t = Make(Letters());
  EXPECT_EQ(t->PieceBytes(kMarkAb), " ab");
  EXPECT_EQ(t->PieceBytes(3 + 0xE2), "\xE2");
  EXPECT_EQ(t->PieceBytes(0), "");
  EXPECT_EQ(t->PieceBytes(1), "");
  EXPECT_EQ(t->PieceBytes(-1), "");
  EXPECT_EQ(t->PieceBytes(1'000'000), "");
  EXPECT_EQ(t->DisplayPiece(kMarkAb), "␣ab");
  EXPECT_EQ(t->DisplayPiece(3 + 0xE2), "<0xE2>");
  EXPECT_EQ(t->DisplayPiece(3 + '\n'), "⏎");
  EXPECT_EQ(t->DisplayPiece(1), "<s>");
  EXPECT_EQ(t->DisplayPiece(-5), "<-5?>");
  EXPECT_EQ(t->kind(), "llama");
  EXPECT_TRUE(t->adds_space_prefix());
  EXPECT_EQ(t->vocabulary_size(), 267U);
}

TEST(SentencePiece, RandomTextsComeBackAndRangesCoverThem) {
  Vocabulary v = Letters();
  v.add_space_prefix = false;
  const auto t = Make(v);
  std::mt19937 random(7);
  for (int i = 0; i < 500; ++i) {
    const std::string text = RandomText(&random, random() % 60);
    ExpectCoversAndComesBack(*t, text, kPlain);
  }
}

TEST(SentencePiece, WordByWordGivesTheSameAsAllAtOnce) {
  // The last piece has a "▁" inside, which forbids cutting at spaces; it never occurs in the texts.
  const std::vector<std::string> pieces = {"▁", "a", "b", "ab", "▁a", "▁ab", "ba", "▁▁", "▁▁▁"};
  std::vector<std::string> with_inner = pieces;
  with_inner.push_back("z▁z");
  const auto cut = Make(SentencePieceVocabulary(pieces));
  const auto whole = Make(SentencePieceVocabulary(with_inner));
  std::mt19937 random(8);
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (std::size_t k = random() % 30; k > 0; --k) text += "ab  "[random() % 4];
    if (random() % 4 == 0) text.insert(text.size() / 2, "▁");
    ASSERT_EQ(IdsOf(*cut, text), IdsOf(*whole, text)) << '"' << text << '"';
    ASSERT_EQ(RangesOf(*cut, text), RangesOf(*whole, text)) << '"' << text << '"';
  }
}

TEST(SentencePiece, HasNoFormForPairsUnlessTextsAreEnded) {
  Vocabulary v = SentencePieceVocabulary({"▁a"});
  EXPECT_EQ(Make(v)->EncodePair("a", "a").status().code(), StatusCode::kUnsupported);
  v.add_eos = true;
  const auto pair = Make(v)->EncodePair("a", "a");
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(TokenIds(pair->tokens), (std::vector<std::int32_t>{1, 259, 2, 2, 259, 2}));
}

}  // namespace
}  // namespace fovea::text
