// Guessing must never change a text: ids, and the cache they leave behind, equal those of plain
// greedy decoding.
#include "engine/model/greedy_decoder.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <string>
#include <vector>

namespace fovea::model {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr std::size_t kGenerated = 80;

const std::vector<std::string>& Prompts() {
  static const std::vector<std::string> kPrompts = {
      "Once upon a time", "The cat sat on the mat. The dog sat on the rug. The cat sat on the",
      "one two three four, one two three four, one two three four, one two",
      "He said that he would go to the house, and then he said that he would go"};
  return kPrompts;
}

Ids IdsOf(const Model& model, const std::string& text) {
  auto ids = model.tokenizer()->Encode(text);
  return ids ? *ids : Ids();
}

/// One token at a time.
Ids Plain(Session& session, const Ids& prompt) {
  Ids ids;
  auto logits = session.Prefill(prompt);
  while (logits.ok() && ids.size() < kGenerated) {
    ids.push_back(ArgMax(*logits));
    if (ids.size() < kGenerated) logits = session.Decode(ids.back());
  }
  EXPECT_TRUE(logits.ok()) << logits.error().message();
  return ids;
}

struct Guessed {
  Ids ids;
  std::size_t runs = 0;
  std::size_t accepted = 0;
};

Guessed WithGuesses(Session& session, const Ids& prompt, std::size_t max_draft) {
  Guessed result;
  auto logits = session.Prefill(prompt);
  if (!logits) return result;
  const RunOptions run;
  GreedyDecoder decoder(session, prompt, max_draft, run);
  result.ids.push_back(ArgMax(*logits));
  while (result.ids.size() < kGenerated) {
    auto next = decoder.Next(result.ids.back(), kGenerated - result.ids.size());
    EXPECT_TRUE(next.ok()) << next.error().message();
    if (!next || next->empty()) break;
    EXPECT_LE(next->size(), kGenerated - result.ids.size());
    result.ids.insert(result.ids.end(), next->begin(), next->end());
  }
  result.runs = decoder.runs();
  result.accepted = decoder.accepted();
  return result;
}

/// Fewer where each token takes a hundred times as long.
std::vector<std::size_t> MaxDrafts() {
#if FOVEA_EMULATED
  return {0, 3, 16};
#else
  return {0, 1, 2, 3, 5, 8, 16, 40};
#endif
}

void ExpectTheSameText(const std::string& path) {
  SCOPED_TRACE(path);
  auto model = Model::Load(path);
  ASSERT_TRUE(model.ok()) << model.error().message();
  std::size_t accepted = 0;
  for (const std::string& prompt : Prompts()) {
    const Ids ids = IdsOf(*model, prompt);
    ASSERT_FALSE(ids.empty());
    const SessionOptions options = {.context_size = ids.size() + kGenerated, .threads = 2};
    auto plain_session = Session::Create(*model, options);
    ASSERT_TRUE(plain_session.ok()) << plain_session.error().message();
    const Ids plain = Plain(*plain_session, ids);
    for (const std::size_t max_draft : MaxDrafts()) {
      SCOPED_TRACE(prompt + " with " + std::to_string(max_draft));
      auto session = Session::Create(*model, options);
      ASSERT_TRUE(session.ok());
      const Guessed guessed = WithGuesses(*session, ids, max_draft);
      EXPECT_EQ(guessed.ids, plain);
      EXPECT_EQ(guessed.runs + guessed.accepted + 1, kGenerated);
      if (max_draft == 0) {
        EXPECT_EQ(guessed.accepted, 0U);
      }
      accepted += guessed.accepted;
      // The cache is the same, too: the next token's logits are bit-equal.
      EXPECT_EQ(session->position(), plain_session->position());
      auto ours = session->Decode(guessed.ids.back());
      auto theirs = plain_session->Decode(plain.back());
      ASSERT_TRUE(ours.ok());
      ASSERT_TRUE(theirs.ok());
      EXPECT_TRUE(std::equal(ours->begin(), ours->end(), theirs->begin()));
      ASSERT_TRUE(plain_session->Truncate(plain_session->position() - 1).ok());
    }
  }
  EXPECT_GT(accepted, 0U) << "no guess was ever right: nothing was tested";
}

TEST(GreedyDecoder, GivesThePlainGreedyTextOfTheShippedModel) {
  ExpectTheSameText(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
}

TEST(GreedyDecoder, GivesThePlainGreedyTextOfEveryWeightType) {
  const std::filesystem::path folder =
      std::filesystem::path(FOVEA_REFERENCE_DIR) / "models/peer-goldens/models";
  if (std::string(FOVEA_REFERENCE_DIR).empty() || !std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no reference folder";
  }
  for (const char* type : {"F32", "F16", "Q8_0", "Q5_1", "Q4_0"}) {
    ExpectTheSameText(folder / ("stories260K-" + std::string(type) + ".gguf"));
  }
}

TEST(GreedyDecoder, StopsAtTheEndOfTheCache) {
  auto model = Model::Load(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
  ASSERT_TRUE(model.ok());
  const Ids prompt = IdsOf(*model, Prompts()[2]);
  auto session = Session::Create(*model, {.context_size = prompt.size() + 3});
  ASSERT_TRUE(session.ok());
  auto logits = session->Prefill(prompt);
  ASSERT_TRUE(logits.ok());
  const RunOptions run;
  GreedyDecoder decoder(*session, prompt, 8, run);
  std::int32_t id = ArgMax(*logits);
  while (session->position() < session->context_size()) {
    auto next = decoder.Next(id, 100);
    ASSERT_TRUE(next.ok()) << next.error().message();
    id = next->back();
  }
  EXPECT_EQ(decoder.Next(id, 100).status().code(), StatusCode::kLimitExceeded);
}

}  // namespace
}  // namespace fovea::model
