// fovea embed from outside: vectors as lines and as arrays, similarities, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "tests/tools/fovea_cli.h"
#include "tests/tools/readers.h"

// After fovea_cli.h: it declares a namespace fovea::testing.
#include "tests/golden/npz_reader.h"

namespace fovea::dump {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

#define ENCODERS FOVEA_SOURCE_DIR "/tests/golden/data/encoders/"

constexpr const char* kBert = ENCODERS "bert.gguf";  // No vocabulary, 48 wide, mean pooling.
// A vocabulary, an encoder before a decoder, no pooling stated.
constexpr const char* kT5 = FOVEA_SOURCE_DIR "/tests/golden/data/encoder_decoders/t5-gated.gguf";

std::string Ids(const std::vector<std::int32_t>& ids) {
  std::string list;
  for (const std::int32_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  return list;
}

std::vector<std::vector<float>> Lines(const std::string& output) {
  std::vector<std::vector<float>> vectors;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    vectors.push_back(nlohmann::json::parse(line).get<std::vector<float>>());
  }
  return vectors;
}

double LengthOf(const std::vector<float>& vector) {
  return std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
}

class FoveaEmbed : public FoveaCli {
 protected:
  /// A small encoder with a vocabulary.
  std::string SynthEncoder() {
    const std::string path = scratch_.Path("encoder.gguf");
    Good({"synth", "minilm", "Q8_0", path, "--hidden-size", "64", "--ffn-size", "128", "--layers",
          "2", "--heads", "4", "--vocabulary", "600", "--context", "32", "--quiet"});
    return path;
  }
  ReadArray Array(const std::string& path) {
    const std::string bytes = ReadWhole(path);
    std::size_t at = 0;
    ReadArray array = ReadNpy(bytes, &at);
    EXPECT_EQ(at, bytes.size());
    return array;
  }
};

TEST_F(FoveaEmbed, VectorsAreThoseOfTheReference) {
  std::string error;
  const auto golden = fovea::testing::ReadNpz(ENCODERS "bert.npz", &error);
  ASSERT_EQ(error, "");
  const std::string tokens = Ids(golden.at("short.tokens").Ints());
  for (const char* pool : {"mean", "cls", "last"}) {
    const auto want = golden.at(std::string("short.embedding_") + pool).Floats();
    const auto got = Lines(Good({"embed", kBert, "--tokens", tokens, "--pool", pool,
                                 "--no-normalize", "--exact", "--kv", "f32"}));
    ASSERT_EQ(got.size(), 1U);
    ASSERT_EQ(got[0].size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[0][i], want[i], 1e-4) << pool;
  }
  // Normalised, and pooled as the file says: the same direction.
  const auto want = golden.at("short.embedding_mean").Floats();
  const auto got = Lines(Good({"embed", kBert, "--tokens", tokens, "--exact", "--kv", "f32"}));
  EXPECT_NEAR(LengthOf(got[0]), 1.0, 1e-6);
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(got[0][i] * LengthOf(want), want[i], 1e-4);
  }
}

TEST_F(FoveaEmbed, AFileGivesOneRowPerLineInAnArray) {
  const std::string model = SynthEncoder();
  const std::string text = scratch_.Path("lines.txt");
  const std::string out = scratch_.Path("vectors.npy");
  WriteWhole(text, "the first line\r\n\nthe third");
  const std::string said = Good({"embed", model, "--file", text, "-o", out});
  EXPECT_EQ(said, out + ": 3 vectors of 64 numbers\n");
  const ReadArray array = Array(out);
  EXPECT_EQ(array.type, "<f4");
  ASSERT_EQ(array.shape, (std::vector<std::uint64_t>{3, 64}));
  const auto lines = Lines(
      Good({"embed", model, "--text", "the first line", "--text", "", "--text", "the third"}));
  ASSERT_EQ(lines.size(), 3U);
  std::vector<float> together;
  for (const auto& line : lines) together.insert(together.end(), line.begin(), line.end());
  EXPECT_EQ(array.Floats(), together);  // To the last bit.
  EXPECT_EQ(Good({"embed", model, "-f", "-"}, "the third\n"),
            Good({"embed", model, "--text", "the third"}));
}

TEST_F(FoveaEmbed, TextsHaveTheTokensThatTokenizeShows) {
  for (const std::string& model : {SynthEncoder(), std::string(kT5)}) {
    const auto ids = nlohmann::json::parse(Good({"tokenize", model, "--text", "a little cat"}))
                         .get<std::vector<std::int32_t>>();
    EXPECT_EQ(Good({"embed", model, "--text", "a little cat"}),
              Good({"embed", model, "--tokens", Ids(ids)}));
  }
  const auto pieces =
      nlohmann::json::parse(Good({"tokenize", SynthEncoder(), "--text", "A cat.", "--pieces"}));
  EXPECT_EQ(pieces.front()["piece"], "[CLS]");
  EXPECT_EQ(pieces.back()["piece"], "[SEP]");
}

TEST_F(FoveaEmbed, ThreadsChangeNothing) {
  const std::vector<std::string> arguments = {"embed", kT5, "--text", "the morning", "--threads"};
  auto one = arguments;
  one.push_back("1");
  auto three = arguments;
  three.push_back("3");
  EXPECT_EQ(Good(one), Good(three));
}

TEST_F(FoveaEmbed, SimilarityOfTwoTextsIsANumberOfMoreATable) {
  const std::string model = SynthEncoder();
  EXPECT_EQ(Good({"embed", model, "--text", "cat", "--text", "CAT", "--similarity"}), "1.000000\n");
  const auto pair = Lines(Good({"embed", model, "--text", "the cat", "--text", "a dog"}));
  const double want = std::inner_product(pair[0].begin(), pair[0].end(), pair[1].begin(), 0.0);
  const std::string one =
      Good({"embed", model, "--text", "the cat", "--text", "a dog", "--similarity"});
  EXPECT_NEAR(std::stod(one), want, 2e-6);
  // Not normalised vectors have the same cosine.
  EXPECT_EQ(Good({"embed", model, "--text", "the cat", "--text", "a dog", "--similarity",
                  "--no-normalize"}),
            one);
  const std::string out = scratch_.Path("three.npy");
  const std::string table =
      Good({"embed", model, "-f", "-", "--similarity", "-o", out}, "the cat\na dog\nthe cat\n");
  std::istringstream numbers(table);
  std::vector<double> cells;
  for (double cell = 0.0; numbers >> cell;) cells.push_back(cell);
  ASSERT_EQ(cells.size(), 9U);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 3);
  EXPECT_NEAR(cells[1], want, 2e-6);
  EXPECT_EQ(cells[1], cells[3]);
  EXPECT_EQ(cells[2], 1.0);
  EXPECT_EQ(Array(out).shape, (std::vector<std::uint64_t>{3, 64}));
}

TEST_F(FoveaEmbed, ErrorsAreOneLineAndLeaveNoFile) {
  const std::string model = SynthEncoder();
  const std::string out = scratch_.Path("never.npy");
  const auto error = [&](std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), "embed");
    return ErrorOf(std::move(arguments), 1, input);
  };
  EXPECT_THAT(error({kModel, "--text", "a"}), HasSubstr("is a decoder, which continues texts"));
  EXPECT_THAT(error({kBert, "--text", "a"}), EndsWith("give token ids with --tokens instead\n"));
  EXPECT_THAT(error({kBert, "--tokens", "1,80"}),
              HasSubstr("--tokens: id 80 is not in the vocabulary, which has ids 0 to 79"));
  EXPECT_THAT(error({kBert, "--tokens", "1", "--tokens", "1,,2"}),
              HasSubstr("--tokens 2: '' is no token id"));
  std::string words = "fine\n";
  for (int i = 0; i < 40; ++i) words += "z ";
  EXPECT_THAT(error({model, "-f", "-", "-o", out}, words),
              HasSubstr("standard input, line 2: the text has 42 tokens, the context only 32"));
  EXPECT_THAT(error({model, "-f", "-", "--context", "4"}, "a\nb c d e\n"),
              HasSubstr("line 2: the text has 6 tokens, the context only 4"));
  EXPECT_THAT(error({model, "-f", "-"}, "a\nb\xFF\n"), HasSubstr("standard input, line 2: "));
  EXPECT_THAT(error({model, "-f", "-"}, ""), HasSubstr("standard input: holds no lines"));
  EXPECT_THAT(error({model, "--text", "a", "--similarity"}), HasSubstr("two texts or more"));
  EXPECT_THAT(error({model, "--text", "a", "-o", scratch_.Path("vectors.csv")}),
              HasSubstr("does not end with .npy"));
  EXPECT_THAT(error({model, "--text", "a", "-o", scratch_.Path("no/folder/vectors.npy")}),
              HasSubstr("No such file"));
  EXPECT_THAT(error({model, "-f", scratch_.Path("no.txt")}), HasSubstr("no.txt: No such file"));
  EXPECT_THAT(error({model, "--text", "a", "--max-memory", "1000"}), HasSubstr("1000"));
  EXPECT_THAT(ErrorOf({"embed", model}, 2), HasSubstr("embed needs --text, --file or --tokens"));
  ErrorOf({"embed", model, "--text", "a", "-f", "-"}, 2);
  ErrorOf({"embed", model, "--text", "a", "--pool", "max"}, 2);
  for (const auto& entry : std::filesystem::directory_iterator(scratch_.path())) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::Not(StartsWith("never")));
  }
}

TEST_F(FoveaEmbed, InfoTellsStacksPoolingAndPositions) {
  const auto bert = nlohmann::json::parse(Good({"info", kBert, "--json", "--context", "10"}));
  EXPECT_EQ(bert["kind"], "encoder");
  EXPECT_EQ(bert["pooling"], "mean");
  EXPECT_EQ(bert["position"], "learned");
  EXPECT_EQ(bert["has_logits"], false);
  EXPECT_FALSE(bert.contains("rope_base"));
  EXPECT_FALSE(bert.contains("encoder"));
  EXPECT_EQ(bert["memory_for_context"], 10);
  const auto t5 = nlohmann::json::parse(Good({"info", kT5, "--json"}));
  EXPECT_EQ(t5["kind"], "encoder-decoder");
  EXPECT_EQ(t5["pooling"], "none");
  EXPECT_EQ(t5["position"], "relative buckets");
  EXPECT_GE(t5["decoder_start_token"], 0);
  EXPECT_GT(t5["encoder"]["layers"], 0);
  EXPECT_EQ(t5["encoder"]["hidden_size"], t5["hidden_size"]);
  EXPECT_FALSE(t5.contains("rope_base"));
  const std::string table = Good({"info", kT5});
  EXPECT_THAT(table, HasSubstr("\nkind                      encoder-decoder\n"));
  EXPECT_THAT(table, HasSubstr("\nencoder layers            "));
  const auto windows = nlohmann::json::parse(Good({"info", ENCODERS "modern-bert.gguf", "--json"}));
  EXPECT_EQ(windows["windows"], nlohmann::json({0, 9, 9, 0}));
  EXPECT_EQ(windows["position"], "rope");
  const auto decoder = nlohmann::json::parse(Good({"info", kModel, "--json"}));
  EXPECT_EQ(decoder["kind"], "decoder");
  EXPECT_FALSE(decoder.contains("pooling"));
  EXPECT_TRUE(decoder.contains("rope_base"));
}

}  // namespace
}  // namespace fovea::dump
