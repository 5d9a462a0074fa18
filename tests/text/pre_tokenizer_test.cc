#include "engine/text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/text/pre_tokenizer_table.h"

namespace fovea::text {
namespace {

std::vector<std::string> Words(std::string_view name, std::string_view text) {
  const PreTokenizerRules* rules = FindPreTokenizer(name);
  EXPECT_NE(rules, nullptr) << name;
  if (rules == nullptr) return {};
  const auto splitter = PreTokenizer::Create(rules->patterns);
  EXPECT_TRUE(splitter.ok()) << splitter.status().message();
  if (!splitter) return {};
  const auto ends = splitter->Split(text);
  EXPECT_TRUE(ends.ok()) << ends.status().message();
  std::vector<std::string> words;
  std::size_t begin = 0;
  if (!ends) return words;
  for (const std::uint32_t end : *ends) {
    EXPECT_GT(end, begin);
    words.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(begin, text.size());
  return words;
}

using List = std::vector<std::string>;

TEST(PreTokenizer, Gpt2KeepsOneSpaceWithTheWordThatFollows) {
  EXPECT_EQ(Words("gpt-2", "I've  2 cats!? \n x"),
            (List{"I", "'ve", " ", " 2", " cats", "!?", " \n", " x"}));
  EXPECT_EQ(Words("gpt-2", "12345 x  "), (List{"12345", " x", "  "}));
  EXPECT_EQ(Words("gpt-2", "'S don'T"), (List{"'", "S", " don", "'", "T"}));
}

TEST(PreTokenizer, LlamaBpeTakesNumbersByThreeAndContractionsInAnyCase) {
  EXPECT_EQ(Words("llama-bpe", "12345 DON'T"), (List{"123", "45", " DON", "'T"}));
  EXPECT_EQ(Words("llama-bpe", "a\n\n  b ...\n"), (List{"a", "\n\n", " ", " b", " ...\n"}));
  EXPECT_EQ(Words("llama-bpe", "(x)"), (List{"(x", ")"}));
}

TEST(PreTokenizer, Qwen2TakesNumbersDigitByDigit) {
  EXPECT_EQ(Words("qwen2", "a 123"), (List{"a", " ", "1", "2", "3"}));
  EXPECT_EQ(Words("qwen2", "it'S"), (List{"it", "'S"}));
}

TEST(PreTokenizer, SmollmCutsDigitsOutFirst) {
  EXPECT_EQ(Words("smollm", "ab12 c"), (List{"ab", "1", "2", " c"}));
  // The space before a digit is the end of a piece of its own, so nothing follows it there.
  EXPECT_EQ(Words("smollm", "a   1"), (List{"a", "   ", "1"}));
}

TEST(PreTokenizer, DefaultCutsPunctuationAndDigitsByThree) {
  EXPECT_EQ(Words("", "a+b. 12345"), (List{"a", "+", "b", ".", " ", "123", "45"}));
  EXPECT_EQ(Words("default", "x = `y`"), (List{"x", " ", "=", " `", "y", "`"}));
}

TEST(PreTokenizer, FalconCutsBackticksToo) {
  EXPECT_EQ(Words("falcon", "`a` 1234"), (List{"`", "a", "`", " ", "123", "4"}));
}

TEST(PreTokenizer, TekkenBeginsAWordAtAnUpperCaseLetter) {
  EXPECT_EQ(Words("tekken", "camelCase HTTPServer"), (List{"camel", "Case", " HTTPServer"}));
  EXPECT_EQ(Words("gpt-4o", "We'll GO'S 1234"), (List{"We'll", " GO'S", " ", "123", "4"}));
}

TEST(PreTokenizer, WhiteSpaceIsUnicodesNotPcres) {
  // U+0085 and U+3000 are white space; U+180E and U+200B are not.
  EXPECT_EQ(Words("gpt-2", "a\u3000\u3000b"), (List{"a", "\u3000", "\u3000", "b"}));
  EXPECT_EQ(Words("gpt-2", "a\u0085"), (List{"a", "\u0085"}));
  EXPECT_EQ(Words("gpt-2", "\u180E!"), (List{"\u180E!"}));
  EXPECT_EQ(Words("gpt-2", "\u200B!"), (List{"\u200B!"}));
}

TEST(PreTokenizer, SpellsOutWhiteSpaceInsideAndOutsideBrackets) {
  EXPECT_EQ(SpellOutWhiteSpace(R"(\s+[^\s\p{L}]\S)"),
            R"([\t-\r \x{85}\p{Z}]+[^\t-\r \x{85}\p{Z}\p{L}][^\t-\r \x{85}\p{Z}])");
  EXPECT_EQ(SpellOutWhiteSpace("a\\"), "a\\");
}

TEST(PreTokenizer, EveryRowOfTheTableCompilesAndSplitsAnything) {
  std::string names = PreTokenizerNames() + ", ";
  std::size_t count = 0;
  for (std::size_t comma = names.find(", "); !names.empty(); comma = names.find(", ")) {
    Words(names.substr(0, comma), "Hello, y'all! 😁 我想在apple工作1314151天～\n\n \tdef f(x):\r\n");
    names.erase(0, comma + 2);
    ++count;
  }
  EXPECT_GT(count, 40U);
  EXPECT_EQ(FindPreTokenizer("no-such"), nullptr);
  EXPECT_TRUE(Words("gpt-2", "").empty());
}

TEST(PreTokenizer, SaysWhatIsWrongWithABrokenPattern) {
  const std::string_view patterns[] = {"a(b"};
  const auto splitter = PreTokenizer::Create(patterns);
  ASSERT_FALSE(splitter.ok());
  EXPECT_EQ(splitter.status().code(), StatusCode::kMalformed);
  EXPECT_NE(splitter.status().message().find("a(b"), std::string::npos);
}

TEST(PreTokenizer, ReportsAPatternThatBacktracksTooMuchInsteadOfHanging) {
  const std::string_view patterns[] = {"(?:a+)+$"};
  const auto splitter = PreTokenizer::Create(patterns);
  ASSERT_TRUE(splitter.ok());
  const auto ends = splitter->Split(std::string(60, 'a') + "b");
  ASSERT_FALSE(ends.ok());
  EXPECT_EQ(ends.status().code(), StatusCode::kLimitExceeded);
}

TEST(PreTokenizer, APatternThatMatchesNothingEndsTheSearch) {
  const std::string_view patterns[] = {"b*"};
  const auto splitter = PreTokenizer::Create(patterns);
  ASSERT_TRUE(splitter.ok());
  const auto ends = splitter->Split("abc");
  ASSERT_TRUE(ends.ok());
  EXPECT_EQ(*ends, (std::vector<std::uint32_t>{3}));
}

}  // namespace
}  // namespace fovea::text
