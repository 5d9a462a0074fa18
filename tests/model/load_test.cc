// Loading whole files: tensors that are missing, extra or misshapen, and what Model says about
// itself.

#include <gtest/gtest.h>

#include <cstring>
#include <fovea/fovea.hpp>
#include <fstream>
#include <limits>

#include "tests/model/editable_llama.h"
#include "tests/platform/temporary_folder.h"

namespace fovea {
namespace {

using testing::Bytes;
using testing::EditableLlama;

class LoadTest : public ::testing::Test {
 protected:
  std::string Write(const Bytes& bytes) {
    const std::string path = folder_.File("tiny.gguf");
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  Result<Model> Load(const EditableLlama& llama, const LoadOptions& options = {}) {
    return Model::Load(Write(llama.Build()), options);
  }
  void ExpectError(const EditableLlama& llama, StatusCode code, const std::string& piece,
                   const LoadOptions& options = {}) {
    auto model = Load(llama, options);
    ASSERT_FALSE(model);
    EXPECT_EQ(StatusCodeName(model.error().code()), std::string(StatusCodeName(code)))
        << model.error().message();
    EXPECT_NE(model.error().message().find(piece), std::string::npos) << model.error().message();
    EXPECT_NE(model.error().message().find("tiny.gguf"), std::string::npos);
  }

  platform::TemporaryFolder folder_;
};

TEST_F(LoadTest, DescribesItself) {
  for (const bool map : {false, true}) {
    auto model = Load(EditableLlama(), {.map = map});
    ASSERT_TRUE(model) << model.error().message();
    const ModelInfo& info = model->info();
    EXPECT_EQ(info.vocabulary, 10U);
    EXPECT_EQ(info.parameters, 10U * 16 + 16 + 2 * (16 + 256 + 128 + 128 + 256 + 16 + 3 * 384));
    EXPECT_EQ(info.weight_type, "F32");
    EXPECT_EQ(info.weight_bytes, info.parameters * 4);
    EXPECT_EQ(model->Tensors().size(), 20U);
    EXPECT_EQ(model->tokenizer(), nullptr);
    EXPECT_EQ(model->tokenizer_status().code(), StatusCode::kNotFound);
  }
}

TEST_F(LoadTest, KnowsTheHashOfTheBytesThatItLoaded) {
  // What xxh128sum prints for it.
  constexpr char kHash[] = "625c0610672e22949bce095d623ed911";
  constexpr char kShipped[] = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
  for (const LoadOptions& options :
       {LoadOptions{}, LoadOptions{.pack = false}, LoadOptions{.map = true}}) {
    auto model = Model::Load(kShipped, options);
    ASSERT_TRUE(model) << model.error().message();
    EXPECT_EQ(model->info().content_hash, kHash);
  }
  auto unhashed = Model::Load(kShipped, {.content_hash = false});
  ASSERT_TRUE(unhashed) << unhashed.error().message();
  EXPECT_EQ(unhashed->info().content_hash, "");
}

TEST_F(LoadTest, KeepsItsHashWhenTheFileIsReplaced) {
  auto model = Load(EditableLlama());
  ASSERT_TRUE(model) << model.error().message();
  const std::string hash = model->info().content_hash;
  auto other = Load(EditableLlama().Set("general.name", "another"));
  ASSERT_TRUE(other) << other.error().message();
  EXPECT_EQ(model->info().content_hash, hash);
  EXPECT_NE(other->info().content_hash, hash);
}

TEST_F(LoadTest, RunsWithoutATokenizer) {
  auto model = Load(EditableLlama());
  ASSERT_TRUE(model);
  auto session = Session::Create(*model);
  ASSERT_TRUE(session);
  const std::vector<std::int32_t> ids = {1, 2, 3};
  auto logits = session->Prefill(ids);
  ASSERT_TRUE(logits) << logits.error().message();
  for (const float logit : *logits) EXPECT_EQ(logit, 0.0F);  // All weights are zero.
}

TEST_F(LoadTest, NamesTheTensorThatIsMissingMisshapenOrUnknown) {
  const std::string names[] = {"token_embd.weight",     "output_norm.weight",
                               "blk.0.attn_q.weight",   "blk.1.attn_k.weight",
                               "blk.0.attn_v.weight",   "blk.1.attn_output.weight",
                               "blk.0.ffn_up.weight",   "blk.1.ffn_gate.weight",
                               "blk.0.ffn_down.weight", "blk.1.ffn_norm.weight"};
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    ExpectError(EditableLlama().Tensor(name, {}), StatusCode::kNotFound, name);
    ExpectError(EditableLlama().Tensor(name, {15, 3}), StatusCode::kMalformed, name);
    ExpectError(EditableLlama().Tensor(name, {16, 2, 2}), StatusCode::kMalformed, name);
  }
  ExpectError(EditableLlama().Tensor("blk.0.ffn_gate_exps.weight", {16, 24, 2}),
              StatusCode::kUnsupported, "blk.0.ffn_gate_exps.weight");
  ExpectError(EditableLlama().Tensor("blk.2.attn_q.weight", {16, 16}), StatusCode::kUnsupported,
              "blk.2.attn_q.weight");
}

TEST_F(LoadTest, AcceptsFusedProjectionsAndBiases) {
  EditableLlama fused;
  for (const char* part : {"q", "k", "v"}) {
    fused.Tensor("blk.0.attn_" + std::string(part) + ".weight", {});
  }
  fused.Tensor("blk.0.attn_qkv.weight", {16, 32}).Tensor("blk.0.attn_qkv.bias", {32});
  EXPECT_TRUE(Load(fused));
  fused.Tensor("blk.0.attn_qkv.weight", {16, 31});
  ExpectError(fused, StatusCode::kMalformed, "blk.0.attn_qkv.weight");
}

TEST_F(LoadTest, FindsNonFiniteWeightsIfAskedAndNeverReturnsNonFiniteLogits) {
  Bytes nan_row(16 * 10 * 4);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(nan_row.data() + 4 * 16 * 3, &nan, 4);
  const auto broken =
      EditableLlama().Tensor("token_embd.weight", {16, 10}, DataType::kF32, nan_row);
  ExpectError(broken, StatusCode::kNonFinite, "token_embd.weight", {.check_finite = true});
  auto model = Load(broken);
  ASSERT_TRUE(model);
  auto session = Session::Create(*model);
  ASSERT_TRUE(session);
  auto logits = session->Decode(3);
  ASSERT_FALSE(logits);
  EXPECT_EQ(logits.error().code(), StatusCode::kNonFinite);
  EXPECT_EQ(session->position(), 0U);
}

TEST_F(LoadTest, RespectsAMemoryBudget) {
  ExpectError(EditableLlama(), StatusCode::kLimitExceeded, "1000", {.max_memory = 1000});
  EXPECT_TRUE(Load(EditableLlama(), {.max_memory = 1 << 20}));
}

TEST_F(LoadTest, RefusesFilesThatAreNoModels) {
  EXPECT_EQ(Model::Load("/no/such/file").error().code(), StatusCode::kNotFound);
  EXPECT_EQ(Model::Load("/").error().code(), StatusCode::kNotFound);
  EXPECT_FALSE(Model::Load(Write({})));
  const Bytes good = EditableLlama().Build();
  for (std::size_t size = 0; size < good.size(); size += 64) {
    EXPECT_FALSE(Model::Load(Write(Bytes(good.begin(), good.begin() + static_cast<long>(size)))))
        << size;
  }
}

}  // namespace
}  // namespace fovea
