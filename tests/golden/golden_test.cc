// The engine against numbers that it did not compute: token ids, logits of every position,
// attention maps and greedy ids, for every instruction set this machine runs. The goldens in data/
// come from reference.py (double precision); those in the reference folder, if it is set, from a
// peer engine.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/golden/npz_reader.h"
#include "tests/kernels/isas_to_test.h"

namespace fovea {
namespace {

/// Limits on the largest absolute error; README.md of this folder says where they come from.
struct Tolerance {
  double attention = 1e-4;
  double divergence = 1e-8;  ///< Jensen–Shannon, mean over a head's rows, nats.
  double logits = 1e-3;
};

struct Case {
  std::string name;
  std::string model;
  std::string golden;
  Tolerance tolerance;
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }
};

// Peers with a half-precision GELU table, and peers that round activations to 8 bits.
constexpr Tolerance kGeluTable{3e-3, 2e-6, 3e-2};
constexpr Tolerance kActivations8Bit{0.1, 2e-3, 1.0};

std::vector<Case> OwnCases() {
  std::vector<Case> cases;
  const std::string folder = FOVEA_SOURCE_DIR "/tests/golden/data/";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".npz") continue;
    const std::string stem = path.stem().string();
    const std::string model = stem == "shipped" ? FOVEA_SOURCE_DIR
                                  "/tools/models/fovea-tiny-q8_0.gguf"
                                                : folder + stem + ".gguf";
    cases.push_back({stem, model, path.string(), {}});
  }
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.name < b.name; });
  return cases;
}

std::vector<Case> PeerCases() {
  std::vector<Case> cases;
  const std::string root = FOVEA_REFERENCE_DIR;
  if (root.empty()) return cases;
  const std::string folder = root + "/models/peer-goldens/";
  for (const auto& entry : std::filesystem::directory_iterator(folder + "goldens")) {
    const std::string file = entry.path().filename().string();  // <model>.<prompt>[.deq].npz
    const std::string model = file.substr(0, file.find('.'));
    const bool expanded = file.find(".deq.") != std::string::npos;
    Tolerance tolerance;
    if (model.starts_with("gpt2") || model.starts_with("gemma")) tolerance = kGeluTable;
    if (!expanded && model.find("-Q") != std::string::npos) tolerance = kActivations8Bit;
    cases.push_back({file, folder + "models/" + model + ".gguf", entry.path().string(), tolerance});
  }
  std::sort(cases.begin(), cases.end(),
            [](const Case& a, const Case& b) { return a.name < b.name; });
  return cases;
}

double Divergence(const float* p, const float* q, std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double a = p[i];
    const double b = q[i];
    const double m = (a + b) / 2;
    if (a > 0) sum += a * std::log(a / m) / 2;
    if (b > 0) sum += b * std::log(b / m) / 2;
  }
  return std::max(sum, 0.0);
}

class Golden {
 public:
  static void Check(const Case& c, Isa isa, const SessionOptions& base, const Tolerance& tolerance);
};

void Golden::Check(const Case& c, Isa isa, const SessionOptions& base, const Tolerance& tolerance) {
  std::string error;
  auto golden = testing::ReadNpz(c.golden, &error);
  ASSERT_TRUE(error.empty()) << error;
  auto model = Model::Load(c.model, {.pack = base.arithmetic == Arithmetic::kFast});
  ASSERT_TRUE(model) << model.error().message();
  const ModelInfo& info = model->info();

  const std::vector<std::int32_t> tokens = golden["tokens"].Ints();
  ASSERT_NE(model->tokenizer(), nullptr) << model->tokenizer_status().message();
  auto ids = model->tokenizer()->Tokenize(golden["prompt"].Text());
  ASSERT_TRUE(ids) << ids.error().message();
  ASSERT_EQ(ids->size(), tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i)
    ASSERT_EQ((*ids)[i].id, tokens[i]) << "token " << i;

  SessionOptions options = base;
  options.isa = isa;
  auto session = Session::Create(*model, options);
  ASSERT_TRUE(session) << session.error().message();
  ASSERT_EQ(session->isa(), isa);

  const std::vector<float> want_logits = golden["logits"].Floats();
  ASSERT_EQ(want_logits.size(), tokens.size() * info.vocabulary);
  AttentionRecorder maps;
  double logit_error = 0.0;
  RunOptions run;
  run.observer = &maps;
  run.on_logits = [&](std::size_t position, std::span<const float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const double want = want_logits[position * info.vocabulary + i];
      logit_error = std::max(logit_error, std::abs(logits[i] - want));
    }
  };
  auto logits = session->Prefill(tokens, run);
  ASSERT_TRUE(logits) << logits.error().message();
  EXPECT_LE(logit_error, tolerance.logits);

  const std::size_t count = tokens.size();
  double map_error = 0.0;
  double worst_divergence = 0.0;
  double row_error = 0.0;
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    const auto want = golden["attention_L" + std::to_string(layer)].Floats();
    ASSERT_EQ(want.size(), info.heads * count * count) << "layer " << layer;
    for (std::size_t head = 0; head < info.heads; ++head) {
      const auto map = maps.Map(layer, head);
      ASSERT_EQ(map.queries, count);
      double divergence = 0.0;
      for (std::size_t q = 0; q < count; ++q) {
        const float* ours = map.weights + q * map.stride;
        const float* theirs = want.data() + (head * count + q) * count;
        double sum = 0.0;
        for (std::size_t k = 0; k < count; ++k) {
          map_error = std::max(map_error, std::abs(static_cast<double>(ours[k]) - theirs[k]));
          sum += ours[k];
        }
        row_error = std::max(row_error, std::abs(sum - 1.0));
        divergence += Divergence(ours, theirs, count);
      }
      worst_divergence = std::max(worst_divergence, divergence / static_cast<double>(count));
    }
  }
  EXPECT_LE(map_error, tolerance.attention);
  EXPECT_LE(worst_divergence, tolerance.divergence);
  EXPECT_LE(row_error, 1e-5);
  ::testing::Test::RecordProperty("map_error", std::to_string(map_error));
  ::testing::Test::RecordProperty("logit_error", std::to_string(logit_error));

  // Greedy ids, up to the first step whose margin is within the tolerance of two logits.
  const auto greedy = golden["greedy_tokens"].Ints();
  const auto margin = golden["greedy_margin"].Floats();
  std::size_t compared = 0;
  std::span<const float> last = *logits;
  for (std::size_t step = 0; step < greedy.size(); ++step) {
    if (margin[step] <= 2 * tolerance.logits || session->position() == session->context_size())
      break;
    const std::int32_t id = ArgMax(last);
    ASSERT_EQ(id, greedy[step]) << "greedy step " << step;
    auto next = session->Decode(id);
    ASSERT_TRUE(next) << next.error().message();
    last = *next;
    ++compared;
  }
  ::testing::Test::RecordProperty("greedy_steps", static_cast<int>(compared));
}

class GoldenTest : public ::testing::TestWithParam<Case> {};

TEST_P(GoldenTest, IsReproducedByEveryInstructionSet) {
  for (const Isa isa : IsasToTest()) {
    SCOPED_TRACE(IsaName(isa));
    Golden::Check(GetParam(), isa, {.kv_type = DataType::kF32, .arithmetic = Arithmetic::kExact},
                  GetParam().tolerance);
  }
}

TEST_P(GoldenTest, IsReproducedInSmallChunksOnSeveralThreads) {
  Golden::Check(GetParam(), BestIsa(),
                {.prefill_batch = 3,
                 .kv_type = DataType::kF32,
                 .arithmetic = Arithmetic::kExact,
                 .threads = 3,
                 .adaptive_threads = false},
                GetParam().tolerance);
}

/// What rounding keys and values to `type` may add. A key that is rounded by a relative ε moves a
/// score by at most ε · Σ|q k| · scale. Scores of these models reach about 40, so a weight w moves
/// by up to 40 ε times w (1 - w): half precision has ε = 2^-11, bfloat16 2^-8. Integers of 8 bits
/// are granted what 8-bit activations are.
Tolerance WithKeysOf(DataType type, Tolerance tolerance) {
  if (type == DataType::kF32) return tolerance;
  if (type == DataType::kQ8_0) return kActivations8Bit;
  const double coarser = type == DataType::kF16 ? 1 : 8;
  tolerance.attention = std::max(tolerance.attention, 2e-2 * coarser);
  tolerance.divergence = std::max(tolerance.divergence, 1e-5 * coarser * coarser);
  tolerance.logits = std::max(tolerance.logits, 5e-2 * coarser);
  return tolerance;
}

TEST_P(GoldenTest, IsCloseWithRoundedKeysAndValues) {
  for (const DataType type : {DataType::kF16, DataType::kBF16, DataType::kQ8_0}) {
    SCOPED_TRACE(DataTypeName(type));
    Golden::Check(GetParam(), BestIsa(), {.kv_type = type, .arithmetic = Arithmetic::kExact},
                  WithKeysOf(type, GetParam().tolerance));
  }
}

TEST_P(GoldenTest, IsCloseInFastArithmeticOnEveryInstructionSetAndWithAllKeys) {
  Tolerance tolerance = GetParam().tolerance;
  {
    auto model = Model::Load(GetParam().model);
    ASSERT_TRUE(model) << model.error().message();
    for (const TensorSummary& tensor : model->Tensors()) {
      if (tensor.type != DataType::kF32) tolerance = kActivations8Bit;
    }
  }
  for (const Isa isa : IsasToTest()) {
    SCOPED_TRACE(IsaName(isa));
    Golden::Check(GetParam(), isa, {.kv_type = DataType::kF32}, tolerance);
  }
  for (const DataType type : {DataType::kF16, DataType::kBF16, DataType::kQ8_0}) {
    SCOPED_TRACE(DataTypeName(type));
    Golden::Check(GetParam(), BestIsa(),
                  {.prefill_batch = 5, .kv_type = type, .threads = 2, .adaptive_threads = false},
                  WithKeysOf(type, tolerance));
  }
}

std::string CaseName(const ::testing::TestParamInfo<Case>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Reference, GoldenTest, ::testing::ValuesIn(OwnCases()), CaseName);
INSTANTIATE_TEST_SUITE_P(Peer, GoldenTest, ::testing::ValuesIn(PeerCases()), CaseName);
// Without the reference folder there are no peer cases.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(GoldenTest);

TEST(GoldenFiles, CoverEverySupportedFamily) {
  std::vector<std::string> models;
  for (const Case& c : OwnCases()) models.push_back(c.model);
  for (const std::string folder : {"encoders", "encoder_decoders"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(FOVEA_SOURCE_DIR "/tests/golden/data/" + folder)) {
      if (entry.path().extension() == ".gguf") models.push_back(entry.path().string());
    }
  }
  std::map<std::string, int> models_of;
  for (const std::string& file : models) {
    auto model = Model::Load(file);
    ASSERT_TRUE(model) << model.error().message();
    ++models_of[model->info().family];
  }
  // Families without GGUF files come as folders, which are named after them.
  for (const auto& entry :
       std::filesystem::directory_iterator(FOVEA_SOURCE_DIR "/tests/golden/data/folders")) {
    if (entry.is_directory()) ++models_of[entry.path().filename().string()];
  }
  for (const std::string_view family : SupportedFamilies()) {
    EXPECT_GE(models_of[std::string(family)], 1) << family;
  }
}

}  // namespace
}  // namespace fovea
