// Encoder–decoders against encoder_decoder_reference.py (double precision): the maps of all three
// streams, the encoder's output and logits along a given target, for every instruction set that
// this machine runs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/golden/largest_error.h"
#include "tests/golden/npz_reader.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

// Limits on the largest absolute error; README.md of the data's folders says where they come from.
constexpr double kAttentionError = 1e-4;
constexpr double kOutputError = 1e-3;

using Arrays = std::map<std::string, testing::NpyArray>;

struct Fixture {
  std::string name;
  std::string model;
  std::string golden;
};

std::vector<Fixture> Fixtures() {
  std::vector<Fixture> fixtures;
  const std::string folder = FOVEA_SOURCE_DIR "/tests/golden/data/encoder_decoders/";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    const std::string stem = entry.path().stem().string();
    fixtures.push_back({stem, entry.path().string(), folder + stem + ".npz"});
  }
  std::sort(fixtures.begin(), fixtures.end(),
            [](const Fixture& a, const Fixture& b) { return a.name < b.name; });
  return fixtures;
}

/// want: [layers, heads, queries, keys]
double LargestMapError(const AttentionRecorder& maps, AttentionStream stream,
                       const testing::NpyArray& want) {
  const std::vector<float> values = want.Floats();
  const std::size_t heads = want.shape[1];
  const std::size_t queries = want.shape[2];
  const std::size_t keys = want.shape[3];
  double largest = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t map_index = i / (queries * keys);
    const auto map = maps.Map(map_index / heads, map_index % heads, stream);
    EXPECT_EQ(map.queries, queries);
    EXPECT_EQ(map.keys, keys);
    if (map.queries != queries || map.keys != keys) return INFINITY;
    const double got = map.At(i / keys % queries, i % keys);
    largest = std::max(largest, std::abs(got - values[i]));
  }
  return largest;
}

class EncoderDecoderGolden : public ::testing::TestWithParam<std::tuple<Fixture, Isa>> {
 protected:
  void SetUp() override {
    const Fixture& fixture = std::get<0>(GetParam());
    auto model = Model::Load(fixture.model, {.pack = false});
    ASSERT_TRUE(model) << model.error().message();
    model_.emplace(std::move(*model));
    std::string error;
    golden_ = testing::ReadNpz(fixture.golden, &error);
    ASSERT_TRUE(error.empty()) << error;
    source_ = golden_.at("source_tokens").Ints();
    target_ = golden_.at("target_tokens").Ints();
  }

  Result<Session> NewSession(std::size_t prefill_batch, std::size_t threads) const {
    return Session::Create(*model_, {.prefill_batch = prefill_batch,
                                     .kv_type = DataType::kF32,
                                     .arithmetic = Arithmetic::kExact,
                                     .threads = threads,
                                     .adaptive_threads = false,
                                     .isa = std::get<1>(GetParam())});
  }

  void CheckMaps(const AttentionRecorder& maps) {
    for (const auto& [stream, name] : {std::pair{AttentionStream::kEncoder, "encoder_attention"},
                                       std::pair{AttentionStream::kSelf, "decoder_attention"},
                                       std::pair{AttentionStream::kCross, "cross_attention"}}) {
      EXPECT_LE(LargestMapError(maps, stream, golden_.at(name)), kAttentionError) << name;
    }
  }

  std::optional<Model> model_;
  Arrays golden_;
  std::vector<std::int32_t> source_;
  std::vector<std::int32_t> target_;
};

TEST_P(EncoderDecoderGolden, AlongAGivenTarget) {
  const ModelInfo& info = model_->info();
  EXPECT_EQ(info.kind, ModelKind::kEncoderDecoder);
  EXPECT_EQ(info.decoder_start_token, target_.front());
  for (const auto& [batch, threads] : {std::pair{256, 1}, std::pair{3, 2}}) {
    auto session = NewSession(static_cast<std::size_t>(batch), static_cast<std::size_t>(threads));
    ASSERT_TRUE(session) << session.error().message();
    AttentionRecorder maps;
    auto encoded = session->Encode(source_, {.observer = &maps});
    ASSERT_TRUE(encoded) << encoded.error().message();
    EXPECT_LE(testing::LargestError(*encoded, golden_.at("encoder_output").Floats()), kOutputError);
    std::vector<float> logits;
    RunOptions run{.observer = &maps};
    run.on_logits = [&](std::size_t /*position*/, std::span<const float> row) {
      logits.insert(logits.end(), row.begin(), row.end());
    };
    auto last = session->Prefill(target_, run);
    ASSERT_TRUE(last) << last.error().message();
    EXPECT_LE(testing::LargestError(logits, golden_.at("logits").Floats()), kOutputError);
    CheckMaps(maps);
  }
}

TEST_P(EncoderDecoderGolden, TokenByTokenIsTheSame) {
  auto session = NewSession(256, 1);
  ASSERT_TRUE(session) << session.error().message();
  EXPECT_EQ(session->Prefill(target_).status().code(), StatusCode::kInvalidArgument);
  AttentionRecorder maps;
  const std::vector<float> want = golden_.at("logits").Floats();
  // A text before: nothing of it may remain.
  ASSERT_TRUE(session->Encode(std::span(source_).first(2)));
  ASSERT_TRUE(session->Prefill(target_));
  ASSERT_TRUE(session->Encode(source_, {.observer = &maps}));
  EXPECT_EQ(session->position(), 0U);
  for (std::size_t t = 0; t < target_.size(); ++t) {
    auto logits = session->Decode(target_[t], {.observer = &maps});
    ASSERT_TRUE(logits) << logits.error().message();
    EXPECT_LE(
        testing::LargestError(*logits, std::span(want).subspan(t * logits->size(), logits->size())),
        kOutputError);
  }
  CheckMaps(maps);
}

INSTANTIATE_TEST_SUITE_P(EncoderDecoders, EncoderDecoderGolden,
                         ::testing::Combine(::testing::ValuesIn(Fixtures()),
                                            ::testing::ValuesIn(IsasToTest())),
                         [](const auto& fixture) {
                           std::string name = std::get<0>(fixture.param).name + "_" +
                                              std::string(IsaName(std::get<1>(fixture.param)));
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace fovea
