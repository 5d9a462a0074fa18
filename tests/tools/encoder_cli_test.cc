// `attention-dump` over encoders and encoder–decoders, from outside.
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/tools/attention_dump_cli.h"
#include "tests/tools/readers.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;

constexpr int kFailure = 1;

const std::string kEncoder = FOVEA_SOURCE_DIR "/tests/golden/data/encoders/bert.gguf";
const std::string kWindowed = FOVEA_SOURCE_DIR "/tests/golden/data/encoders/modern-bert.gguf";
const std::string kBoth = FOVEA_SOURCE_DIR "/tests/golden/data/encoder_decoders/t5-gated.gguf";

class EncoderCli : public AttentionDumpCli {};

TEST_F(EncoderCli, EveryTokenLooksToBothSides) {
  Good({kEncoder, "--tokens", "1,2,3,4,5", "--precision", "f32", "-o", Path("m.json")});
  const auto json = nlohmann::json::parse(Whole("m.json"));
  EXPECT_EQ(json.at("metadata").at("mask"), "bidirectional");
  const auto& maps = json.at("attention");
  ASSERT_EQ(maps.size(), 2U);
  for (const auto& layer : maps) {
    for (const auto& map : layer) {
      ASSERT_EQ(map.size(), 5U);
      for (const auto& row : map) {
        double sum = 0.0;
        for (const auto& weight : row) {
          EXPECT_GT(weight.get<double>(), 0.0);
          sum += weight.get<double>();
        }
        EXPECT_NEAR(sum, 1.0, 1e-5);
      }
    }
  }
}

TEST_F(EncoderCli, WindowsReachToBothSides) {
  // Of nine tokens: at most four apart.
  Good({kWindowed, "--tokens", "1,2,3,4,5,6,7,8", "--layers", "1", "-o", Path("m.json"), "-o",
        Path("m.png"), "-o", Path("m.html")});
  const auto json = nlohmann::json::parse(Whole("m.json"));
  EXPECT_EQ(json.at("metadata").at("mask"), "bidirectional, symmetric window");
  const auto& map = json.at("attention").at(0).at(0);
  for (std::size_t q = 0; q < map.size(); ++q) {
    for (std::size_t k = 0; k < map.size(); ++k) {
      const bool visible = (q > k ? q - k : k - q) <= 4;
      EXPECT_EQ(map.at(q).at(k).get<double>() > 0.0, visible) << q << " " << k;
    }
  }
  EXPECT_GT(Whole("m.png").size(), 1000U);
  EXPECT_THAT(Whole("m.html"), HasSubstr("modern-bert"));
}

TEST_F(EncoderCli, HiddenStatesOfEveryLayer) {
  Good({kEncoder, "--tokens", "1,2,3,4,5", "--embeddings", "--hidden", "-o", Path("m.npz")});
  const auto arrays = ReadNpz(Whole("m.npz"));
  const ReadArray& hidden = arrays.at("hidden");
  const ReadArray& embeddings = arrays.at("embeddings");
  EXPECT_EQ(hidden.shape, (std::vector<std::uint64_t>{3, 5, 48}));
  EXPECT_EQ(embeddings.shape, (std::vector<std::uint64_t>{5, 48}));
  // This family has no norm behind its last layer.
  const std::vector<float> all = hidden.Floats();
  const std::vector<float> last(all.end() - 5 * 48, all.end());
  EXPECT_EQ(embeddings.Floats(), last);
}

TEST_F(EncoderCli, DecodersHaveHiddenStatesToo) {
  Good({"--text", "The dog sat by the fire.", "--generate", "3", "--embeddings", "--hidden", "-o",
        Path("m.npz")});
  const auto arrays = ReadNpz(Whole("m.npz"));
  const std::uint64_t tokens = arrays.at("tokens").shape.at(0);
  ASSERT_EQ(arrays.at("hidden").shape.at(1), tokens);
  ASSERT_EQ(arrays.at("embeddings").shape.at(0), tokens);
  const std::size_t width = arrays.at("embeddings").shape.at(1);
  const std::vector<float> hidden = arrays.at("hidden").Floats();
  const std::vector<float> embeddings = arrays.at("embeddings").Floats();
  for (const float value : hidden) ASSERT_TRUE(std::isfinite(value));
  // RMSNorm: x and its norm differ by a factor of the row and a weight of the column, so the ratio
  // of two rows is the same in every column.
  const float* x = hidden.data() + hidden.size() - 2 * width;
  const float* y = embeddings.data() + embeddings.size() - 2 * width;
  const double ratio = (y[width] / x[width]) / (y[0] / x[0]);
  EXPECT_NEAR((y[width + 7] / x[width + 7]) / (y[7] / x[7]), ratio, 1e-3 * std::abs(ratio));
}

TEST_F(EncoderCli, HeadsHaveNumbersToo) {
  Good({"heads", kEncoder, "--tokens", "1,2,3,4,5", "-o", Path("h.json")});
  EXPECT_EQ(nlohmann::json::parse(Whole("h.json")).at("heads").size(), 8U);
}

TEST_F(EncoderCli, WhatNeedsADecoderIsRefused) {
  const std::vector<std::vector<std::string>> options = {
      {"--generate", "3"}, {"--ablate", "L0H0"}, {"--compare-mask"}, {"--rollout"}};
  for (const std::vector<std::string>& option : options) {
    std::vector<std::string> arguments = {kEncoder, "--tokens", "1,2,3", "-o", Path("x.png")};
    arguments.insert(arguments.end(), option.begin(), option.end());
    EXPECT_THAT(ErrorOf(arguments, kFailure), HasSubstr(option.front() + ": it takes a decoder"));
  }
  EXPECT_THAT(ErrorOf({kEncoder, "--tokens", "1,2", "--logits", "-o", Path("x.npz")}, kFailure),
              HasSubstr("without a head that gives logits"));
  EXPECT_THAT(
      ErrorOf({kEncoder, "--tokens", "1,2", "--target-tokens", "3", "-o", Path("x.npz")}, kFailure),
      HasSubstr("--target: it takes an encoder-decoder"));
  EXPECT_THAT(ErrorOf({"diff", kEncoder, kEncoder, "--tokens", "1,2"}, kFailure),
              HasSubstr("diff: it takes a decoder"));
}

TEST_F(EncoderCli, ThreeMapsOfAnEncoderDecoder) {
  Good({kBoth, "--text", "hello world", "--target", "good day", "--precision", "f32", "--logits",
        "-o", Path("m.npz")});
  const auto arrays = ReadNpz(Whole("m.npz"));
  const auto source = arrays.at("source_tokens").shape.at(0);
  const auto target = arrays.at("target_tokens").shape.at(0);
  EXPECT_EQ(arrays.at("encoder_attention").shape,
            (std::vector<std::uint64_t>{3, 3, source, source}));
  EXPECT_EQ(arrays.at("decoder_attention").shape,
            (std::vector<std::uint64_t>{2, 3, target, target}));
  EXPECT_EQ(arrays.at("cross_attention").shape, (std::vector<std::uint64_t>{2, 3, target, source}));
  EXPECT_EQ(arrays.at("logits").shape, (std::vector<std::uint64_t>{target, 66}));
  const std::vector<float> cross = arrays.at("cross_attention").Floats();
  for (std::size_t row = 0; row < cross.size() / source; ++row) {
    const auto begin = cross.begin() + static_cast<std::ptrdiff_t>(row * source);
    EXPECT_NEAR(std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(source), 0.0F), 1.0F,
                1e-5F);
  }
}

TEST_F(EncoderCli, AnEncoderDecoderWritesItsOwnTarget) {
  const std::string output =
      Good({kBoth, "--text", "hello world", "--generate", "6", "-o", Path("m.safetensors")});
  EXPECT_THAT(output, HasSubstr("7 target tokens"));
}

TEST_F(EncoderCli, WhatEncoderDecodersAreNotWrittenAs) {
  EXPECT_THAT(ErrorOf({kBoth, "--text", "hello", "-o", Path("x.png")}, kFailure),
              HasSubstr("written as .npz or .safetensors"));
  EXPECT_THAT(ErrorOf({kBoth, "--text", "hello", "--trace", "-o", Path("x.npz")}, kFailure),
              HasSubstr("--trace: not for encoder-decoders"));
  EXPECT_THAT(ErrorOf({"heads", kBoth, "--text", "hello"}, kFailure),
              HasSubstr("of encoder-decoders only the maps are written"));
}

}  // namespace
}  // namespace fovea::dump
