#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/text/vocabulary_tokenizer.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using Ids = std::vector<std::int32_t>;

/// Merges in order, ids from 256 on: "ab", "bc", "Ġa", "abab", "Ġab"
Vocabulary Letters(const std::string& pre = "gpt-2") {
  return ByteLevelVocabulary({"a b", "b c", "Ġ a", "ab ab", "Ġ ab"}, pre);
}
constexpr std::int32_t kAb = 256, kBc = 257, kAbab = 259, kSpaceAb = 260, kEnd = 261;

TEST(ByteLevel, MergesTheLowestRankFirst) {
  const auto t = Make(Letters());
  EXPECT_EQ(IdsOf(*t, "abc"), (Ids{kAb, 'c'}));
  EXPECT_EQ(IdsOf(*t, "bc"), (Ids{kBc}));
  EXPECT_EQ(IdsOf(*t, "ababab"), (Ids{kAbab, kAb}));
  EXPECT_EQ(IdsOf(*t, " ab ab"), (Ids{kSpaceAb, kSpaceAb}));
  EXPECT_EQ(RangesOf(*t, " abcab ab"), "0-3 3-4 4-6 6-9");
  EXPECT_EQ(IdsOf(*t, ""), Ids{});
}

TEST(ByteLevel, NeverMergesAcrossWords) {
  const auto t = Make(Letters());
  EXPECT_EQ(IdsOf(*t, "1ab"), (Ids{'1', kAb}));
  EXPECT_EQ(IdsOf(*t, "a'b"), (Ids{'a', '\'', 'b'}));
}

TEST(ByteLevel, TakesWholeWordsFirstWhereTheModelDoes) {
  // "abc" is a token that no merge makes.
  Vocabulary v = Letters("llama-bpe");
  Add(&v, "abc");
  EXPECT_EQ(IdsOf(*Make(v), "abc"), (Ids{kEnd + 1}));
  EXPECT_EQ(RangesOf(*Make(v), " x abc"), "0-1 1-2 2-5 5-6");
  v.pre_tokenizer = "gpt-2";
  EXPECT_EQ(IdsOf(*Make(v), "abc"), (Ids{kAb, 'c'}));
}

TEST(ByteLevel, AddsBosAndEosAsAsked) {
  Vocabulary v = Letters();
  v.add_bos = v.add_eos = true;
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "a"), (Ids{kEnd, 'a', kEnd}));
  EXPECT_EQ(IdsOf(*t, "a", {.add_special = false}), (Ids{'a'}));
  EXPECT_EQ(IdsOf(*t, "a<|endoftext|>", {.add_special = false, .parse_special = true}),
            (Ids{'a', kEnd}));
  EXPECT_TRUE(t->IsSpecial(kEnd));
  EXPECT_TRUE(t->IsEndOfGeneration(kEnd));
  EXPECT_FALSE(t->IsSpecial('a'));
  EXPECT_FALSE(t->IsSpecial(-1));
}

TEST(ByteLevel, MergesThatMakeNoTokenFallBackToBytes) {
  Vocabulary v = Letters();
  v.pieces[kAb] = "<removed>";
  v.merges = {"a b", "b c"};
  const auto t = Make(v);
  EXPECT_EQ(IdsOf(*t, "abc"), (Ids{'a', 'b', 'c'}));
  EXPECT_EQ(RangesOf(*t, "abc"), "0-1 1-2 2-3");
}

TEST(ByteLevel, AByteWithoutATokenIsUnknownOrLost) {
  Vocabulary v;
  v.kind = TokenizerKind::kByteLevel;
  v.pre_tokenizer = "gpt-2";
  Add(&v, "a");
  Add(&v, "?");
  EXPECT_EQ(IdsOf(*Make(v), "axa"), (Ids{0, 0}));
  v.unknown_id = 1;
  EXPECT_EQ(IdsOf(*Make(v), "axa"), (Ids{0, 1, 0}));
  // Even where a merge mentions it.
  v.merges = {"x y"};
  EXPECT_EQ(IdsOf(*Make(v), "xya"), (Ids{1, 1, 0}));
}

TEST(ByteLevel, RefusesAnUnknownPreTokenizerAndListsTheKnownOnes) {
  Vocabulary v = Letters("kimi-k2");
  const auto result = CreateTokenizer(v);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kUnsupported);
  for (const char* part : {"tokenizer.ggml.pre", "kimi-k2", "gpt-2", "llama-bpe", "qwen2"}) {
    EXPECT_NE(result.status().message().find(part), std::string::npos) << part;
  }
}

TEST(ByteLevel, RefusesABrokenMerge) {
  Vocabulary v = Letters();
  v.merges.push_back("nothing");
  EXPECT_EQ(CreateTokenizer(v).status().code(), StatusCode::kMalformed);
}

TEST(ByteLevel, PiecesGiveBackTheirBytes) {
  const auto t = Make(Letters());
  EXPECT_EQ(t->PieceBytes(kSpaceAb), " ab");
  EXPECT_EQ(t->PieceBytes(0xE2), "\xE2");
  EXPECT_EQ(t->PieceBytes(kEnd), "");
  EXPECT_EQ(t->DisplayPiece(kSpaceAb), "␣ab");
  EXPECT_EQ(t->DisplayPiece(0xE2), "<0xE2>");
  EXPECT_EQ(t->DisplayPiece('\n'), "⏎");
  EXPECT_EQ(t->DisplayPiece(kEnd), "<|endoftext|>");
  EXPECT_EQ(t->kind(), "gpt2");
  EXPECT_FALSE(t->adds_space_prefix());
}

TEST(ByteLevel, RandomTextsComeBackForEveryPreTokenizer) {
  std::mt19937 random(9);
  for (const char* pre :
       {"gpt-2", "llama-bpe", "qwen2", "smollm", "default", "falcon", "tekken", "gpt-4o"}) {
    const auto t = Make(Letters(pre));
    for (int i = 0; i < 200; ++i) {
      const std::string text = RandomText(&random, random() % 60);
      ExpectCoversAndComesBack(*t, text);
    }
  }
}

TEST(Tokenize, NamesTheOffsetOfBytesThatAreNoUtf8) {
  const auto t = Make(Letters());
  const auto result = t->Tokenize("caf\xC3", {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(result.status().message(), "the text is not valid UTF-8 at byte 3");
}

TEST(Tokenize, RefusesATextAboveTheLimit) {
  const auto t = Make(Letters());
  const std::string text(kMaxTextBytes + 1, 'a');
  const auto result = t->Tokenize(text, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kLimitExceeded);
}

}  // namespace
}  // namespace fovea::text
