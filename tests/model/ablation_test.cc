// A head that is taken out: the same as a model whose output projection has no weights for it, for
// any prefill_batch and thread count.
#include <gtest/gtest.h>

#include <cstring>
#include <fovea/fovea.hpp>
#include <string>
#include <vector>

#include "engine/format/gguf_file.h"
#include "tests/model/golden_models.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

std::vector<float> AllLogits(const Model& model, const SessionOptions& options,
                             const std::vector<HeadAblation>& ablations,
                             AttentionObserver* observer = nullptr) {
  auto session = Session::Create(model, options);
  EXPECT_TRUE(session) << session.error().message();
  std::vector<float> all;
  const auto ids = SomeIds(29);
  auto logits = session->Prefill(ids, {.observer = observer,
                                       .on_logits =
                                           [&](std::size_t, std::span<const float> row) {
                                             all.insert(all.end(), row.begin(), row.end());
                                           },
                                       .ablations = ablations});
  EXPECT_TRUE(logits) << logits.error().message();
  return all;
}

/// The file with the columns of one head of one layer's output projection set to zero.
std::string WithoutColumns(const platform::TemporaryFolder& folder, const std::string& path,
                           std::size_t layer, std::size_t begin, std::size_t count) {
  auto file = format::GgufFile::Open(path, format::GgufFile::Access::kRead);
  EXPECT_TRUE(file) << file.error().message();
  const auto* tensor = file->FindTensor("blk." + std::to_string(layer) + ".attn_output.weight");
  EXPECT_NE(tensor, nullptr);
  const MatrixView matrix = tensor->Matrix();
  EXPECT_EQ(BlockElements(tensor->type), 1U);
  const std::size_t element = BlockBytes(tensor->type);
  const std::span<const std::byte> bytes = file->bytes();
  std::string contents(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    const auto offset = static_cast<std::size_t>(matrix.Row(row) - bytes.data());
    std::memset(&contents[offset + begin * element], 0, count * element);
  }
  platform::WriteText(folder.File("ablated.gguf"), contents);
  return folder.File("ablated.gguf");
}

class AblationOfFamily : public ::testing::TestWithParam<const char*> {};

TEST_P(AblationOfFamily, EqualsAModelWithoutTheHeadsOutputWeights) {
  const platform::TemporaryFolder folder;
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const ModelInfo& info = model->info();
  for (const std::size_t layer : {std::size_t{0}, info.layers - 1}) {
    for (const std::size_t head : {std::size_t{0}, info.heads - 1}) {
      SCOPED_TRACE("layer " + std::to_string(layer) + " head " + std::to_string(head));
      auto without = Model::Load(
          WithoutColumns(folder, Data(GetParam()), layer, head * info.value_dim, info.value_dim));
      ASSERT_TRUE(without) << without.error().message();
      const SessionOptions options{.kv_type = DataType::kF32, .arithmetic = Arithmetic::kExact};
      const std::vector<float> want = AllLogits(*without, options, {});
      const std::vector<float> got = AllLogits(*model, options, {{.layer = layer, .head = head}});
      EXPECT_EQ(got, want);
      EXPECT_NE(got, AllLogits(*model, options, {}));
    }
  }
}

TEST_P(AblationOfFamily, GivesTheSameBitsForAnyPrefillBatchAndThreadCount) {
  auto model = Model::Load(Data(GetParam()));
  ASSERT_TRUE(model) << model.error().message();
  const ModelInfo& info = model->info();
  std::vector<float> replacement(info.value_dim);
  for (std::size_t i = 0; i < info.value_dim; ++i) replacement[i] = static_cast<float>(i) / 16;
  const std::vector<HeadAblation> ablations = {
      {.layer = 0, .head = 1 % info.heads, .replacement = replacement},
      {.layer = info.layers - 1, .head = 0}};
  const std::vector<float> whole = AllLogits(*model, {.context_size = 32}, ablations);
  for (const std::size_t prefill_batch : {1U, 7U, 16U}) {
    for (const std::size_t threads : {1U, 2U}) {
      ASSERT_EQ(AllLogits(*model,
                          {.context_size = 32,
                           .prefill_batch = prefill_batch,
                           .threads = threads,
                           .adaptive_threads = false},
                          ablations),
                whole)
          << prefill_batch << " " << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, AblationOfFamily,
                         ::testing::Values("llama", "llama-mqa", "qwen2", "gpt2", "gemma2", "phi2",
                                           "phi3", "gptneox", "stablelm-parallel"),
                         ModelName());

class AblationTest : public LlamaTest {};

TEST_F(AblationTest, LeavesTheMapsOfItsOwnLayerAndChangesThoseAfter) {
  AttentionRecorder before, after;
  AllLogits(model(), {}, {}, &before);
  AllLogits(model(), {}, {{.layer = 0, .head = 1}}, &after);
  const auto map = [](const AttentionRecorder& maps, std::size_t layer, std::size_t head) {
    const AttentionRecorder::View view = maps.Map(layer, head);
    std::vector<float> cells;
    for (std::size_t q = 0; q < view.queries; ++q) {
      cells.insert(cells.end(), view.weights + q * view.stride,
                   view.weights + q * view.stride + view.keys);
    }
    return cells;
  };
  for (std::size_t head = 0; head < model().info().heads; ++head) {
    EXPECT_FALSE(map(after, 0, head).empty());
    EXPECT_EQ(map(after, 0, head), map(before, 0, head));
    EXPECT_NE(map(after, 1, head), map(before, 1, head));
  }
}

TEST_F(AblationTest, OfTheLastLayerReachesTheLastPositionAlone) {
  // Without on_logits the last layer is computed for one position only.
  auto session = Session::Create(model(), {.prefill_batch = 8});
  ASSERT_TRUE(session);
  const std::vector<HeadAblation> ablations = {{.layer = model().info().layers - 1, .head = 2}};
  auto last = session->Prefill(SomeIds(29), {.ablations = ablations});
  ASSERT_TRUE(last);
  const std::vector<float> all = AllLogits(model(), {}, ablations);
  EXPECT_EQ(std::vector<float>(last->begin(), last->end()),
            std::vector<float>(all.end() - static_cast<std::ptrdiff_t>(last->size()), all.end()));
}

TEST_F(AblationTest, GoesOnTokenByToken) {
  const std::vector<HeadAblation> ablations = {{.layer = 0, .head = 0}};
  const std::vector<float> all = AllLogits(model(), {}, ablations);
  const auto ids = SomeIds(29);
  auto session = Session::Create(model());
  ASSERT_TRUE(session);
  ASSERT_TRUE(session->Prefill(std::span(ids).first(20), {.ablations = ablations}));
  for (std::size_t i = 20; i < ids.size(); ++i) {
    auto logits = session->Decode(ids[i], {.ablations = ablations});
    ASSERT_TRUE(logits);
    for (std::size_t j = 0; j < logits->size(); ++j) {
      ASSERT_EQ((*logits)[j], all[i * logits->size() + j]);
    }
  }
}

TEST_F(AblationTest, OfAHeadTwiceTakesTheLastReplacement) {
  const std::vector<float> ones(model().info().value_dim, 1.0F);
  const HeadAblation zero{.layer = 1, .head = 1};
  const HeadAblation one{.layer = 1, .head = 1, .replacement = ones};
  EXPECT_EQ(AllLogits(model(), {}, {one, zero}), AllLogits(model(), {}, {zero}));
  EXPECT_NE(AllLogits(model(), {}, {zero, one}), AllLogits(model(), {}, {zero}));
}

TEST_F(AblationTest, RefusesHeadsThatDoNotExistAndReplacementsThatDoNotFit) {
  auto session = Session::Create(model());
  ASSERT_TRUE(session);
  const ModelInfo& info = model().info();
  const std::vector<float> values(info.value_dim + 1);
  const auto message = [&](const HeadAblation& ablation) {
    auto result = session->Prefill(SomeIds(3), {.ablations = {&ablation, 1}});
    if (result) return std::string("accepted");
    EXPECT_EQ(result.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(session->position(), 0U);
    return result.error().message();
  };
  EXPECT_EQ(message({.layer = info.layers}), "layer " + std::to_string(info.layers) +
                                                 " does not exist; the model has layers 0 to " +
                                                 std::to_string(info.layers - 1));
  EXPECT_EQ(message({.head = info.heads}), "head " + std::to_string(info.heads) +
                                               " does not exist; the model has heads 0 to " +
                                               std::to_string(info.heads - 1));
  EXPECT_EQ(message({.head = 1, .replacement = values}),
            "the replacement of layer 0, head 1 has " + std::to_string(info.value_dim + 1) +
                " values; heads of this model have " + std::to_string(info.value_dim));
  EXPECT_EQ(message({.head = 1, .replacement = std::span(values).first(info.value_dim)}),
            "accepted");
}

TEST_F(AblationTest, ValuesReachAnObserverInEveryChunk) {
  class Taker : public AttentionObserver {
   public:
    const AttentionSelection& selection() const override { return selection_; }
    void OnRows(const AttentionRows&) override {}
    void OnValues(const AttentionValues& values) override {
      EXPECT_EQ(values.layer, 1U);
      EXPECT_EQ(values.begin, tokens);
      tokens += values.count;
    }
    std::size_t tokens = 0;

   private:
    AttentionSelection selection_{.layers = {1}, .values = true};
  } taker;
  AllLogits(model(), {.prefill_batch = 8, .threads = 2, .adaptive_threads = false}, {}, &taker);
  EXPECT_EQ(taker.tokens, 29U);
}

}  // namespace
}  // namespace fovea
