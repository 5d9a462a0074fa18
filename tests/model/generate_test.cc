// The generation loop against the loop that a program would write itself.
#include "fovea/generate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <fovea/fovea.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace fovea {
namespace {

using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

constexpr char kPrompt[] = "The cat sat on the mat. The dog sat on the rug. The cat sat on the";

class GenerateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto model = Model::Load(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf");
    ASSERT_TRUE(model) << model.error().message();
    model_.emplace(*model);
    auto prompt = tokenizer().Encode(kPrompt);
    ASSERT_TRUE(prompt) << prompt.error().message();
    prompt_ = *prompt;
  }

  const Tokenizer& tokenizer() const { return *model_->tokenizer(); }

  Session NewSession(std::size_t context_size = 128) const {
    auto session = Session::Create(*model_, {.context_size = context_size});
    EXPECT_TRUE(session) << session.error().message();
    return std::move(*session);
  }

  static Sampler NewSampler(const SamplerOptions& options = {}) {
    auto sampler = Sampler::Create(options);
    EXPECT_TRUE(sampler) << sampler.error().message();
    return *sampler;
  }

  Generation Make(const GenerateOptions& options, const SamplerOptions& sampling = {},
                  std::size_t context_size = 128) const {
    Session session = NewSession(context_size);
    Sampler sampler = NewSampler(sampling);
    auto made = Generate(session, tokenizer(), prompt_, sampler, options);
    EXPECT_TRUE(made) << made.error().message();
    return made ? *made : Generation();
  }

  Status ErrorOf(const GenerateOptions& options, const SamplerOptions& sampling = {}) const {
    Session session = NewSession();
    Sampler sampler = NewSampler(sampling);
    return Generate(session, tokenizer(), prompt_, sampler, options).status();
  }

  /// Token by token, without the library's loop.
  Ids ByHand(std::size_t count, const SamplerOptions& sampling) const {
    Session session = NewSession();
    Sampler sampler = NewSampler(sampling);
    Ids ids;
    auto logits = session.Prefill(prompt_);
    while (logits && ids.size() < count) {
      auto id = sampler.Sample(*logits);
      if (!id || tokenizer().IsEndOfGeneration(*id)) break;
      ids.push_back(*id);
      logits = session.Decode(*id);
    }
    EXPECT_TRUE(logits);
    return ids;
  }

  std::string TextOf(const Ids& ids) const {
    StreamingDetokenizer stream(tokenizer(), /*at_start=*/false);
    std::string text;
    for (const std::int32_t id : ids) text += stream.Push(id);
    return text + stream.Finish();
  }

  std::optional<Model> model_;
  Ids prompt_;
};

TEST_F(GenerateTest, ChoosesWhatALoopOfTheCallerWouldChoose) {
  for (const SamplerOptions& sampling :
       {SamplerOptions{}, SamplerOptions{.temperature = 0.9F, .top_k = 20, .seed = 5}}) {
    const Generation made = Make({.max_tokens = 24}, sampling);
    EXPECT_EQ(made.ids, ByHand(24, sampling));
    EXPECT_EQ(made.text, TextOf(made.ids));
  }
}

TEST_F(GenerateTest, StreamsTheTextTokenByToken) {
  Ids ids;
  std::string text;
  const Generation made = Make({.max_tokens = 20, .on_text = [&](const GeneratedText& piece) {
                                  if (piece.id >= 0) ids.push_back(piece.id);
                                  text += piece.text;
                                }});
  EXPECT_EQ(ids, made.ids);
  EXPECT_EQ(text, made.text);
}

TEST_F(GenerateTest, GuessingGivesTheSameTextInFewerRuns) {
  const Generation plain = Make({.max_tokens = 40});
  EXPECT_EQ(plain.guessed, 0U);
  for (const std::size_t lookup : {1U, 4U, 16U}) {
    const Generation guessed = Make({.max_tokens = 40, .lookup = lookup});
    EXPECT_EQ(guessed.ids, plain.ids);
    EXPECT_EQ(guessed.text, plain.text);
    EXPECT_EQ(guessed.stop, plain.stop);
    EXPECT_LE(guessed.guessed_right, guessed.guessed);
    EXPECT_EQ(guessed.runs + guessed.guessed_right, plain.runs);
  }
}

TEST_F(GenerateTest, SaysWhyItStopped) {
  EXPECT_EQ(Make({.max_tokens = 3}).stop, StopReason::kMaxTokens);
  EXPECT_EQ(Make({.max_tokens = 0}).ids, Ids());
  const Generation full = Make({.max_tokens = 100}, {}, prompt_.size() + 4);
  EXPECT_EQ(full.stop, StopReason::kContextFull);
  EXPECT_EQ(full.ids.size(), 5U);  // The last one is chosen, but not run.
  EXPECT_EQ(full.ids, ByHand(5, {}));
}

TEST_F(GenerateTest, EndsBeforeAStopText) {
  const Generation whole = Make({.max_tokens = 24});
  // Two bytes from the middle of the text, wherever its tokens begin.
  const std::string stop = whole.text.substr(whole.text.size() / 2, 2);
  const std::string expected = whole.text.substr(0, whole.text.find(stop));
  for (const std::size_t lookup : {0U, 8U}) {
    std::string streamed;
    const Generation made =
        Make({.max_tokens = 24,
              .stop_texts = {"never in this text", stop},
              .lookup = lookup,
              .on_text = [&](const GeneratedText& piece) { streamed += piece.text; }});
    EXPECT_EQ(made.stop, StopReason::kStopText);
    EXPECT_EQ(made.text, expected);
    EXPECT_EQ(streamed, expected);
    EXPECT_TRUE(std::equal(made.ids.begin(), made.ids.end(), whole.ids.begin()));
  }
}

TEST_F(GenerateTest, HandsOutTextThatOnlyBeganLikeAStopText) {
  const Generation whole = Make({.max_tokens = 12});
  const Generation made =
      Make({.max_tokens = 12, .stop_texts = {whole.text.substr(whole.text.size() - 1) + "\x01"}});
  EXPECT_EQ(made.text, whole.text);
  EXPECT_EQ(made.stop, StopReason::kMaxTokens);
}

TEST_F(GenerateTest, GoesOnWhereTheSessionIs) {
  const Ids whole = ByHand(12, {});
  for (const std::size_t lookup : {0U, 8U}) {
    Session session = NewSession();
    Sampler sampler = NewSampler();
    Ids ids;
    Ids prompt = prompt_;
    while (ids.size() < 12) {
      auto made =
          Generate(session, tokenizer(), prompt, sampler, {.max_tokens = 4, .lookup = lookup});
      ASSERT_TRUE(made) << made.error().message();
      ids.insert(ids.end(), made->ids.begin(), made->ids.end());
      // Whatever was guessed: the prompt and the generated ids but for the last one are cached.
      EXPECT_EQ(session.position(), prompt_.size() + ids.size() - 1);
      prompt = {ids.back()};
    }
    EXPECT_EQ(ids, whole);
  }
}

TEST_F(GenerateTest, PassesTheOptionsOfRunsThrough) {
  AttentionRecorder maps({.layers = {0}, .heads = {1}});
  const Generation made = Make({.max_tokens = 5, .run = {.observer = &maps}});
  EXPECT_EQ(maps.Map(0, 1).queries, prompt_.size() + made.ids.size() - 1);

  std::size_t pieces = 0;
  const GenerateOptions options = {.max_tokens = 50,
                                   .on_text = [&](const GeneratedText&) { ++pieces; },
                                   .run = {.cancelled = [&] { return pieces == 3; }}};
  EXPECT_EQ(ErrorOf(options).code(), StatusCode::kCancelled);
  EXPECT_EQ(pieces, 3U);
}

TEST_F(GenerateTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_THAT(ErrorOf({.stop_texts = {""}}).message(), HasSubstr("empty"));
  EXPECT_EQ(ErrorOf({.lookup = 4}, {.temperature = 0.5F}).code(), StatusCode::kInvalidArgument);
  AttentionRecorder maps({.layers = {0}});
  EXPECT_THAT(ErrorOf({.lookup = 4, .run = {.observer = &maps}}).message(), HasSubstr("observer"));
  prompt_.clear();
  EXPECT_EQ(ErrorOf({}).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fovea
