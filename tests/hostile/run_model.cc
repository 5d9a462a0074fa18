#include "tests/hostile/run_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>
#include <system_error>
#include <vector>

#include "fovea/attention.h"
#include "fovea/model.h"
#include "fovea/session.h"

namespace fovea::testing {
namespace {

/// A second for a whole run in Release; sanitizers, and machines that share their cores, are
/// slower.
constexpr double kMaxSeconds = 10.0;
constexpr std::size_t kMaxMemory = std::size_t{32} << 20U;
constexpr std::size_t kPromptTokens = 6;

void ExpectCleanError(const Status& status, const std::string& path) {
  EXPECT_NE(status.code(), StatusCode::kOk);
  EXPECT_FALSE(status.message().empty());
  for (const char c : status.message()) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(byte >= 0x20 && byte != 0x7F) << "control character in: " << status.message();
    if (byte < 0x20) break;
  }
  if (!path.empty()) {
    EXPECT_TRUE(status.message().starts_with(path)) << status.message();
  }
}

void ExpectFinite(std::span<const float> values) {
  EXPECT_TRUE(std::ranges::all_of(values, [](float v) { return std::isfinite(v); }));
}

/// Every recorded row sums to 1; cells that the mask hides are 0.
void ExpectSoundMaps(const AttentionRecorder& maps, AttentionStream stream, const StackInfo& info,
                     std::size_t queries, std::size_t keys) {
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    for (std::size_t head = 0; head < info.heads; ++head) {
      const AttentionRecorder::View map = maps.Map(layer, head, stream);
      ASSERT_EQ(map.queries, queries);
      ASSERT_EQ(map.keys, keys);
      for (std::size_t query = 0; query < queries; ++query) {
        double sum = 0.0;
        for (std::size_t key = 0; key < keys; ++key) sum += double{map.At(query, key)};
        // Each of at most a few float weights is off by a rounding or two.
        EXPECT_NEAR(sum, 1.0, 1e-4) << "layer " << layer << " head " << head;
      }
    }
  }
}

std::vector<std::int32_t> Prompt(const Model& model) {
  std::vector<std::int32_t> ids;
  if (const Tokenizer* tokenizer = model.tokenizer()) {
    const auto encoded = tokenizer->Encode("the cat \xE7\x8C\xAB sat");
    if (encoded.ok()) {
      ids = *encoded;
      for (const std::int32_t id : ids) {
        EXPECT_GE(id, 0);
        EXPECT_LT(static_cast<std::size_t>(id), model.info().vocabulary);
        static_cast<void>(tokenizer->DisplayPiece(id));
      }
      static_cast<void>(Detokenize(*tokenizer, ids));
    } else {
      ExpectCleanError(encoded.error(), "");
    }
  }
  if (ids.size() > kPromptTokens) ids.resize(kPromptTokens);
  if (ids.empty()) ids.push_back(0);
  return ids;
}

Status RunEncoder(Session& session, std::span<const std::int32_t> ids, AttentionRecorder& maps) {
  const ModelInfo& info = session.info();
  const auto states = session.Encode(ids, {.observer = &maps});
  if (!states) return states.error();
  ExpectFinite(*states);
  const bool alone = info.kind == ModelKind::kEncoder;
  ExpectSoundMaps(maps, alone ? AttentionStream::kSelf : AttentionStream::kEncoder,
                  info.encoder_stack(), ids.size(), ids.size());
  return {};
}

Status RunDecoder(Session& session, std::span<const std::int32_t> ids, AttentionRecorder& maps) {
  const ModelInfo& info = session.info();
  const auto logits = session.Prefill(ids, {.observer = &maps});
  if (!logits) return logits.error();
  ExpectFinite(*logits);
  EXPECT_EQ(logits->size(), info.vocabulary);
  ExpectSoundMaps(maps, AttentionStream::kSelf, info, ids.size(), ids.size());
  if (info.has_encoder()) {
    ExpectSoundMaps(maps, AttentionStream::kCross, info, ids.size(), session.encoded_tokens());
  }
  const auto best = std::ranges::max_element(*logits) - logits->begin();
  const auto next = session.Decode(static_cast<std::int32_t>(best), {.observer = &maps});
  if (!next) return next.error();
  ExpectFinite(*next);
  return {};
}

Status RunSession(const Model& model) {
  const std::vector<std::int32_t> ids = Prompt(model);
  auto session = Session::Create(model, {.context_size = 16,
                                         .encoder_context_size = 16,
                                         .prefill_batch = 4,
                                         .max_memory = kMaxMemory});
  if (!session) return session.error();
  AttentionRecorder maps;
  if (model.info().has_encoder()) {
    const Status status = RunEncoder(*session, ids, maps);
    if (!status.ok()) return status;
  }
  return model.info().has_decoder() ? RunDecoder(*session, ids, maps) : Status();
}

Status LoadAndRun(const std::string& path) {
  const auto model = Model::Load(path, {.max_memory = kMaxMemory});
  if (!model) {
    ExpectCleanError(model.error(), path);
    return model.error();
  }
  static_cast<void>(model->Tensors());
  if (model->tokenizer() == nullptr) ExpectCleanError(model->tokenizer_status(), path);
  const Status status = RunSession(*model);
  if (!status.ok()) ExpectCleanError(status, "");
  return status;
}

}  // namespace

ModelFile::ModelFile() {
  folder_ = (std::filesystem::temp_directory_path() / "fovea-hostile-XXXXXX").string();
  EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  path_ = folder_ + "/model.gguf";
}

ModelFile::~ModelFile() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void ModelFile::Write(const Bytes& bytes) const {
  std::ofstream file(path_, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(file.good());
}

Status RunModel(const std::string& path) {
  const auto start = std::chrono::steady_clock::now();
  Status status = LoadAndRun(path);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_LT(seconds.count(), kMaxSeconds) << status.message();
  return status;
}

}  // namespace fovea::testing
