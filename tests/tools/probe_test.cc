#include "tools/attention-dump/heads/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace fovea::dump {
namespace {

using testing::HasSubstr;

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";

class ProbeTest : public testing::Test {
 protected:
  ProbeTest() : model_(Model::Load(kModel)) { EXPECT_TRUE(model_.ok()); }
  Result<Model> model_;
};

TEST_F(ProbeTest, IsBosAndABlockOfDifferentOrdinaryTokensTwice) {
  const Result<Probe> probe = MakeProbe(*model_, 20, 512);
  ASSERT_TRUE(probe.ok());
  const std::vector<std::int32_t> ids = probe->prompt.Ids();
  ASSERT_EQ(ids.size(), 41U);
  EXPECT_EQ(probe->begin, 1U);
  EXPECT_EQ(probe->period, 20U);
  EXPECT_EQ(ids[0], model_->tokenizer()->bos_id());
  std::set<std::int32_t> seen;
  for (std::size_t i = 1; i <= 20; ++i) {
    EXPECT_EQ(ids[i], ids[i + 20]);
    EXPECT_FALSE(model_->tokenizer()->IsSpecial(ids[i]));
    seen.insert(ids[i]);
  }
  EXPECT_EQ(seen.size(), 20U);
}

TEST_F(ProbeTest, IsTheSameEveryTimeAndFitsTheContextByDefault) {
  const Result<Probe> probe = MakeProbe(*model_, 0, 512);
  const Result<Probe> again = MakeProbe(*model_, 0, 512);
  ASSERT_TRUE(probe.ok() && again.ok());
  EXPECT_EQ(probe->period, kProbeLength);
  EXPECT_EQ(probe->prompt.Ids(), again->prompt.Ids());
  const Result<Probe> small = MakeProbe(*model_, 0, 30);
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(small->period, 14U);
}

TEST_F(ProbeTest, ABlockThatDoesNotFitTwiceIsRefused) {
  const Result<Probe> probe = MakeProbe(*model_, 256, 512);
  ASSERT_FALSE(probe.ok());
  EXPECT_THAT(probe.status().message(), HasSubstr("at most 255"));
}

TEST_F(ProbeTest, ABlockLargerThanTheVocabularyRepeatsIds) {
  const std::size_t vocabulary = model_->info().vocabulary;
  const Result<Probe> probe = MakeProbe(*model_, vocabulary + 5, 4 * vocabulary);
  ASSERT_TRUE(probe.ok());
  EXPECT_EQ(probe->prompt.tokens.size(), 1 + 2 * (vocabulary + 5));
}

}  // namespace
}  // namespace fovea::dump
