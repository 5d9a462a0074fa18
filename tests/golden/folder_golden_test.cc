// Model folders against folder_reference.py (double precision): what Model::Load makes of
// config.json, safetensors and tokenizer.json gives the goldens' ids, maps, outputs and logits.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <map>
#include <string>
#include <vector>

#include "tests/golden/largest_error.h"
#include "tests/golden/npz_reader.h"

namespace fovea {
namespace {

constexpr char kFolder[] = FOVEA_SOURCE_DIR "/tests/golden/data/folders/";

// Limits on the largest absolute error; README.md of the data's folder says what they separate.
constexpr double kAttentionError = 5e-5;
constexpr double kOutputError = 2e-4;
constexpr double kLogitError = 5e-4;

/// What config.json states and the engine does not compute, and what it says of it.
const std::map<std::string, std::string>& Refused() {
  static const std::map<std::string, std::string> refused = {
      {"albert-groups", "num_hidden_groups is not 1: all layers must share one"},
      {"marian-two-vocabularies",
       "share_encoder_decoder_embeddings is false, which is not supported"},
  };
  return refused;
}

std::vector<std::string> Folders() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class FolderGolden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string error;
    golden_ = testing::ReadNpz(kFolder + GetParam() + ".npz", &error);
    ASSERT_TRUE(error.empty()) << error;
  }

  bool Has(const std::string& array) const { return golden_.contains(array); }
  std::vector<float> Floats(const std::string& array) { return golden_.at(array).Floats(); }

  /// want: [layers, heads, queries, keys]
  void CheckMaps(const AttentionRecorder& maps, AttentionStream stream, const std::string& name) {
    const testing::NpyArray& want = golden_.at(name);
    const std::vector<float> values = want.Floats();
    const std::size_t heads = want.shape[1];
    const std::size_t queries = want.shape[2];
    const std::size_t keys = want.shape[3];
    double largest = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t index = i / (queries * keys);
      const auto map = maps.Map(index / heads, index % heads, stream);
      ASSERT_EQ(map.queries, queries) << name;
      ASSERT_EQ(map.keys, keys) << name;
      const double got = map.At(i / keys % queries, i % keys);
      largest = std::max(largest, std::abs(got - values[i]));
    }
    EXPECT_LE(largest, kAttentionError) << name;
  }

  /// Logits of all positions.
  std::vector<float> Prefill(Session& session, const std::vector<std::int32_t>& tokens,
                             AttentionRecorder& maps) {
    std::vector<float> logits;
    RunOptions run{.observer = &maps};
    run.on_logits = [&](std::size_t /*position*/, std::span<const float> row) {
      logits.insert(logits.end(), row.begin(), row.end());
    };
    const auto last = session.Prefill(tokens, run);
    EXPECT_TRUE(last) << last.error().message();
    return logits;
  }

  void CheckTokens(const Model& model, const std::vector<std::int32_t>& tokens) {
    ASSERT_NE(model.tokenizer(), nullptr) << model.tokenizer_status().message();
    const auto ids = model.tokenizer()->Encode(golden_.at("prompt").Text());
    ASSERT_TRUE(ids) << ids.error().message();
    EXPECT_EQ(*ids, tokens);
  }

  std::map<std::string, testing::NpyArray> golden_;
};

TEST_P(FolderGolden, IsComputed) {
  const auto model = Model::Load(kFolder + GetParam());
  if (const auto refused = Refused().find(GetParam()); refused != Refused().end()) {
    ASSERT_FALSE(model);
    EXPECT_NE(model.error().message().find(refused->second), std::string::npos)
        << model.error().message();
    return;
  }
  ASSERT_TRUE(model) << model.error().message();
  auto session =
      Session::Create(*model, {.kv_type = DataType::kF32, .arithmetic = Arithmetic::kExact});
  ASSERT_TRUE(session) << session.error().message();
  AttentionRecorder maps;
  if (Has("source_tokens")) {
    const std::vector<std::int32_t> source = golden_.at("source_tokens").Ints();
    CheckTokens(*model, source);
    const auto encoded = session->Encode(source, {.observer = &maps});
    ASSERT_TRUE(encoded) << encoded.error().message();
    EXPECT_LE(testing::LargestError(*encoded, Floats("encoder_output")), kOutputError);
    const auto logits = Prefill(*session, golden_.at("target_tokens").Ints(), maps);
    EXPECT_LE(testing::LargestError(logits, Floats("logits")), kLogitError);
    CheckMaps(maps, AttentionStream::kEncoder, "encoder_attention");
    CheckMaps(maps, AttentionStream::kSelf, "decoder_attention");
    CheckMaps(maps, AttentionStream::kCross, "cross_attention");
    return;
  }
  const std::vector<std::int32_t> tokens = golden_.at("tokens").Ints();
  CheckTokens(*model, tokens);
  if (Has("encoder_attention")) {
    const auto output = session->Encode(tokens, {.observer = &maps});
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_LE(testing::LargestError(*output, Floats("output")), kOutputError);
    CheckMaps(maps, AttentionStream::kSelf, "encoder_attention");
    return;
  }
  const auto logits = Prefill(*session, tokens, maps);
  EXPECT_LE(testing::LargestError(logits, Floats("logits")), kLogitError);
  CheckMaps(maps, AttentionStream::kSelf, "attention");
}

INSTANTIATE_TEST_SUITE_P(Folders, FolderGolden, ::testing::ValuesIn(Folders()),
                         [](const ::testing::TestParamInfo<std::string>& parameter) {
                           std::string name = parameter.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace fovea
