// Ablation, head effects and value norms against numbers that the engine did not compute: those of
// inspect_reference.py, in double precision, for grouped queries, a parallel block, a shared norm,
// and norms after attention with windows and softcaps.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fovea/fovea.hpp>
#include <map>
#include <string>
#include <vector>

#include "tests/golden/npz_reader.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

// Logits of these models err by up to 1.3e-5 (README.md); what is made of them is allowed ten times
// that, relative to numbers of size 1.
constexpr double kLogits = 1e-3;
constexpr double kNats = 1e-4;
constexpr double kRelative = 1e-4;

class InspectGolden : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string folder = FOVEA_SOURCE_DIR "/tests/golden/";
    std::string error;
    golden_ = testing::ReadNpz(folder + "inspect/" + GetParam() + ".npz", &error);
    ASSERT_TRUE(error.empty()) << error;
    auto model = Model::Load(folder + "data/" + GetParam() + ".gguf", {.pack = false});
    ASSERT_TRUE(model) << model.error().message();
    model_.emplace(std::move(*model));
    tokens_ = golden_["tokens"].Ints();
    ASSERT_GT(tokens_.size(), 10U);
  }

  std::vector<float> Floats(const std::string& name, std::size_t size) {
    const std::vector<float> values = golden_[name].Floats();
    EXPECT_EQ(values.size(), size) << name;
    return values.size() == size ? values : std::vector<float>(size);
  }

  static SessionOptions Options(std::size_t threads) {
    return {.prefill_batch = threads == 1 ? std::size_t{256} : std::size_t{4},
            .kv_type = DataType::kF32,
            .arithmetic = Arithmetic::kExact,
            .threads = threads};
  }

  const Model& model() { return *model_; }
  const ModelInfo& info() { return model_->info(); }

  std::map<std::string, testing::NpyArray> golden_;
  std::optional<Model> model_;
  std::vector<std::int32_t> tokens_;
};

TEST_P(InspectGolden, LogitsWithoutAHeadAreReproducedByEveryInstructionSet) {
  const std::vector<float> want = Floats("logits_zero", tokens_.size() * info().vocabulary);
  const HeadAblation ablation{.layer = 0, .head = info().heads - 1};
  for (const Isa isa : IsasToTest()) {
    for (const std::size_t threads : {1U, 2U}) {
      SessionOptions options = Options(threads);
      options.isa = isa;
      auto session = Session::Create(model(), options);
      ASSERT_TRUE(session) << session.error().message();
      double error = 0.0;
      const auto compare = [&](std::size_t position, std::span<const float> logits) {
        for (std::size_t i = 0; i < logits.size(); ++i) {
          const float expected = want[position * logits.size() + i];
          error = std::max(error, static_cast<double>(std::abs(logits[i] - expected)));
        }
      };
      ASSERT_TRUE(session->Prefill(tokens_, {.on_logits = compare, .ablations = {&ablation, 1}}));
      EXPECT_LE(error, kLogits) << IsaName(isa);
    }
  }
}

TEST_P(InspectGolden, MeansOfHeadsAreReproduced) {
  const std::vector<float> want = Floats("means", info().layers * info().heads * info().value_dim);
  auto means = MeasureHeadMeans(model(), tokens_, Options(2));
  ASSERT_TRUE(means) << means.error().message();
  ASSERT_EQ(means->values.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(means->values[i], want[i], kNats) << i;
}

TEST_P(InspectGolden, EffectsOfEveryHeadAreReproduced) {
  const float loss = Floats("loss", 1)[0];
  const std::size_t heads = info().layers * info().heads;
  for (const auto& [kind, name] : {std::pair(AblationKind::kZero, "effects_zero"),
                                   std::pair(AblationKind::kMean, "effects_mean")}) {
    const std::vector<float> want = Floats(name, heads * 3);
    for (const std::size_t threads : {1U, 2U}) {
      auto report = MeasureHeadEffects(model(), tokens_, Options(threads), {.kind = kind});
      ASSERT_TRUE(report) << report.error().message();
      EXPECT_NEAR(report->loss, loss, kNats);
      ASSERT_EQ(report->effects.size(), heads);
      for (std::size_t i = 0; i < heads; ++i) {
        SCOPED_TRACE(std::string(name) + " " + std::to_string(i));
        const HeadEffect& effect = report->effects[i];
        EXPECT_EQ(effect.layer * info().heads + effect.head, i);
        EXPECT_NEAR(effect.loss, want[i * 3], kNats);
        EXPECT_NEAR(effect.loss_change, want[i * 3] - loss, kNats);
        EXPECT_NEAR(effect.divergence, want[i * 3 + 1], kNats);
        EXPECT_NEAR(effect.top1_change, want[i * 3 + 2], 1e-6);
      }
    }
  }
}

/// Value norms of all layers, and the weights of the last.
class NormObserver : public AttentionObserver {
 public:
  NormObserver(const Model& model, std::size_t tokens)
      : tokens_(tokens), heads_(model.info().heads) {
    auto created = ValueNorms::Create(model);
    EXPECT_TRUE(created) << created.error().message();
    source_.emplace(std::move(*created));
    norms.resize(model.info().layers * heads_ * tokens);
  }
  const AttentionSelection& selection() const override { return selection_; }
  void OnValues(const AttentionValues& values) override {
    std::vector<float> cells(heads_ * values.count);
    source_->Norms(values.layer, values, cells.data());
    for (std::size_t head = 0; head < heads_; ++head) {
      std::copy_n(&cells[head * values.count], values.count,
                  &norms[(values.layer * heads_ + head) * tokens_ + values.begin]);
    }
  }
  void OnRows(const AttentionRows& rows) override { maps.OnRows(rows); }

  std::vector<float> norms;  // [layers, heads, tokens]
  AttentionRecorder maps;

 private:
  std::size_t tokens_;
  std::size_t heads_;
  std::optional<ValueNorms> source_;
  AttentionSelection selection_{.values = true};
};

TEST_P(InspectGolden, ValueNormsAndWeightedCellsAreReproduced) {
  const std::size_t count = tokens_.size();
  const std::vector<float> want = Floats("value_norms", info().layers * info().heads * count);
  const std::vector<float> weighted = Floats("weighted", info().heads * count * count);
  for (const std::size_t threads : {1U, 2U}) {
    auto session = Session::Create(model(), Options(threads));
    ASSERT_TRUE(session) << session.error().message();
    NormObserver observer(model(), count);
    ASSERT_TRUE(session->Prefill(tokens_, {.observer = &observer}));
    for (std::size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(observer.norms[i], want[i], kRelative * want[i]) << i;
    }
    const std::size_t last = info().layers - 1;
    const double scale = *std::max_element(want.begin(), want.end());
    for (std::size_t head = 0; head < info().heads; ++head) {
      const AttentionRecorder::View map = observer.maps.Map(last, head);
      for (std::size_t q = 0; q < count; ++q) {
        for (std::size_t k = 0; k < count; ++k) {
          const float norm = observer.norms[(last * info().heads + head) * count + k];
          ASSERT_NEAR(map.At(q, k) * norm, weighted[(head * count + q) * count + k],
                      kRelative * scale)
              << head << " " << q << " " << k;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, InspectGolden,
                         ::testing::Values("llama", "gptneox", "gemma2", "phi2"),
                         [](const auto& parameter) { return std::string(parameter.param); });

}  // namespace
}  // namespace fovea
