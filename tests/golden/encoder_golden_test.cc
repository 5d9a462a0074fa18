// Text encoders against encoder_reference.py (double precision): maps, hidden states of every
// layer, output and vectors of texts, for every instruction set that this machine runs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "tests/golden/largest_error.h"
#include "tests/golden/npz_reader.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

constexpr char kFolder[] = FOVEA_SOURCE_DIR "/tests/golden/data/encoders/";

// Limits on the largest absolute error; README.md of the data's folder says where they come from.
constexpr double kAttentionError = 1e-4;
constexpr double kHiddenError = 1e-3;
constexpr double kOutputError = 1e-4;

std::vector<std::string> Fixtures() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".gguf") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

using Arrays = std::map<std::string, testing::NpyArray>;

class EncoderGolden : public ::testing::TestWithParam<std::tuple<std::string, Isa>> {
 protected:
  static std::string Name() { return std::get<0>(GetParam()); }
  static Isa ChosenIsa() { return std::get<1>(GetParam()); }

  void SetUp() override {
    auto model = Model::Load(kFolder + Name() + ".gguf", {.pack = false});
    ASSERT_TRUE(model) << model.error().message();
    model_.emplace(std::move(*model));
    std::string error;
    golden_ = testing::ReadNpz(kFolder + Name() + ".npz", &error);
    ASSERT_TRUE(error.empty()) << error;
  }

  Result<Session> NewSession(std::size_t prefill_batch, std::size_t threads) const {
    return Session::Create(*model_, {.prefill_batch = prefill_batch,
                                     .kv_type = DataType::kF32,
                                     .arithmetic = Arithmetic::kExact,
                                     .threads = threads,
                                     .adaptive_threads = false,
                                     .isa = ChosenIsa()});
  }

  std::vector<float> Want(const std::string& text, const std::string& array) {
    return golden_.at(text + "." + array).Floats();
  }

  std::optional<Model> model_;
  Arrays golden_;
};

TEST_P(EncoderGolden, MapsHiddenStatesAndVectors) {
  const ModelInfo& info = model_->info();
  EXPECT_EQ(info.kind, ModelKind::kEncoder);
  auto session = NewSession(256, 1);
  ASSERT_TRUE(session) << session.error().message();
  for (const std::string text : {"short", "long"}) {
    const std::vector<std::int32_t> tokens = golden_.at(text + ".tokens").Ints();
    const std::size_t n = tokens.size();
    AttentionRecorder maps;
    std::vector<float> hidden;
    RunOptions run{.observer = &maps};
    run.on_hidden = [&](std::size_t /*layer*/, std::size_t /*position*/,
                        std::span<const float> rows) {
      hidden.insert(hidden.end(), rows.begin(), rows.end());
    };
    std::vector<float> last;
    run.on_output = [&](std::size_t /*position*/, std::span<const float> rows) {
      last.assign(rows.begin(), rows.end());
    };
    auto output = session->Encode(tokens, run);
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_EQ(session->encoded_tokens(), n);
    EXPECT_TRUE(std::equal(last.begin(), last.end(), output->begin(), output->end()));
    EXPECT_LE(testing::LargestError(*output, Want(text, "output")), kOutputError) << text;
    EXPECT_LE(testing::LargestError(hidden, Want(text, "hidden")), kHiddenError) << text;

    const std::vector<float> want = Want(text, "encoder_attention");
    ASSERT_EQ(want.size(), info.layers * info.heads * n * n);
    double error = 0.0;
    for (std::size_t i = 0; i < want.size(); ++i) {
      const auto map = maps.Map(i / (n * n) / info.heads, i / (n * n) % info.heads);
      ASSERT_EQ(map.queries, n);
      ASSERT_EQ(map.keys, n);
      error = std::max(error, std::abs(static_cast<double>(map.At(i / n % n, i % n)) - want[i]));
    }
    EXPECT_LE(error, kAttentionError) << text;

    for (const auto& [pooling, array] :
         {std::pair{Pooling::kMean, "embedding_mean"}, std::pair{Pooling::kCls, "embedding_cls"},
          std::pair{Pooling::kLast, "embedding_last"}}) {
      auto vector = session->Embed(tokens, {.pooling = pooling, .normalize = false});
      ASSERT_TRUE(vector) << vector.error().message();
      EXPECT_LE(testing::LargestError(*vector, Want(text, array)), kOutputError)
          << text << " " << array;
    }
  }
}

TEST_P(EncoderGolden, BatchesAndThreadsChangeNothing) {
  const std::vector<std::int32_t> tokens = golden_.at("long.tokens").Ints();
  auto whole = NewSession(256, 1);
  ASSERT_TRUE(whole) << whole.error().message();
  AttentionRecorder whole_maps;
  auto want = whole->Encode(tokens, {.observer = &whole_maps});
  ASSERT_TRUE(want) << want.error().message();
  for (const std::size_t batch : {1UL, 7UL, 16UL, 39UL}) {
    auto session = NewSession(batch, 2);
    ASSERT_TRUE(session) << session.error().message();
    AttentionRecorder maps;
    auto got = session->Encode(tokens, {.observer = &maps});
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_TRUE(std::equal(got->begin(), got->end(), want->begin(), want->end())) << batch;
    for (std::size_t layer = 0; layer < model_->info().layers; ++layer) {
      for (std::size_t head = 0; head < model_->info().heads; ++head) {
        const auto a = maps.Map(layer, head);
        const auto b = whole_maps.Map(layer, head);
        for (std::size_t i = 0; i < tokens.size(); ++i) {
          ASSERT_TRUE(std::equal(a.weights + i * a.stride, a.weights + i * a.stride + a.keys,
                                 b.weights + i * b.stride))
              << "batch " << batch << " layer " << layer << " head " << head << " row " << i;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Encoders, EncoderGolden,
                         ::testing::Combine(::testing::ValuesIn(Fixtures()),
                                            ::testing::ValuesIn(IsasToTest())),
                         [](const auto& fixture) {
                           std::string name = std::get<0>(fixture.param) + "_" +
                                              std::string(IsaName(std::get<1>(fixture.param)));
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace fovea
