#include "engine/model/step_threads.h"

#include <gtest/gtest.h>

#include <fovea/fovea.hpp>
#include <string>

namespace fovea::model {
namespace {

/// The shape of a llama model with a tied or a separate output matrix; the weights hold no numbers.
class MadeUpModel {
 public:
  MadeUpModel(std::size_t layers, std::size_t hidden_size, std::size_t ffn_size,
              std::size_t vocabulary, bool tied) {
    ModelInfo& info = hp_.info;
    info.layers = layers;
    info.heads = hidden_size / 32;
    info.head_dim = info.value_dim = 32;
    info.hidden_size = hidden_size;
    info.vocabulary = vocabulary;
    info.parameters = layers * hidden_size * (4 * hidden_size + 3 * ffn_size) +
                      (tied ? 1 : 2) * vocabulary * hidden_size;
    weights_.token_embedding.data = bytes_;
    weights_.output.weight.data = bytes_ + (tied ? 0 : 1);
  }

  bool Worthwhile(std::size_t tokens, std::size_t position = 0,
                  Arithmetic arithmetic = Arithmetic::kFast, Isa isa = BestIsa()) const {
    return StepThreads(hp_, weights_, arithmetic, isa).Worthwhile(tokens, position);
  }

  static Isa BestIsa() { return AvailableIsas().back(); }

 private:
  std::byte bytes_[2] = {};
  Hyperparameters hp_;
  Weights weights_;
};

const MadeUpModel& Shipped() {
  static const MadeUpModel kModel(5, 256, 512, 2048, /*tied=*/true);
  return kModel;
}

// The rates of ARM's vector units are estimates, so only what was measured is tested.
#if defined(__x86_64__)
TEST(StepThreads, LeaveSingleTokensOfTheShippedModelToTheCaller) {
  EXPECT_FALSE(Shipped().Worthwhile(1));
  EXPECT_FALSE(Shipped().Worthwhile(4));
  EXPECT_TRUE(Shipped().Worthwhile(32));
  EXPECT_TRUE(Shipped().Worthwhile(1, 2048)) << "attention over many keys is work";
  EXPECT_TRUE(Shipped().Worthwhile(1, 0, Arithmetic::kExact));
}

TEST(StepThreads, AreUsedForSingleTokensOfLargerModels) {
  const MadeUpModel fifteen_million(6, 288, 768, 32000, /*tied=*/false);
  EXPECT_TRUE(fifteen_million.Worthwhile(1));
  const MadeUpModel hundred_million(12, 768, 2048, 32000, /*tied=*/false);
  EXPECT_TRUE(hundred_million.Worthwhile(1));
}
#endif

TEST(StepThreads, AreUsedWithTheSlowPortableKernels) {
  EXPECT_TRUE(Shipped().Worthwhile(1, 0, Arithmetic::kFast, Isa::kScalar));
}

TEST(StepThreads, AreWorthMoreTheMoreTokensAStepHas) {
  bool worthwhile = false;
  for (std::size_t tokens = 1; tokens <= 256; tokens *= 2) {
    EXPECT_TRUE(Shipped().Worthwhile(tokens) || !worthwhile);
    worthwhile = Shipped().Worthwhile(tokens);
  }
  EXPECT_TRUE(worthwhile);
}

TEST(StepThreads, ChangeNoBit) {
  auto model = Model::Load(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
  ASSERT_TRUE(model) << model.error().message();
  std::vector<std::vector<float>> results;
  for (const SessionOptions& options :
       {SessionOptions{.context_size = 64, .threads = 1},
        SessionOptions{.context_size = 64, .threads = 3},
        SessionOptions{.context_size = 64, .threads = 3, .adaptive_threads = false}}) {
    auto session = Session::Create(*model, options);
    ASSERT_TRUE(session) << session.error().message();
    std::vector<std::int32_t> ids;
    for (std::int32_t id = 0; id < 40; ++id) ids.push_back(3 + 7 * id);
    auto logits = session->Prefill(ids);
    for (int i = 0; i < 8 && logits; ++i) logits = session->Decode(ArgMax(*logits));
    ASSERT_TRUE(logits) << logits.error().message();
    results.emplace_back(logits->begin(), logits->end());
  }
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

}  // namespace
}  // namespace fovea::model
