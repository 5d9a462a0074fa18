// ‖v W_O‖ against the product itself, formed here in double precision, and on a projection made by
// hand.
#include "fovea/value_norms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fovea/fovea.hpp>
#include <string>
#include <thread>
#include <vector>

#include "engine/format/gguf_file.h"
#include "engine/tensor/dequantize.h"
#include "tests/kernels/isas_to_test.h"
#include "tests/model/editable_llama.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

std::string Data(const std::string& name) {
  return FOVEA_SOURCE_DIR "/tests/golden/data/" + name + ".gguf";
}

/// The output projection of a layer, read by the test. [hidden_size, heads * value_dim]
std::vector<float> Projection(const std::string& path, std::size_t layer) {
  auto file = format::GgufFile::Open(path);
  EXPECT_TRUE(file) << file.error().message();
  const auto* tensor = file->FindTensor("blk." + std::to_string(layer) + ".attn_output.weight");
  const MatrixView matrix = tensor->Matrix();
  std::vector<float> values(matrix.rows * matrix.cols);
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    Dequantize(matrix.type, matrix.Row(r), matrix.cols, &values[r * matrix.cols]);
  }
  return values;
}

std::vector<float> SomeValues(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>((i * 71) % 101) / 50 - 1;
  return values;
}

class ValueNormsOf : public ::testing::TestWithParam<const char*> {};

TEST_P(ValueNormsOf, AreThoseOfTheProductOfEveryHeadWithItsKvHeadsValue) {
  for (const bool pack : {false, true}) {
    auto model = Model::Load(Data(GetParam()), {.pack = pack});
    ASSERT_TRUE(model) << model.error().message();
    const ModelInfo& info = model->info();
    auto norms = ValueNorms::Create(*model);
    ASSERT_TRUE(norms) << norms.error().message();
    constexpr std::size_t kCount = 5;
    const std::vector<float> values = SomeValues(kCount * info.kv_heads * info.value_dim);
    for (std::size_t layer = 0; layer < info.layers; ++layer) {
      const std::vector<float> projection = Projection(Data(GetParam()), layer);
      std::vector<float> got(info.heads * kCount);
      norms->Norms(layer,
                   {.layer = layer,
                    .count = kCount,
                    .kv_heads = info.kv_heads,
                    .value_dim = info.value_dim,
                    .value = values.data()},
                   got.data());
      for (std::size_t head = 0; head < info.heads; ++head) {
        const std::size_t kv_head = head / (info.heads / info.kv_heads);
        for (std::size_t t = 0; t < kCount; ++t) {
          double square = 0.0;
          for (std::size_t row = 0; row < info.hidden_size; ++row) {
            double sum = 0.0;
            for (std::size_t i = 0; i < info.value_dim; ++i) {
              sum +=
                  static_cast<double>(projection[(row * info.heads + head) * info.value_dim + i]) *
                  static_cast<double>(values[(t * info.kv_heads + kv_head) * info.value_dim + i]);
            }
            square += sum * sum;
          }
          const double want = std::sqrt(square);
          ASSERT_NEAR(got[head * kCount + t], want, 1e-6 * want) << layer << " " << head;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, ValueNormsOf,
                         ::testing::Values("llama", "llama-mqa", "llama-quantized", "qwen3", "gpt2",
                                           "gemma2", "phi2", "phi3", "gptneox"),
                         [](const auto& parameter) {
                           std::string name = parameter.param;
                           for (char& c : name) c = c == '-' ? '_' : c;
                           return name;
                         });

TEST(ValueNorms, OfAProjectionMadeByHandAreKnown) {
  // Width 16, 4 heads of 4 values, 2 KV heads. Head h maps its first value to 3(h+1) in row 0 and
  // 4(h+1) in row 5: ‖v W_O‖ = 5 (h + 1) |v₀|. Everything else is 0.
  std::vector<float> weights(16 * 16, 0.0F);
  for (std::size_t head = 0; head < 4; ++head) {
    weights[0 * 16 + head * 4] = 3.0F * static_cast<float>(head + 1);
    weights[5 * 16 + head * 4] = 4.0F * static_cast<float>(head + 1);
  }
  testing::Bytes bytes(weights.size() * sizeof(float));
  std::memcpy(bytes.data(), weights.data(), bytes.size());
  testing::EditableLlama llama;
  llama.Tensor("blk.1.attn_output.weight", {16, 16}, DataType::kF32, bytes);
  const testing::Bytes file = llama.Build();
  const platform::TemporaryFolder folder;
  platform::WriteText(folder.File("model.gguf"),
                      {reinterpret_cast<const char*>(file.data()), file.size()});
  auto model = Model::Load(folder.File("model.gguf"));
  ASSERT_TRUE(model) << model.error().message();
  auto norms = ValueNorms::Create(*model, {1});
  ASSERT_TRUE(norms);
  const float values[] = {1, 9, 9, 9, -2, 7, 7, 7};  // One token: KV heads 0 and 1.
  float out[4];
  norms->Norms(1, {.count = 1, .kv_heads = 2, .value_dim = 4, .value = values}, out);
  EXPECT_FLOAT_EQ(out[0], 5);
  EXPECT_FLOAT_EQ(out[1], 10);
  EXPECT_FLOAT_EQ(out[2], 30);
  EXPECT_FLOAT_EQ(out[3], 40);
}

TEST(ValueNorms, RefuseALayerThatDoesNotExist) {
  auto model = Model::Load(Data("llama"));
  ASSERT_TRUE(model);
  auto norms = ValueNorms::Create(*model, {0, model->info().layers});
  ASSERT_FALSE(norms);
  EXPECT_EQ(norms.error().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(norms.error().message().find("layer " + std::to_string(model->info().layers) +
                                         " does not exist"),
            std::string::npos);
}

TEST(ValueNorms, AreNanForALayerThatWasNotAskedForAndForValuesOfAnotherShape) {
  auto model = Model::Load(Data("llama"));
  ASSERT_TRUE(model);
  const ModelInfo& info = model->info();
  auto norms = ValueNorms::Create(*model, {1, 1});
  ASSERT_TRUE(norms);
  const std::vector<float> values = SomeValues(info.kv_heads * info.value_dim);
  const AttentionValues good{
      .count = 1, .kv_heads = info.kv_heads, .value_dim = info.value_dim, .value = values.data()};
  AttentionValues bad = good;
  bad.value_dim -= 1;
  std::vector<float> out(info.heads);
  norms->Norms(1, good, out.data());
  EXPECT_GT(out[0], 0.0F);
  norms->Norms(1, bad, out.data());
  EXPECT_TRUE(std::isnan(out[0]) && std::isnan(out.back()));
  norms->Norms(0, good, out.data());
  EXPECT_TRUE(std::isnan(out[0]));
  norms->Norms(info.layers, good, out.data());
  EXPECT_TRUE(std::isnan(out[0]));
}

TEST(ValueNorms, MayBeAskedForByManyThreads) {
  auto model = Model::Load(Data("llama"));
  ASSERT_TRUE(model);
  const ModelInfo& info = model->info();
  auto norms = ValueNorms::Create(*model);
  ASSERT_TRUE(norms);
  const std::vector<float> values = SomeValues(8 * info.kv_heads * info.value_dim);
  const AttentionValues given{
      .count = 8, .kv_heads = info.kv_heads, .value_dim = info.value_dim, .value = values.data()};
  std::vector<float> want(info.heads * 8);
  norms->Norms(0, given, want.data());
  std::vector<std::vector<float>> got(4, std::vector<float>(want.size()));
  std::vector<std::thread> threads;
  for (auto& out : got) threads.emplace_back([&] { norms->Norms(0, given, out.data()); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& out : got) EXPECT_EQ(out, want);
}

TEST(ValueNorms, AreReadByTheKernelsThatWereAskedFor) {
  auto model = Model::Load(Data("llama-quantized"));
  ASSERT_TRUE(model) << model.error().message();
  for (const Isa isa : AvailableIsas()) {
    auto norms = ValueNorms::Create(*model, {}, isa);
    ASSERT_TRUE(norms) << norms.error().message();
    EXPECT_EQ(norms->isa(), isa);
  }
  auto refused = ValueNorms::Create(*model, {}, MissingIsa());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), StatusCode::kUnsupported);
}

}  // namespace
}  // namespace fovea
