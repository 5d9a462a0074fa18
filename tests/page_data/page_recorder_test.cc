#include "tools/attention-dump/page/page_recorder.h"

#include <gtest/gtest.h>

#include "tests/page_data/made_text.h"

namespace fovea::dump {
namespace {

DumpShape ShapeOf(std::size_t tokens, std::size_t layers, std::size_t heads, std::size_t kv_heads,
                  std::size_t dim) {
  DumpShape shape;
  shape.tokens = tokens;
  for (std::size_t i = 0; i < layers; ++i) shape.layers.push_back(i);
  for (std::size_t i = 0; i < heads; ++i) shape.heads.push_back(i);
  shape.model_heads = heads;
  shape.kv_heads = kv_heads;
  shape.head_dim = dim;
  return shape;
}

TEST(RecordingPlanTest, WeightsAreKeptWhereTheyFitForCertain) {
  // 100 tokens: 5050 cells of 2 bytes and 16/13 of that as text, 12,431 bytes.
  const DumpShape shape = ShapeOf(100, 1, 1, 1, 8);
  EXPECT_TRUE(PlanRecording(shape, {}, 12'431, 1, false).weights);
  EXPECT_FALSE(PlanRecording(shape, {}, 12'430, 1, false).weights);
  EXPECT_FALSE(PlanRecording(shape, {}, 12'431, 2, false).weights) << "two texts share a page";
  EXPECT_FALSE(PlanRecording(shape, {}, 12'431, 1, true).weights) << "and maps without a mask";
}

TEST(RecordingPlanTest, ATraceIsKeptOnlyIfItIsNeeded) {
  const DumpShape shape = ShapeOf(100, 1, 1, 1, 8);
  EXPECT_FALSE(PlanRecording(shape, {}, 1'000'000, 1, false).trace);
  EXPECT_TRUE(PlanRecording(shape, {}, 1'000'000, 1, true).trace);
  EXPECT_TRUE(PlanRecording(shape, {}, 1, 1, false).trace);
}

TEST(RecordingPlanTest, PyramidsOfLongTextsFitThePage) {
  EXPECT_EQ(PlanRecording(ShapeOf(1024, 1, 1, 1, 8), {}, 1'000'000, 1, false).pyramid_block, 0U);
  EXPECT_EQ(PlanRecording(ShapeOf(1025, 1, 1, 1, 8), {}, 9'000'000, 1, false).pyramid_block, 2U);
  // At most 2,048 blocks per side.
  EXPECT_EQ(PlanRecording(ShapeOf(32768, 1, 1, 1, 8), {}, 90'000'000, 1, false).pyramid_block, 16U);
  // 270 heads with blocks of 2 would be 283 MB.
  EXPECT_EQ(PlanRecording(ShapeOf(2048, 30, 9, 3, 8), {}, 18'000'000, 1, false).pyramid_block, 16U);
}

TEST(RecordingPlanTest, MemoryGrowsWithTheLengthNotWithItsSquare) {
  // The case of the brief: 32,768 tokens of two heads, within 1 GB and far below.
  DumpShape shape = ShapeOf(32768, 1, 2, 2, 64);
  const double bytes = PlanRecording(shape, {}, 50'000'000, 1, false).Bytes();
  EXPECT_LT(bytes, 150e6);
  shape.tokens *= 2;
  EXPECT_LT(PlanRecording(shape, {}, 50'000'000, 1, false).Bytes(), 2.2 * bytes);
}

TEST(RecordingPlanTest, WindowsHideCells) {
  ModelInfo model;
  model.windows = {0, 3};
  const RecordingPlan plan = PlanRecording(ShapeOf(5, 2, 1, 1, 8), model, 1'000, 1, false);
  EXPECT_EQ(plan.VisibleCells(), 15.0 + 12.0);
  RecordingPlan bidirectional = plan;
  bidirectional.causal = false;
  EXPECT_EQ(bidirectional.VisibleCells(), 25.0 + 13.0);
  bidirectional.windows = {7, 8};
  EXPECT_EQ(bidirectional.VisibleCells(), 23.0 + 25.0);
}

TEST(PageRecorderTest, KeepsQueriesAndKeysOfTheChosenHeadsOnly) {
  const MadeText text({.layers = 3,
                       .heads = 6,
                       .kv_heads = 3,
                       .chosen_layers = {2},
                       .chosen_heads = {0, 5},
                       .page_bytes = 1});
  const Recording recording = text.Record();
  ASSERT_EQ(recording.traces.size(), 1U);
  EXPECT_EQ(recording.traces[0].query.size(), 2U * 40 * 8);
  EXPECT_EQ(recording.traces[0].key.size(), 2U * 40 * 8);  // KV heads 0 and 2
  EXPECT_EQ(recording.traces[0].scale, MadeText::kScale);
  EXPECT_EQ(recording.heads.size(), 2U);
  EXPECT_EQ(recording.heads[1].Statistics().head, 5U);
}

}  // namespace
}  // namespace fovea::dump
