// Caches of fewer bits on models that were trained: the text that greedy decoding gives stays the
// same, and the maps stay close to those of a float32 cache.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fovea/fovea.hpp>
#include <string>
#include <vector>

namespace fovea {
namespace {

constexpr const char* kPrompts[] = {
    ("Once upon a time, there was a little girl named Lily. She liked to play in the park with her "
     "dog. One day, she saw a big red ball and"),
    "The old man looked at the sea. He was tired, but",
    "Tim and Sue went to the zoo to see the animals. \"Look, a lion!\" said"};

struct Run {
  std::vector<std::int32_t> text;  ///< Generated ids.
  std::vector<float> margin;       ///< Between the best two logits of each.
  std::size_t prompt = 0;
  AttentionRecorder maps;  ///< Of the prompt.
};

std::int32_t ArgMax(std::span<const float> logits) {
  return static_cast<std::int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

/// How far the best logit is from the next.
float Margin(std::span<const float> logits) {
  const auto best = static_cast<std::size_t>(ArgMax(logits));
  float next = -INFINITY;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (i != best) next = std::max(next, logits[i]);
  }
  return logits[best] - next;
}

/// Where the model hardly knows, the last bits decide. The goldens allow logits to err by 0.05 with
/// half-precision keys, so the best two may change places within twice that.
constexpr float kTie = 0.1F;

/// The texts are equal, up to the first step that was a tie.
void ExpectSameText(const Run& a, const Run& b) {
  const auto [mismatch, other] = std::mismatch(a.text.begin(), a.text.end(), b.text.begin());
  if (mismatch == a.text.end()) return;
  const auto step = static_cast<std::size_t>(mismatch - a.text.begin());
  EXPECT_LT(a.margin[step], kTie) << "step " << step;
}

/// `count` greedy ids after the prompt.
void Generate(const Model& model, const std::string& prompt, DataType type, std::size_t count,
              Run* run) {
  auto session = Session::Create(
      model,
      {.kv_type = type, .arithmetic = Arithmetic::kExact, .threads = 2, .adaptive_threads = false});
  ASSERT_TRUE(session) << session.error().message();
  auto ids = model.tokenizer()->Encode(prompt);
  ASSERT_TRUE(ids) << ids.error().message();
  run->prompt = ids->size();
  auto logits = session->Prefill(*ids, {.observer = &run->maps});
  ASSERT_TRUE(logits) << logits.error().message();
  for (std::size_t i = 0; i < count && session->position() < session->context_size(); ++i) {
    run->text.push_back(ArgMax(*logits));
    run->margin.push_back(Margin(*logits));
    logits = session->Decode(run->text.back());
    ASSERT_TRUE(logits) << logits.error().message();
  }
}

double Divergence(const float* p, const float* q, std::size_t n) {
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double a = static_cast<double>(p[i]);
    const double b = static_cast<double>(q[i]);
    const double middle = (a + b) / 2;
    if (a > 0) sum += a * std::log(a / middle) / 2;
    if (b > 0) sum += b * std::log(b / middle) / 2;
  }
  return sum;
}

double MeanDivergence(const Model& model, const Run& a, const Run& b) {
  double sum = 0.0;
  std::size_t rows = 0;
  for (std::size_t layer = 0; layer < model.info().layers; ++layer) {
    for (std::size_t head = 0; head < model.info().heads; ++head) {
      const auto map_a = a.maps.Map(layer, head);
      const auto map_b = b.maps.Map(layer, head);
      for (std::size_t query = 0; query < a.prompt; ++query, ++rows) {
        sum += Divergence(map_a.weights + query * map_a.stride,
                          map_b.weights + query * map_b.stride, query + 1);
      }
    }
  }
  return sum / static_cast<double>(rows);
}

void CheckModel(const std::string& path) {
  SCOPED_TRACE(path);
  auto model = Model::Load(path);
  ASSERT_TRUE(model) << model.error().message();
  double worst = 0.0;
  for (const char* prompt : kPrompts) {
    SCOPED_TRACE(prompt);
    Run exact;
    Run half;
    Generate(*model, prompt, DataType::kF32, 0, &exact);
    Generate(*model, prompt, DataType::kF16, 100, &half);
    EXPECT_LT(MeanDivergence(*model, exact, half), 1e-6);
    Run integers;
    Generate(*model, prompt, DataType::kQ8_0, 100, &integers);
    ASSERT_EQ(integers.text.size(), half.text.size());
    ExpectSameText(half, integers);
    const double divergence = MeanDivergence(*model, exact, integers);
    EXPECT_LT(divergence, 1e-4);
    worst = std::max(worst, divergence);
  }
  ::testing::Test::RecordProperty("divergence", std::to_string(worst));
}

TEST(KvTypes, EightBitsGiveTheSameTextAndAlmostTheSameMapsOnTheShippedModel) {
  CheckModel(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
}

TEST(KvTypes, EightBitsGiveTheSameTextAndAlmostTheSameMapsOnStories) {
  const std::string root = FOVEA_REFERENCE_DIR;
  if (root.empty()) GTEST_SKIP() << "no reference folder";
  for (const char* type : {"F32", "F16", "Q8_0", "Q4_0"}) {
    CheckModel(root + "/models/peer-goldens/models/stories260K-" + type + ".gguf");
  }
}

}  // namespace
}  // namespace fovea
