// Vocabularies that break a rule are refused with the field and the value; special tokens are
// found.
#include "engine/text/vocabulary.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "engine/text/vocabulary_tokenizer.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

void ExpectRefused(const std::function<void(Vocabulary*)>& damage, StatusCode code,
                   const std::string& part) {
  Vocabulary v = SentencePieceVocabulary({"a", "b"});
  damage(&v);
  const auto result = CreateTokenizer(v);
  ASSERT_FALSE(result.ok()) << part;
  EXPECT_EQ(result.status().code(), code) << result.status().message();
  EXPECT_NE(result.status().message().find(part), std::string::npos) << result.status().message();
}

TEST(Vocabulary, MustHavePieces) {
  ExpectRefused([](Vocabulary* v) { v->pieces.clear(); }, StatusCode::kMalformed,
                "tokenizer.ggml.tokens is empty");
}

TEST(Vocabulary, ScoresAndTypesMustBeAsManyAsPieces) {
  ExpectRefused([](Vocabulary* v) { v->scores.pop_back(); }, StatusCode::kMalformed,
                "tokenizer.ggml.scores has 260 entries for 261 tokens");
  ExpectRefused([](Vocabulary* v) { v->types.push_back(TokenType::kNormal); },
                StatusCode::kMalformed, "tokenizer.ggml.token_type has 262 entries");
  Vocabulary v = SentencePieceVocabulary({"a"});
  v.scores.clear();
  v.types.clear();
  EXPECT_TRUE(CreateTokenizer(v).ok());
}

TEST(Vocabulary, EveryIdMustBeInside) {
  const struct {
    std::int32_t Vocabulary::*id;
    const char* name;
  } ids[] = {{&Vocabulary::bos_id, "bos_token_id"},
             {&Vocabulary::eos_id, "eos_token_id"},
             {&Vocabulary::unknown_id, "unknown_token_id"},
             {&Vocabulary::separator_id, "seperator_token_id"},
             {&Vocabulary::padding_id, "padding_token_id"},
             {&Vocabulary::mask_id, "mask_token_id"},
             {&Vocabulary::eot_id, "eot_token_id"},
             {&Vocabulary::eom_id, "eom_token_id"},
             {&Vocabulary::fim_padding_id, "fim_pad_token_id"},
             {&Vocabulary::fim_repository_id, "fim_rep_token_id"},
             {&Vocabulary::fim_separator_id, "fim_sep_token_id"}};
  for (const auto& [id, name] : ids) {
    for (const std::int32_t bad : {261, -2, std::numeric_limits<std::int32_t>::max(),
                                   std::numeric_limits<std::int32_t>::min()}) {
      ExpectRefused([bad, member = id](Vocabulary* v) { v->*member = bad; }, StatusCode::kMalformed,
                    std::string(name) + " is " + std::to_string(bad));
    }
  }
}

TEST(Vocabulary, AFlagNeedsItsToken) {
  ExpectRefused([](Vocabulary* v) { v->bos_id = kNoToken; }, StatusCode::kMalformed,
                "add_bos_token is true");
  ExpectRefused(
      [](Vocabulary* v) {
        v->eos_id = kNoToken;
        v->add_eos = true;
      },
      StatusCode::kMalformed, "add_eos_token is true");
  ExpectRefused([](Vocabulary* v) { v->add_separator = true; }, StatusCode::kMalformed,
                "add_sep_token is true");
}

TEST(Vocabulary, RefusesDuplicatesAndScoresThatAreNoNumbers) {
  ExpectRefused([](Vocabulary* v) { v->pieces[260] = "a"; }, StatusCode::kMalformed,
                "tokens[260] repeats the text of token 259");
  ExpectRefused([](Vocabulary* v) { v->scores[259] = std::numeric_limits<float>::quiet_NaN(); },
                StatusCode::kMalformed, "scores[259] is not a number");
}

TEST(Vocabulary, RefusesPiecesAboveTheLimits) {
  ExpectRefused([](Vocabulary* v) { v->pieces[259] = std::string(kMaxPieceBytes + 1, 'x'); },
                StatusCode::kLimitExceeded, "tokens[259] has 16385 bytes, the limit is 16384");
  ExpectRefused([](Vocabulary* v) { v->pieces[1] = std::string(kMaxSpecialPieceBytes + 1, 'x'); },
                StatusCode::kLimitExceeded, "tokens[1] has 513 bytes, the limit is 512");
}

TEST(Vocabulary, EmptyPiecesAndHugeScoresAreHarmless) {
  Vocabulary v = SentencePieceVocabulary({"a", "b", "ab", "", ""});
  v.scores[261] = std::numeric_limits<float>::infinity();
  v.scores[259] = -std::numeric_limits<float>::infinity();
  v.types[262] = TokenType::kUserDefined;
  v.types[263] = TokenType::kControl;
  v.add_space_prefix = false;
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "aab", {.add_special = false, .parse_special = true}),
            (std::vector<std::int32_t>{259, 261}));
  EXPECT_EQ(t->PieceBytes(262), "");
  EXPECT_EQ(t->DisplayPiece(262), "");
}

TEST(Vocabulary, PiecesThatAreNoUtf8AreHarmless) {
  Vocabulary v = SentencePieceVocabulary({"\xFF", "a\xC3", "\x96\x81", "▁"});
  v.types[259] = TokenType::kUserDefined;
  const auto t = Make(v);
  EXPECT_EQ(Detokenize(*t, IdsOf(*t, "aé ▁b")), "aé  b");
  EXPECT_EQ(t->DisplayPiece(260), "a<0xC3>");
}

TEST(Vocabulary, UnusedUndefinedAndOddByteTokensHaveNoSurprises) {
  Vocabulary v = SentencePieceVocabulary({"gone", "odd", "<0xZZ>", "<0xa", "<0xAZ>"});
  v.types[259] = TokenType::kUnused;
  v.types[260] = TokenType::kUndefined;
  v.types[261] = v.types[262] = v.types[263] = TokenType::kByte;
  v.pieces[3] = "<0x0a>";  // lower case
  v.pieces[3 + 10] = "<0x0B >";
  const auto t = Make(v);
  EXPECT_EQ(t->PieceBytes(259), "");
  EXPECT_EQ(t->PieceBytes(260), "");
  EXPECT_EQ(t->PieceBytes(261), "<0xZZ>");
  EXPECT_EQ(t->PieceBytes(262), "<0xa");
  EXPECT_EQ(t->PieceBytes(263), "<0xAZ>");
  EXPECT_EQ(t->PieceBytes(3), "\n");
  EXPECT_EQ(t->DisplayPiece(259), "gone");
}

TEST(Vocabulary, OnlyTwoHexadecimalDigitsNameAByte) {
  for (const char* name : {"<0x/0>", "<0x:0>", "<0x@0>", "<0xG0>", "<0x`0>", "<0xg0>", "<0x0g>",
                           "<0y00>", "<0x000", "00x00>", ""}) {
    EXPECT_EQ(ByteOfPiece(name), -1) << name;
  }
  EXPECT_EQ(ByteOfPiece("<0x0A>"), 10);
  EXPECT_EQ(ByteOfPiece("<0xfF>"), 255);
}

TEST(SpecialTokens, EndsAreKnownByIdAndByText) {
  Vocabulary v = SentencePieceVocabulary({"<|im_end|>", "<|eom_id|>", "[PAD]", "<|file_sep|>",
                                          "<|repo_name|>", "<|fim_middle|>", "<|return|>", "word"});
  v.eot_id = kNoToken;
  const auto t = Make(v);
  for (const std::int32_t id : {2, 259, 260, 261, 262, 263, 265}) {
    EXPECT_TRUE(t->IsEndOfGeneration(id)) << t->DisplayPiece(id);
    EXPECT_TRUE(t->IsSpecial(id)) << t->DisplayPiece(id);
    EXPECT_EQ(t->PieceBytes(id), "");
  }
  EXPECT_TRUE(t->IsSpecial(264));
  EXPECT_FALSE(t->IsEndOfGeneration(264));
  EXPECT_FALSE(t->IsEndOfGeneration(266));
  EXPECT_FALSE(t->IsEndOfGeneration(-1));
}

TEST(SpecialTokens, TheFilesOwnEndOfTurnCounts) {
  Vocabulary v = SentencePieceVocabulary({"stop", "<|im_end|>"});
  v.eot_id = 259;
  const auto t = Make(v);
  EXPECT_TRUE(t->IsEndOfGeneration(259));
  EXPECT_TRUE(t->IsEndOfGeneration(260));
}

TEST(SpecialTokens, TypesAreCorrectedEvenIfTheFileHasNone) {
  Vocabulary v;
  Add(&v, "a");
  Add(&v, "<|endoftext|>");
  v.types.clear();
  const auto t = Make(v);
  EXPECT_TRUE(t->IsSpecial(1));
  EXPECT_FALSE(t->IsSpecial(0));
}

TEST(SpecialTokens, HarmonyFormatsKeepTheirPartMarks) {
  const auto t =
      Make(SentencePieceVocabulary({"<|end|>", "<|return|>", "<|call|>", "<|channel|>"}));
  EXPECT_FALSE(t->IsEndOfGeneration(259));
  EXPECT_TRUE(t->IsEndOfGeneration(260));
  EXPECT_TRUE(t->IsEndOfGeneration(261));
  EXPECT_EQ(t->PieceBytes(259), "<|end|>");
  EXPECT_EQ(t->PieceBytes(262), "<|channel|>");
  const auto solar = Make(SentencePieceVocabulary({"<|end|>", "<|flush|>", "<|calls|>"}));
  EXPECT_FALSE(solar->IsEndOfGeneration(259));
  const auto call_only = Make(SentencePieceVocabulary({"<|end|>", "<|call|>"}));
  EXPECT_TRUE(call_only->IsEndOfGeneration(259));
  const auto gemma = Make(SentencePieceVocabulary({"<|tool_response>"}));
  EXPECT_FALSE(gemma->IsEndOfGeneration(2));
  EXPECT_FALSE(gemma->IsSpecial(2));
}

}  // namespace
}  // namespace fovea::text
