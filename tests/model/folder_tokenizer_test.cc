// Tokenizers of folders: tokenizer.json, and the ids that other files add to it.

#include <gtest/gtest.h>

#include <fovea/fovea.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

constexpr char kTokenizer[] = R"({"added_tokens": [
    {"id": 3, "content": "<end>", "special": true, "normalized": false, "single_word": false,
     "lstrip": false, "rstrip": false},
    {"id": 4, "content": "<begin>", "special": true, "normalized": false, "single_word": false,
     "lstrip": false, "rstrip": false}],
  "pre_tokenizer": {"type": "Whitespace"},
  "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1, "?": 2}, "unk_token": "?"}})";

class FolderTokenizers : public ::testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.File(name)) << text;
  }
  platform::TemporaryFolder folder_;
};

TEST_F(FolderTokenizers, TokenizerJsonAlone) {
  Write("tokenizer.json", kTokenizer);
  const auto tokenizer = LoadTokenizer(folder_.path());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ((*tokenizer)->Encode("b a c").value(), (std::vector<std::int32_t>{1, 0, 2}));
  EXPECT_EQ((*tokenizer)->vocabulary_size(), 5U);
  EXPECT_EQ((*tokenizer)->eos_id(), -1);
}

TEST_F(FolderTokenizers, IdsOfTheOtherFiles) {
  Write("tokenizer.json", kTokenizer);
  Write("tokenizer_config.json",
        R"({"bos_token": {"content": "<begin>"}, "eos_token": "<end>", "pad_token": null})");
  Write("generation_config.json", R"({"eos_token_id": [1, 3]})");
  Write("config.json", R"({"bos_token_id": 0, "eos_token_id": 77})");
  const auto tokenizer = LoadTokenizer(folder_.path() + "/");
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ((*tokenizer)->bos_id(), 4);
  EXPECT_EQ((*tokenizer)->eos_id(), 3);
  EXPECT_TRUE((*tokenizer)->IsEndOfGeneration(1));
  EXPECT_TRUE((*tokenizer)->IsEndOfGeneration(3));
  EXPECT_FALSE((*tokenizer)->IsEndOfGeneration(0));
}

TEST_F(FolderTokenizers, IdsBeyondTheVocabularyAreNotGivenOut) {
  Write("tokenizer.json", kTokenizer);
  Write("config.json", R"({"bos_token_id": 5, "eos_token_id": 2147483647})");
  const auto tokenizer = LoadTokenizer(folder_.path());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message();
  EXPECT_EQ((*tokenizer)->bos_id(), -1);
  EXPECT_EQ((*tokenizer)->eos_id(), -1);
}

TEST_F(FolderTokenizers, Errors) {
  const auto none = LoadTokenizer(folder_.path());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), StatusCode::kNotFound);
  EXPECT_EQ(none.error().message(),
            folder_.path() +
                ": is a directory without tokenizer.json and without the files that came "
                "before it");
  Write("tokenizer.json", kTokenizer);
  Write("config.json", R"({"eos_token_id": "no"})");
  EXPECT_EQ(LoadTokenizer(folder_.path()).error().message(),
            folder_.File("config.json") + ": eos_token_id is no token id");
  Write("config.json", R"({"eos_token_id": 99999999999})");
  EXPECT_FALSE(LoadTokenizer(folder_.path()));
  Write("tokenizer.json", "{");
  EXPECT_EQ(LoadTokenizer(folder_.path()).error().code(), StatusCode::kMalformed);
}

}  // namespace
}  // namespace fovea
