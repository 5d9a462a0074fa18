#include "tools/attention-dump/observers/value_weighted_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fovea::dump {
namespace {

using testing::ElementsAre;

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

class Keeper final : public AttentionObserver {
 public:
  const AttentionSelection& selection() const override { return selection_; }
  void OnRows(const AttentionRows& rows) override {
    cells_.assign(rows.weights, rows.weights + rows.query_count * rows.stride);
  }
  std::vector<float> cells_;

 private:
  AttentionSelection selection_;
};

TEST(ValueWeightedRows, AreWeightsTimesTheNormsOfTheirHead) {
  const Result<Model> model = Model::Load(kModel);
  ASSERT_TRUE(model.ok());
  const ModelInfo& info = model->info();
  constexpr std::size_t kTokens = 3;
  std::vector<float> value(kTokens * info.kv_heads * info.value_dim);
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<float>(i % 7) - 3.0F;
  AttentionValues values;
  values.layer = 1;
  values.count = kTokens;
  values.kv_heads = info.kv_heads;
  values.value_dim = info.value_dim;
  values.value = value.data();
  Result<ValueNorms> norms = ValueNorms::Create(*model);
  ASSERT_TRUE(norms.ok());
  std::vector<float> expected(info.heads * kTokens);
  norms->Norms(1, values, expected.data());

  Keeper keeper;
  ValueWeightedRows weighted(&*norms, info.layers, info.heads, kTokens, &keeper);
  EXPECT_TRUE(weighted.selection().values);
  weighted.OnValues(values);
  constexpr float kWeights[] = {0.5F, 0.5F, 0.0F, 9.0F, 0.25F, 0.5F, 0.25F, 9.0F};
  AttentionRows rows;
  rows.layer = 1;
  rows.head = 5;
  rows.query_begin = 1;
  rows.query_count = 2;
  rows.key_count = kTokens;
  rows.stride = 4;
  rows.weights = kWeights;
  weighted.OnRows(rows);
  const float* norm = expected.data() + 5 * kTokens;
  ASSERT_GT(norm[0], 0.0F);
  EXPECT_THAT(keeper.cells_, ElementsAre(0.5F * norm[0], 0.5F * norm[1], 0.0F, 0.0F,
                                         0.25F * norm[0], 0.5F * norm[1], 0.25F * norm[2], 0.0F));
}

TEST(NormaliseRows, DividesEachRowByItsSumAndLeavesZeros) {
  MapSet maps;
  maps.tokens = 2;
  maps.layers = {0};
  maps.heads = {0, 1};
  maps.weights = {2.0F, 0.0F, 1.0F, 3.0F, 0.0F, 0.0F, 0.5F, 0.5F};
  NormaliseRows(&maps);
  EXPECT_THAT(maps.weights, ElementsAre(1.0F, 0.0F, 0.25F, 0.75F, 0.0F, 0.0F, 0.5F, 0.5F));
}

}  // namespace
}  // namespace fovea::dump
