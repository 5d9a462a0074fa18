// What the attention operator refuses, and how it says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "fovea/attention.h"

namespace fovea {
namespace {

using ::testing::HasSubstr;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

void ExpectInvalid(const AttendInputs& inputs, const char* culprit) {
  const Result<AttendOutputs> result = Attend(inputs);
  ASSERT_FALSE(result.ok()) << culprit;
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(result.status().message(), HasSubstr(culprit));
}

TEST(Attend, ErrorsNameTheShapeThatDoesNotFit) {
  constexpr std::size_t kHugePosition = std::numeric_limits<std::size_t>::max();
  const std::vector<float> six(6, 1.0F);
  const std::vector<std::uint8_t> flags(2, 1);
  const AttendInputs good{.queries = 2,
                          .keys = 3,
                          .query_width = 3,
                          .key_width = 2,
                          .value_width = 2,
                          .query = six,
                          .key = six,
                          .value = six,
                          .scoring = ScoringFunction::kGeneral,
                          .weights = {.general = six}};
  ASSERT_TRUE(Attend(good).ok());
  const auto with = [&good](auto change) {
    AttendInputs bad = good;
    change(&bad);
    return bad;
  };
  ExpectInvalid(with([](AttendInputs* in) { in->heads = 3, in->kv_heads = 2; }),
                "kv_heads 2 does not divide heads 3");
  ExpectInvalid(with([](AttendInputs* in) { in->kv_heads = 0; }), "kv_heads 0");
  ExpectInvalid(with([](AttendInputs* in) { in->value_width = 0; }), "value_width is 0");
  ExpectInvalid(with([](AttendInputs* in) { in->queries = 4; }),
                "query holds 6 floats, but [queries 4, heads 1, query_width 3] needs 12");
  ExpectInvalid(with([](AttendInputs* in) { in->keys = 4; }), "key holds 6 floats");
  ExpectInvalid(with([](AttendInputs* in) { in->value_width = 1; }), "value holds 6 floats");
  ExpectInvalid(with([](AttendInputs* in) { in->weights.general = {}; }),
                "weights.general holds 0 floats");
  ExpectInvalid(with([](AttendInputs* in) { in->scoring = ScoringFunction::kDot; }),
                "query_width 3 and key_width 2 differ");
  ExpectInvalid(with([](AttendInputs* in) { in->scoring = ScoringFunction::kAdditive; }),
                "additive_v is empty");
  ExpectInvalid(with([&six](AttendInputs* in) {
                  in->scoring = ScoringFunction::kAdditive;
                  in->weights = {.additive_query = six, .additive_key = six, .additive_v = six};
                }),
                "weights.additive_query holds 6 floats, but [hidden 6, query_width 3] needs 18");
  ExpectInvalid(with([](AttendInputs* in) { in->mask.kind = Mask::Kind::kSlidingWindow; }),
                "window");
  ExpectInvalid(with([](AttendInputs* in) { in->mask.kind = Mask::Kind::kSymmetricWindow; }),
                "window of a symmetric_window mask is 0");
  ExpectInvalid(with([&six](AttendInputs* in) { in->bias = {.table = six, .head_stride = 5}; }),
                "bias.table holds 6 floats, but [heads 1, head_stride 5] needs 5");
  const auto biased = [&](std::size_t stride, std::size_t zero, const Mask& mask) {
    AttendInputs in = good;
    in.mask = mask;
    in.bias = {.table = std::span(six).first(stride), .head_stride = stride, .zero = zero};
    return in;
  };
  const Mask all = {.kind = Mask::Kind::kNone};
  // Two queries and three keys: distances from -1 to 2.
  EXPECT_TRUE(Attend(biased(4, 1, all)).ok());
  EXPECT_TRUE(Attend(biased(2, 1, {})).ok()) << "a causal query attends to no distance above 0";
  ExpectInvalid(biased(4, 4, all), "bias.zero 4 is not below bias.head_stride 4");
  ExpectInvalid(biased(4, 2, all),
                "bias has the distances -2 to 1, query 0 attends to keys 0 to 2");
  ExpectInvalid(biased(4, 0, all),
                "bias has the distances -0 to 3, query 1 attends to keys 0 to 2");
  ExpectInvalid(biased(4, 1, {.kind = Mask::Kind::kNone, .first_query = kHugePosition}),
                "attends to keys 0 to 2");
  ExpectInvalid(with([&flags](AttendInputs* in) { in->mask.key_valid = flags; }),
                "key_valid holds 2 flags for 3 keys");
  ExpectInvalid(with([](AttendInputs* in) { in->softcap = -1.0F; }), "softcap");
  ExpectInvalid(with([](AttendInputs* in) { in->scale = kMinusInfinity; }), "scale");
  constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max() / 2;
  ExpectInvalid(with([](AttendInputs* in) { in->queries = kHuge; }), "needs too many");
}

TEST(Attend, OutputsBeyondAnyMemoryAreALimit) {
  constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max() / 2;
  const std::vector<float> one(1, 1.0F);
  const Result<AttendOutputs> result = Attend({.queries = 1,
                                               .keys = 0,
                                               .query_width = 1,
                                               .key_width = kHuge,
                                               .value_width = kHuge,
                                               .query = one,
                                               .scoring = ScoringFunction::kGeneral});
  ASSERT_FALSE(result.ok());
}

}  // namespace
}  // namespace fovea
