#include "tools/attention-dump/ablation/ablation_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(LossRecorder, OfEvenLogitsIsTheLogarithmOfTheirNumber) {
  const std::array<std::int32_t, 3> tokens = {2, 0, 3};
  LossRecorder losses(tokens, Kernels::Best());
  for (std::size_t position = 0; position < 3; ++position) {
    const std::vector<float> logits(4, static_cast<float>(position));
    losses.OnLogits(position, logits);
  }
  EXPECT_NEAR(losses.loss(), std::log(4.0), 1e-6);
  EXPECT_EQ(losses.last_logits(), std::vector<float>(4, 2.0F));
}

TEST(LossRecorder, OneTokenPredictsNone) {
  const std::array<std::int32_t, 1> tokens = {2};
  EXPECT_TRUE(std::isnan(LossRecorder(tokens, Kernels::Best()).loss()));
}

/// Before: half and half on tokens 0 and 1; after: all on token 1.
AblationReport Example() {
  return {.heads = {{3, 5}},
          .kind = AblationKind::kZero,
          .loss_before = 1.0,
          .loss_after = 1.5,
          .logits_before = {0.0F, 0.0F, -50.0F},
          .logits_after = {std::log(0.1F), std::log(0.9F), -50.0F}};
}

TEST(AblationReport, SaysWhatChangedAndTheLikeliestTokens) {
  const std::string text = AblationText(Example(), nullptr, {.columns = 80});
  EXPECT_THAT(text, HasSubstr("Without L3H5 (zeros in place of the output)"));
  EXPECT_THAT(text,
              HasSubstr("1.0000 -> 1.5000 nats per token (+0.5000), perplexity 2.72 -> 4.48"));
  // ½ ln(0.5 / 0.1) + ½ ln(0.5 / 0.9)
  EXPECT_THAT(text, HasSubstr("KL(before || after) 0.5108 nats"));
  EXPECT_THAT(text, HasSubstr("#0               0.5000  #1               0.9000"));
}

TEST(AblationReport, AsJsonHoldsTheSameNumbers) {
  const auto json = nlohmann::json::parse(AblationJson(Example()));
  EXPECT_EQ(json.at("heads").at(0), "L3H5");
  EXPECT_EQ(json.at("kind"), "zero");
  EXPECT_EQ(json.at("loss").at(1), 1.5);
  EXPECT_NEAR(json.at("divergence").get<double>(), 0.5 * std::log(5.0) + 0.5 * std::log(5.0 / 9.0),
              1e-6);
}

TEST(AblationReport, OneTokenHasNoLossToReport) {
  AblationReport report = Example();
  report.loss_before = report.loss_after = std::nan("");
  EXPECT_THAT(AblationText(report, nullptr, {}), Not(HasSubstr("nan")));
  EXPECT_EQ(AblationSummary(report).size(), 3U);
}

}  // namespace
}  // namespace fovea::dump
