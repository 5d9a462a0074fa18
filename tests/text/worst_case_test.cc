// Long texts of the kinds that make naive tokenizers quadratic or overflow their stack. A quadratic
// algorithm would need a minute for each of these texts; the test's time limit is the check, so no
// clock is read.
#include <gtest/gtest.h>

#include <string>

#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

constexpr std::size_t kLength = std::size_t{1} << 16;

std::string Repeated(std::string_view unit) {
  std::string text;
  while (text.size() < kLength) text += unit;
  return text;
}

std::vector<std::string> LongTexts() {
  return {Repeated("a"),  Repeated(" "), Repeated("😀"),   Repeated("\n"),     Repeated("a "),
          Repeated("1"),  Repeated("A"), Repeated("aA"),  Repeated("!"),      Repeated("\r\n"),
          Repeated("'s"), Repeated("▁"), Repeated("<s>"), Repeated("e\u0301")};
}

void ExpectLinear(const Tokenizer& tokenizer, bool comes_back) {
  for (const std::string& text : LongTexts()) {
    const std::string variant = text + "x";
    const auto tokens = TokensOf(tokenizer, variant, {.add_special = false, .parse_special = true});
    ASSERT_FALSE(tokens.empty());
    if (!comes_back) continue;
    ASSERT_EQ(Detokenize(tokenizer, TokenIds(tokens)), variant);
  }
}

TEST(WorstCase, SentencePieceIsNotQuadratic) {
  Vocabulary v = SentencePieceVocabulary(
      {"▁", "▁▁", "▁▁▁▁", "a", "aa", "aaaa", "aaaaaaaa", "▁a", "aA", "A", "x"});
  ExpectLinear(*Make(v), false);
  Add(&v, "x▁x");  // Forbids cutting at spaces: the whole text is one word.
  ExpectLinear(*Make(v), false);
}

TEST(WorstCase, ByteLevelIsNotQuadratic) {
  for (const char* pre : {"gpt-2", "llama-bpe", "qwen2", "smollm", "default", "tekken", "gpt-4o"}) {
    ExpectLinear(*Make(ByteLevelVocabulary({"a a", "aa aa", "Ġ Ġ", "ĠĠ ĠĠ", "ð Ł", "A a"}, pre)),
                 true);
  }
}

TEST(WorstCase, UnigramIsNotQuadratic) {
  Vocabulary v = SentencePieceVocabulary({"▁", "▁▁", "a", "aa", "aaaa", "aaaaaaaa", "▁a", "aA"});
  v.kind = TokenizerKind::kUnigram;
  ExpectLinear(*Make(v), false);
}

TEST(WorstCase, WordPieceIsNotQuadratic) {
  const auto t = Make(WordPieceVocabulary({"▁a", "a", "aa", "aaaaaaaa", "▁1", "1"}));
  for (const std::string& text : LongTexts()) TokensOf(*t, text);
}

TEST(WorstCase, ManyOverlappingSpecialTokensAreCutInLinearTime) {
  Vocabulary v = SentencePieceVocabulary({"b"});
  for (std::size_t size = 1; size <= 200; ++size) {
    Add(&v, std::string(size, 'a'), TokenType::kUserDefined);
  }
  const auto t = Make(v);
  EXPECT_EQ(TokensOf(*t, Repeated("a"), {.add_special = false}).size(), (kLength + 199) / 200);
}

}  // namespace
}  // namespace fovea::text
