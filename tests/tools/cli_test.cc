// attention-dump from outside: what it writes and prints when all is well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "fovea/half.h"
#include "tests/tools/readers.h"
#include "tests/tools/run_program.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
/// Six tokens wide windows in every second layer, softcaps, no byte tokens.
constexpr const char* kGemma2 = FOVEA_SOURCE_DIR "/tests/golden/data/gemma2.gguf";

class Cli : public testing::Test {
 protected:
  ProgramResult Run(std::vector<std::string> arguments, std::string input = "") {
    return RunProgram({.arguments = std::move(arguments), .input = std::move(input)},
                      scratch_.path().string());
  }
  /// Runs, expects success and silence on standard error.
  std::string Good(std::vector<std::string> arguments, std::string input = "") {
    const ProgramResult result = Run(std::move(arguments), std::move(input));
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(result.errors, "");
    return result.output;
  }
  std::string Path(const std::string& name) const { return folder_.Path(name); }
  std::string Whole(const std::string& name) const { return ReadWhole(Path(name)); }

  TemporaryFolder scratch_;
  TemporaryFolder folder_;
};

nlohmann::json Metadata(const std::map<std::string, ReadArray>& arrays) {
  return nlohmann::json::parse(arrays.at("metadata").Text());
}

TEST_F(Cli, WithNothingItShowsAMapAndATableOfHeadsInPlainAscii) {
  const std::string output = Good({});
  EXPECT_THAT(output, HasSubstr("row: query"));
  EXPECT_THAT(output, HasSubstr("entropy"));
  for (const char c : output) ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST_F(Cli, HelpAndVersionGoToStandardOutput) {
  EXPECT_THAT(Good({"--help"}), HasSubstr("Usage: attention-dump"));
  EXPECT_THAT(Good({"--version"}), HasSubstr("attention-dump 0."));
}

TEST_F(Cli, EveryFormatIsWrittenInOneRunAndTheyAgree) {
  const std::string output = Good({kModel,        "--text",       "The dog sat by the fire.",
                                   "--layers",    "0,2",          "--heads",
                                   "1,3-4",       "--precision",  "f32",
                                   "-o",          Path("m.npz"),  "-o",
                                   Path("m.npy"), "-o",           Path("m.safetensors"),
                                   "-o",          Path("m.json"), "-o",
                                   Path("m.csv"), "-o",           Path("m.png"),
                                   "-o",          Path("m.svg"),  "-o",
                                   Path("m.html")});
  EXPECT_THAT(output, HasSubstr("2 layers, 3 heads"));
  EXPECT_EQ(folder_.Names().size(), 8U);
  const auto arrays = ReadNpz(Whole("m.npz"));
  const ReadArray& attention = arrays.at("attention");
  const std::uint64_t tokens = arrays.at("tokens").shape.at(0);
  EXPECT_EQ(attention.shape, (std::vector<std::uint64_t>{2, 3, tokens, tokens}));
  EXPECT_EQ(arrays.at("layers").Integers(), (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(arrays.at("heads").Integers(), (std::vector<std::int32_t>{1, 3, 4}));
  std::size_t at = 0;
  const std::string npy = Whole("m.npy");
  EXPECT_EQ(ReadNpy(npy, &at).bytes, attention.bytes);
  EXPECT_EQ(ReadNpy(npy, &at).Text(), arrays.at("metadata").Text());
  const ReadTensors tensors = ReadSafetensors(Whole("m.safetensors"));
  EXPECT_EQ(tensors.arrays.at("attention").bytes, attention.bytes);
  EXPECT_EQ(tensors.metadata.at("metadata"), arrays.at("metadata").Text());
  const nlohmann::json json = nlohmann::json::parse(Whole("m.json"));
  const std::vector<float> weights = attention.Floats();
  const auto n = static_cast<std::size_t>(tokens);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    ASSERT_EQ(json["attention"][i / (3 * n * n)][i / (n * n) % 3][i / n % n][i % n].get<float>(),
              weights[i]);
  }
  EXPECT_EQ(Whole("m.png").substr(1, 3), "PNG");
  EXPECT_THAT(Whole("m.svg"), HasSubstr("<svg"));
  EXPECT_THAT(Whole("m.html"), HasSubstr("</html>"));
}

TEST_F(Cli, RowsSumToOneAndTheFutureIsZero) {
  Good({kModel, "--text", "The dog sat by the fire.", "--precision", "f32", "-o", Path("m.npz")});
  const auto arrays = ReadNpz(Whole("m.npz"));
  const std::vector<float> weights = arrays.at("attention").Floats();
  const auto n = static_cast<std::size_t>(arrays.at("tokens").shape.at(0));
  for (std::size_t row = 0; row < weights.size() / n; ++row) {
    double sum = 0.0;
    for (std::size_t key = 0; key < n; ++key) {
      sum += static_cast<double>(weights[row * n + key]);
      if (key > row % n) {
        ASSERT_EQ(weights[row * n + key], 0.0F);
      }
    }
    // n weights, each rounded to float once after a division: n ulps of 1 bound the sum.
    ASSERT_NEAR(sum, 1.0, static_cast<double>(n) * 0x1p-23);
  }
  EXPECT_LE(Metadata(arrays)["trust_stamp"]["row_sum_error"].get<double>(),
            static_cast<double>(n) * 0x1p-23);
}

TEST_F(Cli, StandardInputAFileAndAnArgumentGiveTheSameBytes) {
  WriteWhole(scratch_.Path("t.txt"), "A cat. \xC3\xA9");
  Good({kModel, "-", "-o", Path("a.npz")}, "A cat. \xC3\xA9");
  Good({kModel, "--file", scratch_.Path("t.txt"), "-o", Path("b.npz")});
  Good({kModel, "--text", "A cat. \xC3\xA9", "-o", Path("c.npz"), "--threads", "1"});
  Good({kModel, "--text", "A cat. \xC3\xA9", "-o", Path("d.npz"), "--threads", "3"});
  EXPECT_EQ(Whole("a.npz"), Whole("b.npz"));
  const auto one = ReadNpz(Whole("c.npz"));
  const auto three = ReadNpz(Whole("d.npz"));
  EXPECT_EQ(one.at("attention").bytes, three.at("attention").bytes);
  EXPECT_EQ(ReadNpz(Whole("a.npz")).at("attention").bytes, one.at("attention").bytes);
}

TEST_F(Cli, AGenerationIsOneTriangleAndEqualsAPrefillOfTheSameTokens) {
  Good({kModel, "--text", "The old man", "--generate", "9", "--logits", "--precision", "f32", "-o",
        Path("g.npz")});
  const auto generated = ReadNpz(Whole("g.npz"));
  const std::vector<std::int32_t> ids = generated.at("tokens").Integers();
  const std::vector<std::int32_t> greedy = generated.at("greedy_tokens").Integers();
  ASSERT_FALSE(greedy.empty());
  EXPECT_TRUE(std::equal(greedy.rbegin(), greedy.rend(), ids.rbegin()));
  EXPECT_EQ(generated.at("logits").shape.at(0), ids.size());
  const nlohmann::json metadata = Metadata(generated);
  EXPECT_EQ(metadata["generated"].back(), true);
  EXPECT_EQ(metadata["byte_offsets"].back()[1], metadata["text"].get<std::string>().size());
  std::string list;
  for (const std::int32_t id : ids) list += (list.empty() ? "" : ",") + std::to_string(id);
  Good({kModel, "--tokens", list, "--logits", "--precision", "f32", "-o", Path("p.npz")});
  const auto prefilled = ReadNpz(Whole("p.npz"));
  EXPECT_EQ(prefilled.at("attention").bytes, generated.at("attention").bytes);
  EXPECT_EQ(prefilled.at("logits").bytes, generated.at("logits").bytes);
}

TEST_F(Cli, TheTraceRebuildsTheMaps) {
  Good({kGemma2, "--tokens", "5,6,7,8,9,10,11,12,13,14", "--trace", "--scores", "--precision",
        "f32", "-o", Path("t.npz")});
  const auto arrays = ReadNpz(Whole("t.npz"));
  const nlohmann::json metadata = Metadata(arrays);
  EXPECT_EQ(metadata["mask"], "causal, sliding window");
  const std::vector<float> weights = arrays.at("attention").Floats();
  const std::vector<float> scores = arrays.at("scores").Floats();
  const std::vector<std::int32_t> kv_head = arrays.at("kv_head").Integers();
  const double scale = metadata["trust_stamp"]["attention_scale"];
  const double cap = metadata["trust_stamp"]["attention_softcap"];
  ASSERT_GT(cap, 0.0);
  const std::size_t n = 10;
  std::size_t at = 0;
  for (std::size_t layer = 0; layer < metadata["layers"].size(); ++layer) {
    const std::string name = ".L" + std::to_string(layer);
    const std::vector<float> query = arrays.at("q" + name).Floats();
    const std::vector<float> key = arrays.at("k" + name).Floats();
    const std::vector<float> lse = arrays.at("lse" + name).Floats();
    const auto dim = static_cast<std::size_t>(arrays.at("q" + name).shape.at(2));
    const std::size_t window = metadata["windows"][layer];
    for (std::size_t head = 0; head < kv_head.size(); ++head) {
      for (std::size_t q = 0; q < n; ++q) {
        for (std::size_t k = 0; k < n; ++k, ++at) {
          if (k > q || (window != 0 && q - k >= window)) {
            EXPECT_EQ(weights[at], 0.0F);
            EXPECT_TRUE(std::isinf(scores[at]) && scores[at] < 0.0F);
            continue;
          }
          double score = 0.0;
          for (std::size_t i = 0; i < dim; ++i) {
            score += static_cast<double>(query[(head * n + q) * dim + i]) *
                     static_cast<double>(
                         key[(static_cast<std::size_t>(kv_head[head]) * n + k) * dim + i]);
          }
          score = cap * std::tanh(score * scale / cap);
          // Scores are at most the cap in size (3 here); 16 float roundings of that bound the
          // error.
          const double tolerance = 16 * cap * 0x1p-23;
          EXPECT_NEAR(static_cast<double>(scores[at]), score, tolerance);
          EXPECT_NEAR(static_cast<double>(weights[at]),
                      std::exp(score - static_cast<double>(lse[head * n + q])), 2 * tolerance);
        }
      }
    }
  }
}

TEST_F(Cli, AModelWithoutATokenizerTakesTokensAndNumbersThem) {
  const std::string gemma = ReadWhole(kGemma2);
  std::string bare = gemma;
  // An unknown kind of tokenizer: the file stays well-formed, only its vocabulary cannot be used.
  const std::size_t key = bare.find("tokenizer.ggml.model");
  if (key != std::string::npos) {
    const std::size_t length_at = key + std::string("tokenizer.ggml.model").size() + 4;
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(bare[length_at]));
    for (std::size_t i = 0; i < length; ++i) bare[length_at + 8 + i] = 'z';
  }
  WriteWhole(scratch_.Path("bare.gguf"), bare);
  Good({scratch_.Path("bare.gguf"), "--tokens", "3,17", "-o", Path("m.json")});
  const nlohmann::json json = nlohmann::json::parse(Whole("m.json"));
  EXPECT_EQ(json["metadata"]["token_strings"], nlohmann::json({"#3", "#17"}));
  const ProgramResult text = Run({scratch_.Path("bare.gguf"), "--text", "a"});
  EXPECT_EQ(text.exit_code, 1);
  EXPECT_THAT(text.errors, HasSubstr("--tokens"));
}

TEST_F(Cli, CompareMaskShowsBothMasksInPicturesPagesAndTheTerminal) {
  Good({kModel, "--text", "A cat sat.", "--layers", "1", "--heads", "2", "--compare-mask", "-o",
        Path("c.svg"), "-o", Path("c.png"), "-o", Path("c.html")});
  EXPECT_THAT(Whole("c.svg"), HasSubstr("bidirectional"));
  Good({kModel, "--text", "A cat sat.", "--layers", "1", "--heads", "2", "-o", Path("d.html")});
  EXPECT_GT(Whole("c.html").size(), Whole("d.html").size());
  EXPECT_THAT(Good({kModel, "--text", "A cat sat.", "--compare-mask"}),
              HasSubstr("without the causal mask"));
}

TEST_F(Cli, TheInstructionSetCanBeForcedByOptionAndVariable) {
  Good({kModel, "--text", "A cat.", "--isa", "scalar", "-o", Path("a.npz")});
  EXPECT_EQ(Metadata(ReadNpz(Whole("a.npz")))["trust_stamp"]["isa"], "scalar");
  const ProgramResult by_variable =
      RunProgram({.arguments = {kModel, "--text", "A cat.", "-o", Path("b.npz")},
                  .environment = {"FOVEA_ISA=scalar"}},
                 scratch_.path().string());
  ASSERT_EQ(by_variable.exit_code, 0) << by_variable.errors;
  EXPECT_EQ(Metadata(ReadNpz(Whole("b.npz")))["trust_stamp"]["isa"], "scalar");
}

#if !defined(FOVEA_SANITIZED)
TEST_F(Cli, ALongDumpNeedsMemoryForRowsNotForMaps) {
  const auto peak_bytes = [&](std::size_t tokens) {
    std::string ids = "1";
    for (std::size_t i = 1; i < tokens; ++i) ids += "," + std::to_string(i % 50);
    const ProgramResult result = Run({kGemma2, "--tokens", ids, "--context", "2000", "--threads",
                                      "2", "-o", Path("m.npz"), "-o", Path("m.safetensors")});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return static_cast<std::uint64_t>(result.peak_kilobytes) * 1024;
  };
  const std::uint64_t short_peak = peak_bytes(20);
  const std::uint64_t long_peak = peak_bytes(1500);
  const std::uint64_t maps = std::filesystem::file_size(Path("m.npz"));
  ASSERT_GT(maps, 30'000'000U);
  // What grows is the cache of keys and values and a tile of rows for each thread.
  EXPECT_LT(long_peak - std::min(short_peak, long_peak), maps / 4);
}
#endif

TEST_F(Cli, AnExistingFileIsReplacedAndQuietPrintsNothing) {
  WriteWhole(Path("m.npz"), "old");
  EXPECT_EQ(Good({kModel, "--text", "A cat.", "-o", Path("m.npz"), "--quiet"}), "");
  EXPECT_NO_THROW(ReadNpz(Whole("m.npz")));
  EXPECT_EQ(folder_.Names().size(), 1U);
}

}  // namespace
}  // namespace fovea::dump
