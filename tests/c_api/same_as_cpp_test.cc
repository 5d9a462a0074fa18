// The C API gives what the C++ API gives, bit for bit.

#include <fovea/fovea.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fovea/fovea.hpp>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/format/gguf_builder.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

const char* const kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
constexpr std::size_t kTokens = 40;

std::vector<std::int32_t> SomeIds() {
  std::vector<std::int32_t> ids(kTokens);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>((i * 37 + 11) % 100 + 3);
  }
  return ids;
}

class SameAsCppTest : public ::testing::TestWithParam<fovea_arithmetic> {
 protected:
  void SetUp() override {
    fovea_error error;
    ASSERT_EQ(fovea_model_load(kModel, nullptr, &c_model_, &error), FOVEA_OK) << error.message;
    fovea_session_options options = {};
    options.struct_size = sizeof(options);
    options.context_size = kTokens;
    options.threads = 2;
    options.arithmetic = GetParam();
    ASSERT_EQ(fovea_session_create(c_model_, &options, &c_session_, &error), FOVEA_OK)
        << error.message;

    model_.emplace(Model::Load(kModel));
    ASSERT_TRUE(model_->ok());
    const Arithmetic arithmetic =
        GetParam() == FOVEA_ARITHMETIC_EXACT ? Arithmetic::kExact : Arithmetic::kFast;
    session_.emplace(
        Session::Create(**model_, {.context_size = kTokens, .arithmetic = arithmetic}));
    ASSERT_TRUE(session_->ok());
  }
  void TearDown() override {
    fovea_session_free(c_session_);
    fovea_model_free(c_model_);
  }

  fovea_model* c_model_ = nullptr;
  fovea_session* c_session_ = nullptr;
  std::optional<Result<Model>> model_;
  std::optional<Result<Session>> session_;
};

TEST_P(SameAsCppTest, AttentionRowsEqualTheRecordersBitForBit) {
  const auto ids = SomeIds();
  AttentionRecorder recorder;
  const auto expected_logits = (*session_)->Prefill(ids, {.observer = &recorder});
  ASSERT_TRUE(expected_logits);

  // Rows by callback into one array of all maps, [layers, heads, tokens, tokens].
  const ModelInfo& info = (*model_)->info();
  struct Maps {
    std::size_t heads;
    std::vector<float> cells;
  } maps{info.heads, std::vector<float>(info.layers * info.heads * kTokens * kTokens)};
  fovea_observer observer = {};
  observer.struct_size = sizeof(observer);
  observer.user = &maps;
  observer.concurrent = 1;
  observer.on_rows = [](void* user, const fovea_rows* rows) {
    auto* to = static_cast<Maps*>(user);
    float* map = to->cells.data() + (rows->layer * to->heads + rows->head) * kTokens * kTokens;
    for (std::size_t r = 0; r < rows->query_count; ++r) {
      std::memcpy(map + (rows->query_begin + r) * kTokens, rows->weights + r * rows->stride,
                  rows->key_count * sizeof(float));
    }
  };
  fovea_run_options run = {};
  run.struct_size = sizeof(run);
  run.observer = &observer;
  const float* logits = nullptr;
  ASSERT_EQ(fovea_session_prefill(c_session_, ids.data(), ids.size(), &run, &logits), FOVEA_OK)
      << fovea_session_error(c_session_);
  EXPECT_EQ(std::vector<float>(logits, logits + info.vocabulary),
            std::vector<float>(expected_logits->begin(), expected_logits->end()));

  // And by the C API's own recorder.
  fovea_recorder* c_recorder = nullptr;
  ASSERT_EQ(fovea_recorder_create(nullptr, &c_recorder, nullptr), FOVEA_OK);
  run.observer = fovea_recorder_observer(c_recorder);
  ASSERT_EQ(fovea_session_truncate(c_session_, 0), FOVEA_OK);
  ASSERT_EQ(fovea_session_prefill(c_session_, ids.data(), ids.size(), &run, nullptr), FOVEA_OK);

  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    for (std::size_t head = 0; head < info.heads; ++head) {
      const AttentionRecorder::View view = recorder.Map(layer, head);
      ASSERT_EQ(view.queries, kTokens);
      fovea_map map = {};
      map.struct_size = sizeof(map);
      ASSERT_EQ(fovea_recorder_map(c_recorder, layer, head, FOVEA_STREAM_SELF, &map, nullptr),
                FOVEA_OK);
      ASSERT_EQ(map.queries, kTokens);
      const float* called = maps.cells.data() + (layer * info.heads + head) * kTokens * kTokens;
      for (std::size_t q = 0; q < kTokens; ++q) {
        const float* expected = view.weights + q * view.stride;
        ASSERT_EQ(std::memcmp(expected, called + q * kTokens, kTokens * sizeof(float)), 0);
        ASSERT_EQ(std::memcmp(expected, map.weights + q * map.stride, kTokens * sizeof(float)), 0);
      }
    }
  }
  fovea_recorder_free(c_recorder);
}

TEST_P(SameAsCppTest, DivergencesTakeTheInstructionSetOfTheSession) {
  std::vector<float> p(1000), q(1000);
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = static_cast<float>((i * 31) % 101) / 10;
    q[i] = static_cast<float>((i * 17) % 97) / 10;
  }
  for (const Isa isa : AvailableIsas()) {
    SCOPED_TRACE(IsaName(isa));
    const auto kernels = Kernels::For(isa);
    ASSERT_TRUE(kernels) << kernels.error().message();
    fovea_session_options options = {};
    options.struct_size = sizeof(options);
    options.context_size = kTokens;
    options.isa = IsaName(isa).data();
    fovea_session* session = nullptr;
    ASSERT_EQ(fovea_session_create(c_model_, &options, &session, nullptr), FOVEA_OK);
    EXPECT_EQ(fovea_kullback_leibler(session, p.data(), q.data(), p.size()),
              KullbackLeibler(p, q, *kernels));
    EXPECT_EQ(fovea_negative_log_likelihood(session, p.data(), p.size(), 7),
              NegativeLogLikelihood(p, 7, *kernels));
    fovea_session_free(session);
  }
}

TEST_P(SameAsCppTest, StatisticsOfHeadsAreTheSame) {
  const auto ids = SomeIds();
  HeadStatisticsObserver observer({}, 20, 0);
  ASSERT_TRUE((*session_)->Prefill(ids, {.observer = &observer}));
  const std::vector<HeadStatistics> expected = observer.Heads();

  fovea_statistics_options options = {};
  options.struct_size = sizeof(options);
  options.period = 20;
  fovea_statistics* statistics = nullptr;
  ASSERT_EQ(fovea_statistics_create(c_model_, &options, &statistics, nullptr), FOVEA_OK);
  fovea_run_options run = {};
  run.struct_size = sizeof(run);
  run.observer = fovea_statistics_observer(statistics);
  ASSERT_EQ(fovea_session_prefill(c_session_, ids.data(), ids.size(), &run, nullptr), FOVEA_OK);
  std::size_t count = expected.size();
  std::vector<fovea_head_statistics> heads(count);
  ASSERT_EQ(fovea_statistics_heads(statistics, heads.data(), count, &count, nullptr), FOVEA_OK);
  ASSERT_EQ(count, expected.size());
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(heads[i].layer, expected[i].layer);
    EXPECT_EQ(heads[i].head, expected[i].head);
    EXPECT_EQ(heads[i].kv_head, expected[i].kv_head);
    EXPECT_EQ(heads[i].entropy, expected[i].entropy);
    EXPECT_EQ(heads[i].mean_distance, expected[i].mean_distance);
    EXPECT_EQ(heads[i].previous_token, expected[i].previous_token);
    EXPECT_EQ(heads[i].duplicate_token, expected[i].duplicate_token);
    EXPECT_EQ(heads[i].induction, expected[i].induction);
    EXPECT_EQ(heads[i].even_distance, expected[i].even_distance);
    EXPECT_EQ(fovea_head_type(&heads[i]), std::string(HeadType(expected[i])));
  }
  fovea_statistics_free(statistics);
}

TEST(SameAsCpp, PairsOfTextsAreTheSame) {
  testing::GgufBuilder file;
  file.Add("tokenizer.ggml.model", "bert");
  file.Add("tokenizer.ggml.tokens",
           std::vector<std::string>{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "▁a", "▁b"});
  file.Add("tokenizer.ggml.cls_token_id", std::uint32_t{2});
  file.Add("tokenizer.ggml.seperator_token_id", std::uint32_t{3});
  file.Add("tokenizer.ggml.unknown_token_id", std::uint32_t{1});
  file.Add("tokenizer.ggml.mask_token_id", std::uint32_t{4});
  const auto bytes = file.Build();
  const platform::TemporaryFolder folder;
  const std::string path = folder.File("vocab.gguf");
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));

  fovea_error error;
  fovea_tokenizer* tokenizer = nullptr;
  ASSERT_EQ(fovea_tokenizer_load(path.c_str(), nullptr, &tokenizer, &error), FOVEA_OK)
      << error.message;
  std::int32_t ids[8];
  std::int32_t segments[8];
  std::size_t offsets[16];
  std::size_t count = 0;
  ASSERT_EQ(fovea_tokenize_pair(tokenizer, "a b", 3, "x b", 3, nullptr, ids, segments, offsets, 8,
                                &count, &error),
            FOVEA_OK)
      << error.message;
  const auto cpp = LoadTokenizer(path);
  ASSERT_TRUE(cpp.ok()) << cpp.status().message();
  const auto pair = (*cpp)->EncodePair("a b", "x b");
  ASSERT_TRUE(pair.ok()) << pair.status().message();
  EXPECT_EQ(std::vector<std::int32_t>(ids, ids + count), TokenIds(pair->tokens));
  EXPECT_EQ(std::vector<std::int32_t>(ids, ids + count),
            (std::vector<std::int32_t>{2, 5, 6, 3, 1, 6, 3}));
  EXPECT_EQ(std::vector<std::int32_t>(segments, segments + count), pair->segment_ids);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(offsets[2 * i], pair->tokens[i].begin);
    EXPECT_EQ(offsets[2 * i + 1], pair->tokens[i].end);
  }

  EXPECT_EQ(fovea_tokenize_pair(tokenizer, "a b", 3, "x b", 3, nullptr, nullptr, nullptr, nullptr,
                                0, &count, nullptr),
            FOVEA_OK);
  EXPECT_EQ(count, 7U);
  segments[2] = 9;
  EXPECT_EQ(fovea_tokenize_pair(tokenizer, "a b", 3, "x b", 3, nullptr, ids, segments, nullptr, 2,
                                &count, nullptr),
            FOVEA_BUFFER_TOO_SMALL);
  EXPECT_EQ(count, 7U);
  EXPECT_EQ(segments[2], 9);
  EXPECT_EQ(fovea_unknown_id(tokenizer), 1);
  EXPECT_EQ(fovea_separator_id(tokenizer), 3);
  EXPECT_EQ(fovea_padding_id(tokenizer), 0);
  EXPECT_EQ(fovea_mask_id(tokenizer), 4);
  fovea_tokenizer_free(tokenizer);
}

TEST_P(SameAsCppTest, StatesAndVectorsOfEncodersAreTheSame) {
  for (const char* file : {"encoders/bert-q8_0.gguf", "encoder_decoders/t5-gated.gguf"}) {
    SCOPED_TRACE(file);
    const std::string path = std::string(FOVEA_SOURCE_DIR "/tests/golden/data/") + file;
    const std::vector<std::int32_t> ids = {3, 40, 17, 9, 61, 12};
    fovea_model* c_model = nullptr;
    fovea_session* c_session = nullptr;
    fovea_session_options options = {};
    options.struct_size = sizeof(options);
    options.arithmetic = GetParam();
    ASSERT_EQ(fovea_model_load(path.c_str(), nullptr, &c_model, nullptr), FOVEA_OK);
    ASSERT_EQ(fovea_session_create(c_model, &options, &c_session, nullptr), FOVEA_OK);
    auto model = Model::Load(path);
    ASSERT_TRUE(model);
    const Arithmetic arithmetic =
        GetParam() == FOVEA_ARITHMETIC_EXACT ? Arithmetic::kExact : Arithmetic::kFast;
    auto session = Session::Create(*model, {.arithmetic = arithmetic});
    ASSERT_TRUE(session);

    const float* got = nullptr;
    ASSERT_EQ(fovea_session_encode(c_session, ids.data(), ids.size(), nullptr, &got), FOVEA_OK);
    const auto states = session->Encode(ids);
    ASSERT_TRUE(states);
    EXPECT_EQ(std::memcmp(got, states->data(), states->size_bytes()), 0);
    for (const fovea_pooling pooling :
         {FOVEA_POOLING_NONE, FOVEA_POOLING_MEAN, FOVEA_POOLING_CLS, FOVEA_POOLING_LAST}) {
      fovea_embed_options embed = {};
      embed.struct_size = sizeof(embed);
      embed.pooling = pooling;
      ASSERT_EQ(fovea_session_embed(c_session, ids.data(), ids.size(), &embed, nullptr, &got),
                FOVEA_OK);
      EmbedOptions wanted;
      if (pooling != FOVEA_POOLING_NONE) wanted.pooling = static_cast<Pooling>(pooling);
      const auto vector = session->Embed(ids, wanted);
      ASSERT_TRUE(vector);
      EXPECT_EQ(std::memcmp(got, vector->data(), vector->size_bytes()), 0) << pooling;
    }
    fovea_session_free(c_session);
    fovea_model_free(c_model);
  }
}

INSTANTIATE_TEST_SUITE_P(Arithmetic, SameAsCppTest,
                         ::testing::Values(FOVEA_ARITHMETIC_FAST, FOVEA_ARITHMETIC_EXACT),
                         [](const auto& arithmetic) {
                           return arithmetic.param == FOVEA_ARITHMETIC_FAST ? "Fast" : "Exact";
                         });

}  // namespace
}  // namespace fovea
