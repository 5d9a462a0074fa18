// Unigram vocabularies of GGUF files ("t5") against an independent implementation
// (tests/golden/sentencepiece/reference.py), which gave the ids of llama.cpp for 12,000 texts.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/format/json.h"
#include "engine/text/base64.h"
#include "engine/text/unigram.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using format::JsonValue;
using Ids = std::vector<std::int32_t>;
constexpr TokenizeOptions kPlain = {.add_special = false};

/// <pad> 0, </s> 1, <unk> 2, then the given pieces from 3 on with scores -1, -2, …
Vocabulary UnigramVocabulary(const std::vector<std::string>& pieces) {
  Vocabulary v;
  v.kind = TokenizerKind::kUnigram;
  Add(&v, "<pad>", TokenType::kControl);
  Add(&v, "</s>", TokenType::kControl);
  Add(&v, "<unk>", TokenType::kUnknown);
  float score = 0.0F;
  for (const std::string& piece : pieces) Add(&v, piece, TokenType::kNormal, score -= 1.0F);
  v.padding_id = 0;
  v.eos_id = 1;
  v.unknown_id = 2;
  v.add_eos = v.add_space_prefix = v.remove_extra_whitespaces = true;
  return v;
}

std::vector<JsonValue> Elements(const JsonValue& array) {
  std::vector<JsonValue> elements;
  for (const auto& [key, value] : array.members()) elements.push_back(value);
  return elements;
}

Vocabulary VocabularyOf(const JsonValue& row) {
  Vocabulary v;
  v.kind = TokenizerKind::kUnigram;
  for (const auto& [key, piece] : row.Find("vocabulary")->members()) {
    const auto parts = Elements(piece);
    Add(&v, std::string(*parts[0].Text()), static_cast<TokenType>(*parts[2].Unsigned()),
        static_cast<float>(*parts[1].Number()));
  }
  v.padding_id = 0;
  v.eos_id = 1;
  v.unknown_id = 2;
  v.add_space_prefix = *row.Find("prefix")->Bool();
  v.remove_extra_whitespaces = *row.Find("merge")->Bool();
  v.character_map = *DecodeBase64(*row.Find("map")->Text());
  return v;
}

TEST(Unigram, GivesTheIdsOfTheReference) {
  const auto fixture = format::JsonDocument::Read(std::string(FOVEA_SOURCE_DIR) +
                                                  "/tests/golden/sentencepiece/fixture.json");
  ASSERT_TRUE(fixture.ok()) << fixture.status().message();
  int count = 0;
  for (const auto& [key, row] : fixture->root().Find("gguf")->members()) {
    const auto tokenizer = Make(VocabularyOf(row));
    ASSERT_NE(tokenizer, nullptr);
    for (const auto& [unused, item] : row.Find("cases")->members()) {
      const auto parts = Elements(item);
      const TokenizeOptions options = {.add_special = false,
                                       .parse_special = *parts[1].Unsigned() != 0};
      const std::string_view text = *parts[0].Text();
      Ids wanted;
      for (const JsonValue& id : Elements(parts[2])) {
        wanted.push_back(static_cast<std::int32_t>(*id.Integer()));
      }
      const std::vector<Token> tokens = TokensOf(*tokenizer, text, options);
      ASSERT_EQ(TokenIds(tokens), wanted) << text;
      std::size_t covered = 0;
      for (const Token& token : tokens) {
        ASSERT_LE(covered, token.begin) << text;
        ASSERT_LE(token.begin, token.end) << text;
        covered = token.end;
      }
      ASSERT_LE(covered, text.size());
      ++count;
    }
  }
  EXPECT_EQ(count, 1'000);
}

TEST(Unigram, TakesThePathWithTheBestSum) {
  const auto t = Make(UnigramVocabulary({"▁", "a", "b", "ab", "▁ab"}));
  EXPECT_EQ(IdsOf(*t, "ab", kPlain), (Ids{7}));       // -5 against -1 -2 -3
  EXPECT_EQ(IdsOf(*t, "abab", kPlain), (Ids{7, 6}));  // -9 against -5 -2 -3
  EXPECT_EQ(IdsOf(*t, "ba", kPlain), (Ids{3, 5, 4}));
  EXPECT_EQ(IdsOf(*t, "ab"), (Ids{7, 1}));
  EXPECT_EQ(t->kind(), "t5");
  EXPECT_EQ(t->padding_id(), 0);
  EXPECT_EQ(t->unknown_id(), 2);
  EXPECT_EQ(t->mask_id(), -1);
}

TEST(Unigram, UnknownCharactersBesideEachOtherAreOneToken) {
  const auto t = Make(UnigramVocabulary({"▁", "a"}));
  EXPECT_EQ(IdsOf(*t, "axya", kPlain), (Ids{3, 4, 2, 4}));
  EXPECT_EQ(RangesOf(*t, "axya", kPlain), "0-0 0-1 1-3 3-4");
  Vocabulary v = UnigramVocabulary({"▁", "a"});
  v.unknown_id = kNoToken;
  const auto tokens = Make(v)->Tokenize("a中", kPlain);
  EXPECT_EQ(tokens.status().code(), StatusCode::kUnsupported);
  EXPECT_NE(tokens.status().message().find("\"中\" at byte 1"), std::string::npos)
      << tokens.status().message();
}

TEST(Unigram, UnknownCharactersBecomeBytesIfTheVocabularyHasThem) {
  Vocabulary v = UnigramVocabulary({"▁", "a"});
  for (unsigned byte = 0; byte < 256; ++byte) Add(&v, BytePiece(byte), TokenType::kByte);
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "aé", kPlain), (Ids{3, 4, 5 + 0xC3, 5 + 0xA9}));
  EXPECT_EQ(RangesOf(*t, "aé", kPlain), "0-0 0-1 1-3 3-3");
  EXPECT_EQ(Detokenize(*t, IdsOf(*t, "a é  a")), "a é a");
}

TEST(Unigram, OfARunOfSpacesOneIsLeft) {
  const auto t = Make(UnigramVocabulary({"▁", "a"}));
  EXPECT_EQ(IdsOf(*t, "  a   a  ", kPlain), (Ids{3, 4, 3, 4}));
  EXPECT_EQ(RangesOf(*t, "  a   a  ", kPlain), "0-2 2-3 3-6 6-7");
  EXPECT_EQ(IdsOf(*t, "   ", kPlain), Ids{});
  Vocabulary v = UnigramVocabulary({"▁", "a"});
  v.remove_extra_whitespaces = false;
  EXPECT_EQ(IdsOf(*Make(v), " a", kPlain), (Ids{3, 3, 4}));
  v.add_space_prefix = false;
  EXPECT_EQ(IdsOf(*Make(v), "a ", kPlain), (Ids{4, 3}));
}

TEST(Unigram, ADamagedCharacterMapIsRefused) {
  Vocabulary v = UnigramVocabulary({"▁"});
  for (const std::string& map : {std::string("abc"), std::string("\xFF\xFF\xFF\xFF"),
                                 std::string("\4\0\0\0\0\0\0\0\xFF", 9)}) {
    v.character_map = map;
    const auto tokenizer = CreateTokenizer(v);
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.status().code(), StatusCode::kMalformed);
    EXPECT_EQ(tokenizer.status().message().find("tokenizer.ggml.precompiled_charsmap: "), 0U)
        << tokenizer.status().message();
  }
}

TEST(Unigram, DamagedMapsNeverReachBeyondTheirBytes) {
  const auto fixture = format::JsonDocument::Read(std::string(FOVEA_SOURCE_DIR) +
                                                  "/tests/golden/sentencepiece/fixture.json");
  ASSERT_TRUE(fixture.ok()) << fixture.status().message();
  const auto rows = Elements(*fixture->root().Find("gguf"));
  Vocabulary good = VocabularyOf(rows[1]);
  ASSERT_FALSE(good.character_map.empty());
  std::mt19937 random(13);
  for (int round = 0; round < 2'000; ++round) {
    Vocabulary v = good;
    for (int i = 0; i < 8; ++i) {
      v.character_map[random() % v.character_map.size()] = static_cast<char>(random());
    }
    const auto tokenizer = CreateTokenizer(std::move(v));
    if (!tokenizer.ok()) continue;
    TokensOf(**tokenizer, "①ab é\u0301 ﷺ½ \u3000 Ａ😀e\u0301" + RandomText(&random, 8));
  }
}

TEST(Unigram, PairsOfTextsAreEachEndedByEos) {
  const auto t = Make(UnigramVocabulary({"▁", "a", "b"}));
  const auto pair = t->EncodePair("a", "b");
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(TokenIds(pair->tokens), (Ids{3, 4, 1, 3, 5, 1}));
  EXPECT_EQ(pair->segment_ids, (Ids{0, 0, 0, 0, 0, 0}));
  Vocabulary v = UnigramVocabulary({"▁", "a", "b"});
  v.add_bos = true;  // As XLM-RoBERTa's.
  v.bos_id = 0;
  const auto framed = Make(v)->EncodePair("a", "b");
  ASSERT_TRUE(framed.ok()) << framed.status().message();
  EXPECT_EQ(TokenIds(framed->tokens), (Ids{0, 3, 4, 1, 1, 3, 5, 1}));
}

}  // namespace
}  // namespace fovea::text
