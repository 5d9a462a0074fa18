// Token ids against those of a peer: the vocabulary files and model files of the reference folder.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/gguf_file.h"
#include "engine/model/load/load_tokenizer.h"
#include "tests/text/vocabularies.h"

namespace fovea::text {
namespace {

using Ids = std::vector<std::int32_t>;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::unique_ptr<Tokenizer> LoadFrom(const std::string& path) {
  auto file = format::GgufFile::Open(path);
  EXPECT_TRUE(file.ok()) << file.status().message();
  if (!file) return nullptr;
  auto tokenizer = model::LoadTokenizer(*file);
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return tokenizer ? std::move(tokenizer).value() : nullptr;
}

std::vector<std::string> SplitAt(std::string_view text, std::string_view mark) {
  std::vector<std::string> parts;
  for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + mark.size());
  }
  parts.emplace_back(text);
  return parts;
}

class ReferenceTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (folder_ == "/models/") GTEST_SKIP() << "FOVEA_REFERENCE_DIR is not set";
  }
  std::string folder_ = std::string(FOVEA_REFERENCE_DIR) + "/models/";
};

TEST_P(ReferenceTest, EveryVectorGivesTheIdsOfThePeer) {
  const std::string path = folder_ + "tokenizer-vectors/ggml-vocab-" + GetParam() + ".gguf";
  const auto tokenizer = LoadFrom(path);
  ASSERT_NE(tokenizer, nullptr);
  auto texts = SplitAt(ReadAll(path + ".inp"), "\n__ggml_vocab_test__\n");
  // The last text ends with the mark, too.
  texts.pop_back();
  std::istringstream lines(ReadAll(path + ".out"));
  std::size_t compared = 0;
  for (const std::string& text : texts) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line)) << compared;
    std::istringstream numbers(line);
    const Ids expected{std::istream_iterator<std::int32_t>(numbers), {}};
    EXPECT_EQ(IdsOf(*tokenizer, text, {.add_special = false}), expected) << '"' << text << '"';
    ++compared;
  }
  EXPECT_GT(compared, 40U);
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, ReferenceTest,
                         ::testing::Values("llama-spm", "gpt-2", "bert-bge"), [](const auto& test) {
                           std::string name = test.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(ReferencePrompts, GiveTheIdsOfThePeer) {
  if (std::string(FOVEA_REFERENCE_DIR).empty()) GTEST_SKIP() << "FOVEA_REFERENCE_DIR is not set";
  const struct {
    const char* model;
    const char* prompt;
    Ids ids;
  } rows[] = {
      {"gemma3-F32", "Once upon a", {1, 438, 933, 346, 701, 265, 263}},
      {"gpt2-F32",
       "Dorothy lived in the midst of the great Kansas prairies, with Uncle Henry, who was a "
       "farmer, and Aunt",
       {35,  273, 849, 88,  300, 1572, 287, 262, 285, 312, 301, 286, 262, 1049,
        509, 504, 292, 279, 430, 343,  444, 11,  351, 791, 66,  293, 367, 268,
        563, 11,  508, 373, 257, 1290, 647, 11,  290, 317, 403, 83}},
      {"gpt2-F32", "Once upon a time, there", {46, 1198, 510, 261, 257, 640, 11, 612}},
      {"llama-256-F32",
       "Dorothy lived in the midst of the great Kansas prairies, with Uncle Henry, who was a",
       {1,   360, 272, 720, 948, 301, 440, 287, 297, 278, 286, 333, 303,
        310, 278, 330, 276, 271, 476, 550, 294, 282, 336, 932, 374, 267,
        949, 411, 853, 940, 280, 379, 264, 719, 949, 377, 934, 471, 263}},
      {"llama-256-F32", "Once upon a", {1, 438, 933, 346, 701, 265, 263}},
      {"phi3-F32", "Once upon a", {1, 438, 869, 346, 701, 265, 263}},
      {"qwen2-F32",
       "Dorothy lived in the midst of the great Kansas prairies, with Uncle Henry, who was a "
       "farmer, and",
       {35,  273, 849, 88,  300, 452, 276, 287, 262, 285, 312, 301, 286, 262,
        308, 630, 509, 504, 292, 279, 430, 343, 444, 11,  351, 791, 66,  293,
        367, 268, 563, 11,  508, 373, 257, 277, 283, 647, 11,  290}},
      {"qwen2-F32", "Once upon a time,", {46, 77, 344, 510, 261, 257, 640, 11}},
      {"qwen3-F32", "Once upon a time,", {46, 77, 344, 510, 261, 257, 640, 11}},
      {"stories260K-F32",
       "Dorothy lived in the midst of the great Kansas prairies, with Uncle",
       {1,   410, 455, 304, 309, 415, 422, 397, 396, 322, 265, 284, 292,
        356, 373, 265, 298, 276, 294, 410, 462, 303, 419, 412, 419, 282,
        420, 412, 315, 417, 406, 432, 335, 410, 471, 416, 429, 305}},
      {"stories260K-F32", "Once upon a time, there was", {1, 403, 407, 261, 378, 432, 383, 286}},
  };
  for (const auto& row : rows) {
    const auto tokenizer = LoadFrom(std::string(FOVEA_REFERENCE_DIR) +
                                    "/models/peer-goldens/models/" + row.model + ".gguf");
    ASSERT_NE(tokenizer, nullptr);
    EXPECT_EQ(IdsOf(*tokenizer, row.prompt), row.ids) << row.model;
  }
}

}  // namespace
}  // namespace fovea::text
