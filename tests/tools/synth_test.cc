// Made-up models: vocabularies without gaps or doubles, numbers that look normal, shapes that are
// checked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fovea/model.h>
#include <fovea/session.h>
#include <cmath>
#include <set>

#include "tests/tools/temporary_folder.h"
#include "tools/fovea/synth_model.h"
#include "tools/fovea/synth_vocabulary.h"
#include "tools/fovea/synth_weights.h"

namespace fovea::tools {
namespace {

using dump::ReadWhole;
using dump::TemporaryFolder;
using testing::HasSubstr;
using testing::IsEmpty;

SynthShape SmallShape() {
  return {
      .hidden_size = 64, .ffn_size = 96, .layers = 2, .heads = 4, .kv_heads = 2, .vocabulary = 400};
}

TEST(SynthVocabulary, HasUniquePiecesForEveryByteAndManyWords) {
  for (const std::size_t size : {kSmallestSynthVocabulary, std::size_t{400}, std::size_t{151936}}) {
    const SynthVocabulary vocabulary = MakeSynthVocabulary(size);
    ASSERT_EQ(vocabulary.pieces.size(), size);
    EXPECT_EQ(vocabulary.scores.size(), size);
    EXPECT_EQ(vocabulary.types.size(), size);
    EXPECT_EQ(std::set(vocabulary.pieces.begin(), vocabulary.pieces.end()).size(), size);
    EXPECT_EQ(vocabulary.pieces[3], "<0x00>");
    EXPECT_EQ(vocabulary.pieces[258], "<0xFF>");
  }
}

TEST(SynthVocabulary, OfWordPiecesHasSpecialTokensAndEveryLetter) {
  for (const std::size_t size : {kSmallestSynthVocabulary, std::size_t{30522}}) {
    const SynthVocabulary vocabulary = MakeSynthWordPieces(size);
    ASSERT_EQ(vocabulary.pieces.size(), size);
    EXPECT_EQ(vocabulary.types.size(), size);
    const std::set<std::string> pieces(vocabulary.pieces.begin(), vocabulary.pieces.end());
    EXPECT_EQ(pieces.size(), size);
    EXPECT_EQ(vocabulary.pieces[kSynthCls], "[CLS]");
    EXPECT_EQ(vocabulary.pieces[kSynthMask], "[MASK]");
    for (const char* piece : {"z", "\xE2\x96\x81z", "7", "\xE2\x96\x81."}) {
      EXPECT_EQ(pieces.count(piece), 1U) << piece;
    }
  }
}

TEST(SynthWeights, LookNormalAndDependOnEveryCoordinate) {
  std::vector<float> values(100000);
  FillSynthRow({1, 2, 3}, 0.5F, 0.25F, values);
  double sum = 0.0;
  double squares = 0.0;
  for (const float value : values) {
    sum += static_cast<double>(value) - 0.5;
    squares += (static_cast<double>(value) - 0.5) * (static_cast<double>(value) - 0.5);
    ASSERT_LE(std::abs(value - 0.5F), 0.25F * 3.5F);
  }
  const auto count = static_cast<double>(values.size());
  // Four deviations of the sample's mean and of its variance.
  EXPECT_NEAR(sum / count, 0.0, 4.0 * 0.25 / std::sqrt(count));
  EXPECT_NEAR(std::sqrt(squares / count), 0.25, 4.0 * 0.25 / std::sqrt(2.0 * count));
  std::set<float> firsts;
  for (const SynthRow row : {SynthRow{1, 2, 3}, {2, 2, 3}, {1, 3, 3}, {1, 2, 4}, {3, 2, 1}}) {
    FillSynthRow(row, 0.0F, 1.0F, std::span(values).first(1));
    firsts.insert(values[0]);
  }
  EXPECT_EQ(firsts.size(), 5U);
}

TEST(SynthShape, KnowsTheUsualOnesAndChecksOthers) {
  for (const char* name : {"15m", "110m", "smollm-135m", "0.5b", "1.1b", "minilm", "bert-base"}) {
    ASSERT_TRUE(NamedShape(name).has_value()) << name;
    EXPECT_TRUE(CheckShape(*NamedShape(name)).ok());
    EXPECT_THAT(ShapeNames(), HasSubstr(name));
  }
  EXPECT_FALSE(NamedShape("70b").has_value());
  const auto refused = [](void (*change)(SynthShape&), const char* option) {
    SynthShape shape = SmallShape();
    change(shape);
    const Status status = CheckShape(shape);
    EXPECT_FALSE(status.ok()) << option;
    EXPECT_THAT(status.message(), HasSubstr(option));
  };
  EXPECT_TRUE(CheckShape(SmallShape()).ok());
  refused([](SynthShape& shape) { shape.hidden_size = 0; }, "--hidden-size");
  refused([](SynthShape& shape) { shape.hidden_size = 60; }, "--hidden-size");
  refused([](SynthShape& shape) { shape.ffn_size = 0; }, "--ffn-size");
  refused([](SynthShape& shape) { shape.layers = 1025; }, "--layers");
  refused([](SynthShape& shape) { shape.heads = 33; }, "--heads");
  refused([](SynthShape& shape) { shape.kv_heads = 3; }, "--kv-heads");
  refused([](SynthShape& shape) { shape.kv_heads = 8; }, "--kv-heads");
  refused([](SynthShape& shape) { shape.vocabulary = 259; }, "--vocabulary");
  refused([](SynthShape& shape) { shape.context = 0; }, "--context");
  refused([](SynthShape& shape) { shape.family = SynthFamily::kBert; }, "--kv-heads");
  EXPECT_EQ(NamedShape("minilm")->family, SynthFamily::kBert);
  EXPECT_EQ(NamedShape("bert-base")->context, 512U);
  SynthShape tied = *NamedShape("minilm");
  tied.tied = true;
  EXPECT_THAT(CheckShape(tied).message(), HasSubstr("--tied"));
}

TEST(SynthModel, IsTheSameForAnyNumberOfThreadsAndDifferentForOtherSeeds) {
  const TemporaryFolder folder;
  SynthOptions options{.shape = SmallShape(), .type = DataType::kQ4_0, .name = "test"};
  ASSERT_TRUE(SynthesizeModel(options, folder.Path("one")).ok());
  options.threads = 3;
  ASSERT_TRUE(SynthesizeModel(options, folder.Path("three")).ok());
  options.seed = 2;
  ASSERT_TRUE(SynthesizeModel(options, folder.Path("seed")).ok());
  EXPECT_TRUE(ReadWhole(folder.Path("one")) == ReadWhole(folder.Path("three")));
  EXPECT_FALSE(ReadWhole(folder.Path("one")) == ReadWhole(folder.Path("seed")));
}

TEST(SynthModel, LoadsAndRunsInEveryType) {
  const TemporaryFolder folder;
  for (const DataType type :
       {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kQ8_0, DataType::kQ4_0,
        DataType::kQ4_K, DataType::kQ5_K, DataType::kQ6_K, DataType::kIQ4_XS}) {
    SynthShape shape = SmallShape();
    shape.tied = type == DataType::kQ8_0;
    shape.ffn_size = 256;
    const auto report = SynthesizeModel({.shape = shape, .type = type}, folder.Path("model"));
    ASSERT_TRUE(report.ok()) << report.status().message();
    const auto model = Model::Load(folder.Path("model"));
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->info().parameters, report->parameters);
    EXPECT_EQ(model->info().file_bytes, report->bytes);
    EXPECT_EQ(model->info().kv_heads, 2U);
    ASSERT_NE(model->tokenizer(), nullptr) << model->tokenizer_status().message();
    const auto ids = model->tokenizer()->Encode("Attention, the cat! \xC3\xA9");
    ASSERT_TRUE(ids.ok());
    auto session = Session::Create(*model, {.context_size = 64});
    ASSERT_TRUE(session.ok());
    const auto logits = session->Prefill(*ids);
    ASSERT_TRUE(logits.ok()) << logits.status().message();
    double squares = 0.0;
    for (const float logit : *logits) squares += static_cast<double>(logit * logit);
    const double deviation = std::sqrt(squares / static_cast<double>(logits->size()));
    EXPECT_GT(deviation, 0.1);
    EXPECT_LT(deviation, 10.0);
  }
}

TEST(SynthModel, EncodersLoadAndEmbedText) {
  const TemporaryFolder folder;
  SynthShape shape = SmallShape();
  shape.kv_heads = shape.heads;
  shape.context = 48;
  shape.family = SynthFamily::kBert;
  for (const DataType type : {DataType::kF32, DataType::kF16, DataType::kQ8_0}) {
    const auto report = SynthesizeModel({.shape = shape, .type = type}, folder.Path("model"));
    ASSERT_TRUE(report.ok()) << report.status().message();
    const auto model = Model::Load(folder.Path("model"));
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ(model->info().kind, ModelKind::kEncoder);
    EXPECT_EQ(model->info().pooling, Pooling::kMean);
    EXPECT_EQ(model->info().context, 48U);
    EXPECT_EQ(model->info().parameters, report->parameters);
    ASSERT_NE(model->tokenizer(), nullptr) << model->tokenizer_status().message();
    const auto ids = model->tokenizer()->Encode("Attention, the cat!");
    ASSERT_TRUE(ids.ok());
    EXPECT_EQ(ids->front(), static_cast<std::int32_t>(kSynthCls));
    EXPECT_EQ(ids->back(), static_cast<std::int32_t>(kSynthSep));
    for (const std::int32_t id : *ids) EXPECT_NE(id, static_cast<std::int32_t>(kSynthUnknown));
    auto session = Session::Create(*model, {.context_size = 48});
    ASSERT_TRUE(session.ok()) << session.status().message();
    const auto states = session->Encode(*ids);
    ASSERT_TRUE(states.ok()) << states.status().message();
    double squares = 0.0;
    for (const float state : *states) squares += static_cast<double>(state) * state;
    // What leaves a LayerNorm.
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(states->size())), 1.0, 0.1);
  }
}

TEST(SynthModel, LeavesNothingBehindWhenItFails) {
  const TemporaryFolder folder;
  SynthOptions options{.shape = SmallShape()};
  options.shape.heads = 0;
  EXPECT_FALSE(SynthesizeModel(options, folder.Path("model")).ok());
  EXPECT_THAT(folder.Names(), IsEmpty());
  const auto report = SynthesizeModel({.shape = SmallShape()}, folder.Path("no/such/folder"));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.status().code(), StatusCode::kIoError);
}

}  // namespace
}  // namespace fovea::tools
