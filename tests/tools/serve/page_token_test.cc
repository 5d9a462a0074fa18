#include "tools/attention-dump/serve/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace fovea::dump {
namespace {

TEST(PageToken, Has128BitsAsHexDigitsAndIsNewEveryTime) {
  std::set<std::string> tokens;
  std::set<char> digits;
  for (int i = 0; i < 64; ++i) {
    const Result<std::string> token = NewPageToken();
    ASSERT_TRUE(token.ok());
    EXPECT_THAT(*token, testing::MatchesRegex("[0-9a-f]{32}"));
    tokens.insert(*token);
    digits.insert(token->begin(), token->end());
  }
  EXPECT_EQ(tokens.size(), 64U);
  EXPECT_EQ(digits.size(), 16U);
}

TEST(PageToken, EqualOnlyIfEveryCharacterIs) {
  EXPECT_TRUE(EqualInConstantTime("", ""));
  EXPECT_TRUE(EqualInConstantTime("0123", "0123"));
  for (const char* other : {"1123", "0023", "0133", "0122", "012", "01234", ""}) {
    EXPECT_FALSE(EqualInConstantTime("0123", other)) << other;
  }
}

}  // namespace
}  // namespace fovea::dump
