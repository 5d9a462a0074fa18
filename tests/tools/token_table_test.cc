#include "tools/attention-dump/data/token_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tools/example_dump.h"
#include "tools/attention-dump/output/sidecar.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;

/// Ids are indices into a list of pieces; id 0 is the BOS.
class ListTokenizer : public Tokenizer {
 public:
  explicit ListTokenizer(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Result<std::vector<Token>> Tokenize(std::string_view, const TokenizeOptions&) const override {
    return std::vector<Token>();
  }
  std::size_t vocabulary_size() const override { return pieces_.size(); }
  std::string PieceBytes(std::int32_t id) const override {
    return IsSpecial(id) ? "" : pieces_[static_cast<std::size_t>(id)];
  }
  std::string DisplayPiece(std::int32_t id) const override {
    return "[" + pieces_[static_cast<std::size_t>(id)] + "]";
  }
  std::int32_t bos_id() const override { return 0; }
  std::int32_t eos_id() const override { return -1; }
  bool IsSpecial(std::int32_t id) const override { return id == 0; }
  bool IsEndOfGeneration(std::int32_t) const override { return false; }
  std::string_view kind() const override { return "llama"; }

 private:
  std::vector<std::string> pieces_;
};

Token At(std::int32_t id, std::size_t begin, std::size_t end) {
  Token token;
  token.id = id;
  token.begin = begin;
  token.end = end;
  return token;
}

TEST(TokenTable, WordsBeginAtWhiteSpaceWhicheverSideOfItTheTokenizerCuts) {
  // "un happy\ncats" as: <s> "un" " hap" "py" "\n" "cats".
  const ListTokenizer tokenizer({"<s>", "un", " hap", "py", "\n", "cats"});
  Prompt prompt;
  prompt.has_text = true;
  prompt.text = "un happy\ncats";
  prompt.tokens = {At(0, 0, 0), At(1, 0, 2), At(2, 2, 6), At(3, 6, 8), At(4, 8, 9), At(5, 9, 13)};
  const TokenTable table = MakeTokenTable(&tokenizer, prompt, {});
  EXPECT_THAT(table.tokens.word, ElementsAre(-1, 0, 1, 1, 2, 3));
  EXPECT_THAT(table.tokens.special, ElementsAre(true, false, false, false, false, false));
  EXPECT_EQ(table.tokens.pieces[2], "[ hap]");
  EXPECT_EQ(table.text, prompt.text);
}

TEST(TokenTable, WideSpacesSeparateWordsEvenWhenCutIntoBytes) {
  // U+3000 between two letters, its three bytes as three tokens.
  const ListTokenizer tokenizer({"<s>", "a", "\xE3", "\x80", "b"});
  Prompt prompt;
  prompt.has_text = true;
  prompt.text =
      "a\xE3\x80\x80"
      "b";
  prompt.tokens = {At(1, 0, 1), At(2, 1, 2), At(3, 2, 3), At(3, 3, 4), At(4, 4, 5)};
  const TokenTable table = MakeTokenTable(&tokenizer, prompt, {});
  EXPECT_EQ(table.tokens.word.front(), 0);
  EXPECT_EQ(table.tokens.word[1], 1);
  EXPECT_EQ(table.tokens.word.back(), table.tokens.word[3] + 1);
}

TEST(TokenTable, GeneratedTokensContinueTheText) {
  const ListTokenizer tokenizer({"<s>", "un", " hap", "py"});
  Prompt prompt;
  prompt.has_text = true;
  prompt.text = "un";
  prompt.tokens = {At(0, 0, 0), At(1, 0, 2)};
  const std::vector<std::int32_t> generated = {2, 3};
  const TokenTable table = MakeTokenTable(&tokenizer, prompt, generated);
  EXPECT_EQ(table.text, "un happy");
  EXPECT_THAT(table.tokens.text_begin, ElementsAre(0, 0, 2, 6));
  EXPECT_THAT(table.tokens.text_end, ElementsAre(0, 2, 6, 8));
  EXPECT_THAT(table.tokens.generated, ElementsAre(false, false, true, true));
  EXPECT_THAT(table.tokens.word, ElementsAre(-1, 0, 1, 1));
}

TEST(TokenTable, AnUnfinishedCharacterIsReplacedByteByByteSoThatOffsetsHold) {
  const ListTokenizer tokenizer({"<s>", "\xE2\x82", "x"});
  Prompt prompt;
  prompt.has_text = true;
  prompt.text = "a";
  prompt.tokens = {At(2, 0, 1)};
  const std::vector<std::int32_t> generated = {1, 2};
  const TokenTable table = MakeTokenTable(&tokenizer, prompt, generated);
  EXPECT_EQ(table.text, "a??x");
  EXPECT_EQ(table.tokens.text_begin[2], 3U);
}

TEST(TokenTable, IdsWithoutTextHaveWordsButNoOffsets) {
  const ListTokenizer tokenizer({"<s>", "un", " hap", "py"});
  Prompt prompt;
  prompt.tokens = {At(0, 0, 0), At(1, 0, 0), At(2, 0, 0), At(3, 0, 0)};
  const TokenTable table = MakeTokenTable(&tokenizer, prompt, {});
  EXPECT_EQ(table.text, "");
  EXPECT_THAT(table.tokens.word, ElementsAre(-1, 0, 1, 1));
  EXPECT_THAT(table.tokens.text_end, ElementsAre(0, 0, 0, 0));
}

TEST(TokenTable, WithoutAVocabularyPiecesAreNumbers) {
  Prompt prompt;
  prompt.tokens = {At(17, 0, 0), At(3, 0, 0)};
  const TokenTable table = MakeTokenTable(nullptr, prompt, {});
  EXPECT_THAT(table.tokens.pieces, ElementsAre("#17", "#3"));
  EXPECT_THAT(table.tokens.special, ElementsAre(false, false));
}

TEST(Sidecar, SaysEverythingAndStaysValidWhateverThePiecesHold) {
  DumpInfo info = ExampleInfo();
  info.tokens.pieces[1] = "\"\\\n\xFF";
  const std::string text = SidecarJson(info);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const nlohmann::json sidecar = nlohmann::json::parse(text);
  EXPECT_EQ(sidecar["token_ids"], nlohmann::json({1, 7, 8}));
  EXPECT_EQ(sidecar["token_strings"][1], "\"\\\n\xEF\xBF\xBD");
  EXPECT_EQ(sidecar["byte_offsets"][2], nlohmann::json({1, 3}));
  EXPECT_EQ(sidecar["word_ids"], nlohmann::json({-1, 0, 1}));
  EXPECT_EQ(sidecar["special"], nlohmann::json({true, false, false}));
  EXPECT_EQ(sidecar["generated"], nlohmann::json({false, false, true}));
  EXPECT_EQ(sidecar["greedy_tokens"], nlohmann::json({8}));
  EXPECT_EQ(sidecar["layers"], nlohmann::json({4, 6}));
  EXPECT_EQ(sidecar["heads"], nlohmann::json({3}));
  EXPECT_EQ(sidecar["kv_head"], nlohmann::json({1}));
  EXPECT_EQ(sidecar["mask"], "causal, sliding window");
  EXPECT_EQ(sidecar["windows"], nlohmann::json({0, 2}));
  const nlohmann::json& stamp = sidecar["trust_stamp"];
  for (const char* key : {"model_hash", "weight_type", "kv_type", "kernel", "isa", "rope",
                          "attention_softcap", "row_sum_error", "learned_sink_share", "version"}) {
    EXPECT_TRUE(stamp.contains(key)) << key;
  }
}

TEST(Sidecar, AFigureThatIsNotFiniteBecomesNull) {
  DumpInfo info = ExampleInfo();
  info.row_sum_error = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(nlohmann::json::parse(SidecarJson(info))["trust_stamp"]["row_sum_error"].is_null());
}

}  // namespace
}  // namespace fovea::dump
