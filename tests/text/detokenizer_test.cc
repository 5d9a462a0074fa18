#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

std::string Stream(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
  StreamingDetokenizer stream(tokenizer);
  std::string out;
  for (const std::int32_t id : ids) {
    const std::string part = stream.Push(id);
    EXPECT_EQ(FirstInvalidUtf8(part), std::nullopt);
    out += part;
  }
  return out + stream.Finish();
}

TEST(StreamingDetokenizer, HoldsACharacterBackUntilItIsWhole) {
  const auto t = Make(ByteLevelVocabulary({}));
  StreamingDetokenizer stream(*t);
  EXPECT_EQ(stream.Push(0xF0), "");
  EXPECT_EQ(stream.Push(0x9F), "");
  EXPECT_EQ(stream.Push(0x98), "");
  EXPECT_EQ(stream.Push(0x80), "😀");
  EXPECT_EQ(stream.Push('x'), "x");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(StreamingDetokenizer, InvalidBytesBecomeOneReplacementPerBrokenCharacter) {
  const auto t = Make(ByteLevelVocabulary({}));
  EXPECT_EQ(Stream(*t, {0xFF, 'a'}), "\uFFFDa");
  EXPECT_EQ(Stream(*t, {0xE2, 0x96, 'a'}), "\uFFFDa");
  EXPECT_EQ(Stream(*t, {0xE2, 0xE2, 0x96, 0x81}), "\uFFFD▁");
  EXPECT_EQ(Stream(*t, {0xE0, 0x80}), "\uFFFD\uFFFD");
  EXPECT_EQ(Stream(*t, {'a', 0xF0, 0x9F}), "a\uFFFD");
}

TEST(StreamingDetokenizer, AnyIdsGiveValidTextAndTheSameAsAllAtOnce) {
  const auto t = Make(ByteLevelVocabulary({"a b", "â Ģ", "Ã ©"}));
  std::mt19937 random(5);
  for (int i = 0; i < 2'000; ++i) {
    std::vector<std::int32_t> ids(random() % 20);
    for (auto& id : ids) id = static_cast<std::int32_t>(random() % 264) - 2;
    const std::string text = Stream(*t, ids);
    ASSERT_EQ(text, Detokenize(*t, ids));
    ASSERT_EQ(FirstInvalidUtf8(text), std::nullopt);
  }
}

TEST(StreamingDetokenizer, DropsTheSpaceThatSentencePieceAddedOnlyAtTheStart) {
  const auto t = Make(SentencePieceVocabulary({"▁a", "▁"}));
  EXPECT_EQ(Detokenize(*t, std::vector<std::int32_t>{1, 259, 259}), "a a");
  EXPECT_EQ(Detokenize(*t, std::vector<std::int32_t>{260, 260, 259}), "  a");
  EXPECT_EQ(Detokenize(*t, {}), "");
  StreamingDetokenizer continued(*t, /*at_start=*/false);
  EXPECT_EQ(continued.Push(259), " a");
  Vocabulary v = SentencePieceVocabulary({"▁a"});
  v.add_space_prefix = false;
  EXPECT_EQ(Detokenize(*Make(v), std::vector<std::int32_t>{259}), " a");
}

}  // namespace
}  // namespace fovea::text
