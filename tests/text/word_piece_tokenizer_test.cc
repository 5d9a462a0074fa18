#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/text/bert_normalizer.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using Ids = std::vector<std::int32_t>;
using Role = NormalizedCharacter::Role;
constexpr TokenizeOptions kPlain = {.add_special = false};

/// Ids from 4 on: ▁un ▁unaffable aff able ▁cafe ▁, ▁中 ▁文 ▁$ ▁a
Vocabulary Words() {
  return WordPieceVocabulary(
      {"▁un", "▁unaffable", "aff", "able", "▁cafe", "▁,", "▁中", "▁文", "▁$", "▁a"});
}

TEST(WordPiece, TakesTheLongestPieceFromTheLeft) {
  const auto t = Make(Words());
  EXPECT_EQ(IdsOf(*t, "unaffable", kPlain), (Ids{5}));
  EXPECT_EQ(IdsOf(*t, "unable", kPlain), (Ids{4, 7}));
  EXPECT_EQ(RangesOf(*t, "  unable  un", kPlain), "2-4 4-8 10-12");
}

TEST(WordPiece, AWordThatCannotBeCutIsOneUnknownToken) {
  const auto t = Make(Words());
  EXPECT_EQ(IdsOf(*t, "un unx un", kPlain), (Ids{4, 1, 4}));
  EXPECT_EQ(RangesOf(*t, "un unx un", kPlain), "0-2 3-6 7-9");
  Vocabulary v = Words();
  v.unknown_id = kNoToken;
  EXPECT_EQ(IdsOf(*Make(v), "un unx un", kPlain), (Ids{4, 4}));
}

TEST(WordPiece, StripsAccentsAndLowersCase) {
  const auto t = Make(Words());
  EXPECT_EQ(IdsOf(*t, "Café CAFE\u0301", kPlain), (Ids{8, 8}));
  EXPECT_EQ(RangesOf(*t, "Café,", kPlain), "0-5 5-6");
  Vocabulary cased = Words();
  cased.lowercase = cased.strip_accents = false;
  EXPECT_EQ(IdsOf(*Make(cased), "Café cafe", kPlain), (Ids{1, 8}));
}

TEST(WordPiece, PunctuationAndChineseCharactersAreWordsOfTheirOwn) {
  const auto t = Make(Words());
  EXPECT_EQ(IdsOf(*t, "un,un中文$", kPlain), (Ids{4, 9, 4, 10, 11, 12}));
  EXPECT_EQ(RangesOf(*t, "un,un中文$", kPlain), "0-2 2-3 3-5 5-8 8-11 11-12");
}

TEST(WordPiece, DropsControlCharacters) {
  const auto t = Make(Words());
  EXPECT_EQ(IdsOf(*t, std::string("u\0n\x01\u200B\uFFFD un", 13), kPlain), (Ids{4, 4}));
  EXPECT_EQ(IdsOf(*t, " \n\t\u3000", kPlain), Ids{});
}

TEST(WordPiece, FramesTheTextWithClsAndSep) {
  const auto t = Make(Words());
  EXPECT_EQ(IdsOf(*t, "un"), (Ids{2, 4, 3}));
  EXPECT_EQ(RangesOf(*t, "un "), "0-0 0-2 3-3");
  EXPECT_EQ(IdsOf(*t, "un[SEP]un", {.add_special = false, .parse_special = true}), (Ids{4, 3, 4}));
  EXPECT_EQ(t->bos_id(), 2);
  EXPECT_EQ(t->eos_id(), -1);
}

TEST(WordPiece, PairsOfTextsHaveTwoSegments) {
  const auto t = Make(Words());
  const auto pair = t->EncodePair("un", " able un");
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(TokenIds(pair->tokens), (Ids{2, 4, 3, 1, 4, 3}));
  EXPECT_EQ(pair->segment_ids, (Ids{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(pair->first_begin, 1U);
  EXPECT_EQ(pair->first_end, 2U);
  EXPECT_EQ(pair->second_begin, 3U);
  EXPECT_EQ(pair->second_end, 5U);
  EXPECT_EQ(pair->tokens[3].begin, 1U);  // In its own text.
  EXPECT_EQ(pair->tokens[4].end, 8U);
  const auto plain = t->EncodePair("un", "un", kPlain);
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(TokenIds(plain->tokens), (Ids{4, 4}));
  EXPECT_EQ(plain->segment_ids, (Ids{0, 1}));
  const auto empty = t->EncodePair("", "un");
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(TokenIds(empty->tokens), (Ids{2, 3, 4, 3}));
  EXPECT_EQ(t->EncodePair("\xFF", "un").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(t->separator_id(), 3);
  EXPECT_EQ(t->padding_id(), 0);
  EXPECT_EQ(t->unknown_id(), 1);
}

TEST(WordPiece, RangesStayOrderedWhenAPieceSplitsACharacter) {
  const auto t = Make(WordPieceVocabulary({"▁a", "\xC5", "\x82"}));
  EXPECT_EQ(IdsOf(*t, "ał", kPlain), (Ids{4, 5, 6}));
  EXPECT_EQ(RangesOf(*t, "ał", kPlain), "0-1 1-3 3-3");
  // A piece that is the word mark alone covers nothing.
  const auto mark = Make(WordPieceVocabulary({"▁", "a"}));
  EXPECT_EQ(RangesOf(*mark, " a", kPlain), "1-1 1-2");
}

TEST(WordPiece, PiecesGiveBackTheirBytes) {
  const auto t = Make(Words());
  EXPECT_EQ(t->PieceBytes(4), " un");
  EXPECT_EQ(t->PieceBytes(6), "aff");
  EXPECT_EQ(t->DisplayPiece(4), "␣un");
  EXPECT_EQ(t->DisplayPiece(2), "[CLS]");
  EXPECT_EQ(Detokenize(*t, IdsOf(*t, "unable, un")), "unable , un");
  EXPECT_EQ(t->kind(), "bert");
  EXPECT_TRUE(t->adds_space_prefix());
}

TEST(BertNormalizer, KnowsWhatEachKindOfCharacterDoes) {
  const auto role = [](char32_t c, bool strip_accents = true) {
    return NormalizeForBert(c, {.lowercase = true, .strip_accents = strip_accents}).role;
  };
  EXPECT_EQ(role(U'a'), Role::kInWord);
  EXPECT_EQ(role(U'1'), Role::kInWord);
  EXPECT_EQ(role(U'€'), Role::kInWord);  // A symbol, but not an ASCII one.
  EXPECT_EQ(role(U'+'), Role::kAlone);
  EXPECT_EQ(role(U'„'), Role::kAlone);
  EXPECT_EQ(role(0x85), Role::kSpace);
  EXPECT_EQ(role(0x2028), Role::kSpace);
  EXPECT_EQ(role(0x0301), Role::kDropped);
  EXPECT_EQ(role(0x0301, false), Role::kInWord);
  EXPECT_EQ(role(0x20DD), Role::kDropped);  // enclosing circle
  EXPECT_EQ(role(0x0903), Role::kDropped);  // spacing mark
  EXPECT_EQ(role(0xE000), Role::kDropped);  // private use
  EXPECT_EQ(role(0), Role::kDropped);
  EXPECT_EQ(role(0xFFFD), Role::kDropped);
  EXPECT_EQ(NormalizeForBert(U'Å', {}).code_point, U'a');
  EXPECT_EQ(NormalizeForBert(U'Å', {.lowercase = true, .strip_accents = false}).code_point, U'å');
  EXPECT_EQ(NormalizeForBert(U'Å', {.lowercase = false, .strip_accents = true}).code_point, U'A');
}

}  // namespace
}  // namespace fovea::text
