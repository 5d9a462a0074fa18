#include "engine/model/load/load_tokenizer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/format/gguf_file.h"
#include "tests/format/gguf_builder.h"

namespace fovea::model {
namespace {

using Strings = std::vector<std::string>;
using Ids = std::vector<std::int32_t>;
using ::fovea::testing::GgufBuilder;

/// A file with a vocabulary of five pieces: <unk> <s> </s> a ▁a
GgufBuilder Llama() {
  GgufBuilder b;
  b.Add("general.architecture", "llama").Add("tokenizer.ggml.model", "llama");
  b.Add("tokenizer.ggml.tokens", Strings{"<unk>", "<s>", "</s>", "a", "▁a"});
  b.Add("tokenizer.ggml.scores", std::vector<float>{0, 0, 0, -1, -2});
  b.Add("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 1, 1});
  return b;
}

GgufBuilder Gpt2() {
  GgufBuilder b;
  b.Add("tokenizer.ggml.model", "gpt2");
  b.Add("tokenizer.ggml.tokens", Strings{"a", "b", "ab", "<|endoftext|>"});
  b.Add("tokenizer.ggml.merges", Strings{"a b"});
  return b;
}

class LoadTokenizerTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Tokenizer>> Load(const GgufBuilder& builder) {
    bytes_ = builder.Build();
    auto file = format::GgufFile::FromBuffer(bytes_, "test.gguf");
    EXPECT_TRUE(file.ok()) << file.status().message();
    if (!file) return file.status();
    return LoadTokenizer(*file);
  }
  Ids IdsOf(const GgufBuilder& builder, std::string_view text) {
    auto tokenizer = Load(builder);
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
    if (!tokenizer) return {};
    auto ids = (*tokenizer)->Encode(text);
    EXPECT_TRUE(ids.ok()) << ids.status().message();
    return ids ? *ids : Ids();
  }
  void ExpectRefused(const GgufBuilder& builder, StatusCode code, const Strings& parts) {
    const auto tokenizer = Load(builder);
    ASSERT_FALSE(tokenizer.ok()) << parts[0];
    EXPECT_EQ(tokenizer.status().code(), code) << tokenizer.status().message();
    EXPECT_EQ(tokenizer.status().message().find("test.gguf: "), 0U) << tokenizer.status().message();
    for (const std::string& part : parts) {
      EXPECT_NE(tokenizer.status().message().find(part), std::string::npos)
          << part << " in: " << tokenizer.status().message();
    }
  }

 private:
  fovea::testing::Bytes bytes_;
};

TEST_F(LoadTokenizerTest, ReadsAnSpmVocabularyWithTheDefaultsOfItsKind) {
  EXPECT_EQ(IdsOf(Llama(), "a a"), (Ids{1, 4, 4}));
  EXPECT_EQ(IdsOf(Llama().Add("tokenizer.ggml.add_bos_token", false), "a"), (Ids{4}));
  EXPECT_EQ(IdsOf(Llama().Add("tokenizer.ggml.add_eos_token", true), "a"), (Ids{1, 4, 2}));
  EXPECT_EQ(IdsOf(Llama().Add("tokenizer.ggml.add_space_prefix", false), "a"), (Ids{1, 3}));
  EXPECT_EQ(IdsOf(Llama().Add("tokenizer.ggml.bos_token_id", std::uint32_t{2}), "a"), (Ids{2, 4}));
}

TEST_F(LoadTokenizerTest, ReadsAByteLevelVocabulary) {
  EXPECT_EQ(IdsOf(Gpt2(), "abb"), (Ids{2, 1}));
  // The default ids of the kind, 11, lie outside this vocabulary and are dropped.
  const auto tokenizer = Load(Gpt2());
  ASSERT_TRUE(tokenizer.ok());
  EXPECT_EQ((*tokenizer)->bos_id(), -1);
  EXPECT_EQ((*tokenizer)->eos_id(), -1);
  EXPECT_TRUE((*tokenizer)->IsEndOfGeneration(3));
  EXPECT_EQ(IdsOf(Gpt2()
                      .Add("tokenizer.ggml.pre", "llama-bpe")
                      .Add("tokenizer.ggml.bos_token_id", std::uint32_t{3}),
                  "ab"),
            (Ids{3, 2}));
}

TEST_F(LoadTokenizerTest, ReadsAWordPieceVocabulary) {
  GgufBuilder b;
  b.Add("tokenizer.ggml.model", "bert");
  b.Add("tokenizer.ggml.tokens", Strings{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁a", "▁A"});
  b.Add("tokenizer.ggml.cls_token_id", std::uint32_t{2});
  b.Add("tokenizer.ggml.seperator_token_id", std::uint32_t{3});
  b.Add("tokenizer.ggml.unknown_token_id", std::uint32_t{1});
  EXPECT_EQ(IdsOf(b, "A x"), (Ids{2, 4, 1, 3}));
  EXPECT_EQ(IdsOf(b.Add("tokenizer.ggml.normalizer.lowercase", false), "A á"), (Ids{2, 5, 1, 3}));
  EXPECT_EQ(IdsOf(b.Add("tokenizer.ggml.normalizer.strip_accents", true), "Á"), (Ids{2, 5, 3}));
}

TEST_F(LoadTokenizerTest, ReadsAUnigramVocabularyWithTheDefaultsOfItsKind) {
  GgufBuilder b;
  b.Add("tokenizer.ggml.model", "t5");
  b.Add("tokenizer.ggml.tokens", Strings{"<pad>", "</s>", "<unk>", "▁", "a", "▁a"});
  b.Add("tokenizer.ggml.scores", std::vector<float>{0, 0, 0, -1, -2, -3.5F});
  b.Add("tokenizer.ggml.token_type", std::vector<std::int32_t>{3, 3, 2, 1, 1, 1});
  EXPECT_EQ(IdsOf(b, "a  x"), (Ids{4, 3, 3, 2, 1}));
  EXPECT_EQ(IdsOf(b.Add("tokenizer.ggml.add_space_prefix", true), "a"), (Ids{3, 4, 1}));
  EXPECT_EQ(IdsOf(b.Add("tokenizer.ggml.remove_extra_whitespaces", true), " a  x"),
            (Ids{3, 4, 3, 2, 1}));
  EXPECT_EQ(IdsOf(b.Add("tokenizer.ggml.add_eos_token", false), "a"), (Ids{3, 4}));
  b.Add("tokenizer.ggml.precompiled_charsmap", std::vector<std::uint8_t>{1, 0});
  ExpectRefused(b, StatusCode::kMalformed, {"tokenizer.ggml.precompiled_charsmap", "4 bytes"});
}

TEST_F(LoadTokenizerTest, SaysWhenThereIsNoVocabulary) {
  ExpectRefused(GgufBuilder().Add("general.architecture", "llama"), StatusCode::kNotFound,
                {"tokenizer.ggml.model"});
  for (const char* none : {"none", "no_vocab"}) {
    ExpectRefused(GgufBuilder().Add("tokenizer.ggml.model", none), StatusCode::kNotFound, {none});
  }
}

TEST_F(LoadTokenizerTest, NamesAKindAndAPreTokenizerThatItDoesNotKnow) {
  ExpectRefused(GgufBuilder().Add("tokenizer.ggml.model", "rwkv"), StatusCode::kUnsupported,
                {"tokenizer.ggml.model", "rwkv", "llama", "gpt2", "bert", "t5"});
  ExpectRefused(Gpt2().Add("tokenizer.ggml.pre", "kimi-k2"), StatusCode::kUnsupported,
                {"tokenizer.ggml.pre", "kimi-k2", "qwen2"});
}

TEST_F(LoadTokenizerTest, RefusesIdsBeyondTheVocabulary) {
  for (const char* key :
       {"bos", "eos", "unknown", "seperator", "padding", "mask", "eot", "eom", "cls", "fim_pad"}) {
    const std::string name = std::string("tokenizer.ggml.") + key + "_token_id";
    ExpectRefused(Llama().Add(name, std::uint32_t{5}), StatusCode::kMalformed,
                  {name, "5", "5 tokens"});
  }
  // -1, as writers store "none".
  EXPECT_EQ(IdsOf(Llama()
                      .Add("tokenizer.ggml.eos_token_id", std::numeric_limits<std::uint32_t>::max())
                      .Add("tokenizer.ggml.padding_token_id", std::uint32_t{4}),
                  "a"),
            (Ids{1, 4}));
}

TEST_F(LoadTokenizerTest, RefusesADefaultIdThatTheVocabularyLacksWhereItIsNeeded) {
  GgufBuilder b;
  b.Add("tokenizer.ggml.model", "llama").Add("tokenizer.ggml.tokens", Strings{"x"});
  EXPECT_EQ(IdsOf(b, ""), Ids{});
  ExpectRefused(b.Add("tokenizer.ggml.add_bos_token", true), StatusCode::kMalformed,
                {"add_bos_token is true"});
}

TEST_F(LoadTokenizerTest, RefusesArraysOfTheWrongSizeOrType) {
  GgufBuilder short_scores;
  short_scores.Add("tokenizer.ggml.model", "llama")
      .Add("tokenizer.ggml.tokens", Strings{"a", "b"})
      .Add("tokenizer.ggml.scores", std::vector<float>{0});
  ExpectRefused(short_scores, StatusCode::kMalformed, {"scores", "1 entries for 2 tokens"});
  GgufBuilder number;
  number.Add("tokenizer.ggml.model", "llama").Add("tokenizer.ggml.tokens", std::uint32_t{3});
  ExpectRefused(number, StatusCode::kMalformed, {"tokenizer.ggml.tokens"});
  GgufBuilder text_scores;
  text_scores.Add("tokenizer.ggml.model", "llama")
      .Add("tokenizer.ggml.tokens", Strings{"a"})
      .Add("tokenizer.ggml.scores", Strings{"0"});
  ExpectRefused(text_scores, StatusCode::kMalformed, {"tokenizer.ggml.scores"});
  ExpectRefused(Llama().Add("tokenizer.ggml.add_bos_token", "yes"), StatusCode::kMalformed,
                {"tokenizer.ggml.add_bos_token"});
  ExpectRefused(Llama().Add("tokenizer.ggml.bos_token_id", "one"), StatusCode::kMalformed,
                {"tokenizer.ggml.bos_token_id"});
  ExpectRefused(GgufBuilder().Add("tokenizer.ggml.model", std::uint32_t{1}), StatusCode::kMalformed,
                {"tokenizer.ggml.model"});
  ExpectRefused(GgufBuilder().Add("tokenizer.ggml.model", "llama"), StatusCode::kMalformed,
                {"tokenizer.ggml.tokens is empty"});
}

TEST_F(LoadTokenizerTest, RefusesAByteLevelVocabularyWithoutMerges) {
  GgufBuilder b;
  b.Add("tokenizer.ggml.model", "gpt2").Add("tokenizer.ggml.tokens", Strings{"a"});
  ExpectRefused(b, StatusCode::kMalformed, {"tokenizer.ggml.merges is missing"});
  b.Add("tokenizer.ggml.merges", std::vector<float>{1});
  ExpectRefused(b, StatusCode::kMalformed, {"tokenizer.ggml.merges"});
}

TEST_F(LoadTokenizerTest, TakesTypesThatItDoesNotKnowAsUndefined) {
  GgufBuilder b;
  b.Add("tokenizer.ggml.model", "llama").Add("tokenizer.ggml.tokens", Strings{"a", "b", "c"});
  b.Add("tokenizer.ggml.token_type", std::vector<std::int32_t>{-7, 99, 1});
  const auto tokenizer = Load(b);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EXPECT_EQ((*tokenizer)->PieceBytes(0), "");
  EXPECT_EQ((*tokenizer)->PieceBytes(2), "c");
}

TEST_F(LoadTokenizerTest, KnowsPhi3ByItsName) {
  GgufBuilder b = Llama();
  b.Add("general.name", "Phi-3-mini");
  auto tokenizer = Load(b);
  ASSERT_TRUE(tokenizer.ok());
  auto tokens = (*tokenizer)->Tokenize("</s>  a", {.add_special = false, .parse_special = true});
  ASSERT_TRUE(tokens.ok());
  ASSERT_EQ(tokens->size(), 2U);
  EXPECT_EQ((*tokens)[1].id, 4);
}

}  // namespace
}  // namespace fovea::model
