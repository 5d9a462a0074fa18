// How far encoded numbers may be from the originals, derived from each type's steps.
#include <algorithm>

#include "engine/tensor/blocks.h"
#include "engine/tensor/dequantize.h"
#include "tests/quantize/quantize_testing.h"

namespace fovea::testing {
namespace {

struct Extremes {
  float low = 0.0F;
  float high = 0.0F;
  float peak() const { return std::max(-low, high); }
};

Extremes ExtremesOf(const float* values, std::size_t count) {
  const auto [low, high] = std::minmax_element(values, values + count);
  return {*low, *high};
}

/// A step stored as a half float is off by 2^-11 of itself, or by less than 2^-24 where half floats
/// are subnormal.
float StoredStepError(float step) {
  return std::max(step * 0x1p-11F, step < 0x1p-14F ? 0x1p-24F : 0.0F);
}

/// The largest |decoded - original| that a block of 32 may have. Half a step from rounding (a whole
/// one where the quant opposite to the peak is missing), and what the stored step and minimum are
/// off by, times the quants.
float Bound32(DataType type, const Extremes& extremes) {
  const float range = extremes.high - extremes.low;
  const auto symmetric = [&](float levels, float rounding) {
    const float step = extremes.peak() / levels;
    return rounding * step + levels * StoredStepError(step);
  };
  const auto with_minimum = [&](float levels) {
    const float step = range / levels;
    return 0.5F * step + levels * StoredStepError(step) +
           std::max(std::abs(extremes.low) * 0x1p-11F, 0x1p-25F);
  };
  switch (type) {
    case DataType::kQ8_0: return symmetric(127.0F, 0.5F);
    case DataType::kQ4_0: return symmetric(8.0F, 1.0F);
    case DataType::kQ5_0: return symmetric(16.0F, 1.0F);
    case DataType::kQ4_1: return with_minimum(15.0F);
    default: return with_minimum(31.0F);
  }
}

/// The largest root of the mean squared error that a super-block may have. A group's fit is no
/// worse than plain rounding (half a step); rounding its scale and minimum to six bits (eight for
/// Q6_K) moves a number by at most half a unit of each, the scale's times the largest quant; and a
/// unit is the largest of the groups' over 63 (128). Fits may choose steps up to a tenth larger.
double BoundK(DataType type, const float* values) {
  if (type == DataType::kQ6_K) {
    const double step = 1.1 * static_cast<double>(ExtremesOf(values, kSuperBlock).peak()) / 31.0;
    return 0.5 * step + 32.0 * 0.5 * step / 128.0 + static_cast<double>(32 * 128 * 0x1p-25F);
  }
  const double top = type == DataType::kQ4_K ? 15.0 : 31.0;
  double step = 0.0;
  double minimum = 0.0;
  for (std::size_t group = 0; group < kSuperBlock; group += 32) {
    const Extremes extremes = ExtremesOf(values + group, 32);
    const double low = std::min(static_cast<double>(extremes.low), 0.0);
    step = std::max(step, 1.1 * (static_cast<double>(extremes.high) - low) / top);
    minimum = std::max(minimum, -1.1 * low);
  }
  return 0.5 * step + top * 0.5 * step / 63.0 + 0.5 * minimum / 63.0 +
         static_cast<double>(0x1p-24F) * 63.0;
}

bool HasLevels(DataType type) {
  return type == DataType::kIQ4_NL || type == DataType::kIQ4_XS;
}

/// The same for a block of IQ4_NL or IQ4_XS. A fit is no worse than rounding with the peak at level
/// 124, where no number is more than 12 from a level (half the largest distance of two). IQ4_XS
/// moves a group's scale by a thirty-second of the largest one at most, times levels up to 127; no
/// scale is above the peak over 92, and a tenth. Stored scales are off by 2^-11 or a subnormal
/// half.
double BoundLevels(DataType type, const float* values) {
  const auto peak = static_cast<double>(ExtremesOf(values, BlockElements(type)).peak());
  const bool has_groups = type == DataType::kIQ4_XS;
  const double moved = has_groups ? 127.0 * 1.1 / 92.0 / 32.0 : 0.0;
  const double subnormal = 0x1p-24 * 127.0 * (has_groups ? 32.0 : 1.0);
  return peak * (12.0 / 124.0 + moved + 0x1p-10) + subnormal;
}

void ExpectWithinBounds(DataType type, const std::vector<float>& values) {
  const std::vector<float> decoded = Rounded(type, values);
  const std::size_t block = BlockElements(type);
  for (std::size_t first = 0; first < values.size(); first += block) {
    const float* numbers = values.data() + first;
    double squares = 0.0;
    float largest = 0.0F;
    for (std::size_t i = 0; i < block; ++i) {
      const float difference = decoded[first + i] - numbers[i];
      largest = std::max(largest, std::abs(difference));
      squares += static_cast<double>(difference) * static_cast<double>(difference);
    }
    const std::string what =
        std::string(DataTypeName(type)) + ", block from " + std::to_string(first);
    const double rms = std::sqrt(squares / static_cast<double>(block));
    if (HasLevels(type)) {
      ASSERT_LE(rms, BoundLevels(type, numbers)) << what;
    } else if (block == kSmallBlock) {
      // 1e-6 for the float arithmetic itself.
      ASSERT_LE(largest, Bound32(type, ExtremesOf(numbers, block)) * (1.0F + 1e-6F)) << what;
    } else {
      ASSERT_LE(rms, BoundK(type, numbers)) << what;
    }
  }
}

class EncodeBounds : public ::testing::TestWithParam<DataType> {};

TEST_P(EncodeBounds, HoldForNormalNumbersOfAnySize) {
  for (const float deviation : {1e-9F, 1e-7F, 1e-6F, 1e-5F, 1e-3F, 0.03F, 1.0F, 100.0F, 8000.0F}) {
    ExpectWithinBounds(GetParam(), NormalNumbers(256 * 8, deviation, 11));
  }
}

TEST_P(EncodeBounds, HoldForNumbersOfOneSign) {
  for (const float mean : {3.0F, -3.0F, 0.05F}) {
    ExpectWithinBounds(GetParam(), NormalNumbers(256 * 8, 0.4F, 12, mean));
  }
}

TEST_P(EncodeBounds, HoldForConstantsAndOutliers) {
  for (const float constant : {1.0F, -1.0F, 0.37F, -1234.5F}) {
    ExpectWithinBounds(GetParam(), std::vector<float>(512, constant));
    std::vector<float> outlier = NormalNumbers(512, 0.01F, 13);
    outlier[77] = constant;
    ExpectWithinBounds(GetParam(), outlier);
  }
}

/// The largest integer that multiplies a stored scale.
float LargestFactor(DataType type) {
  switch (type) {
    case DataType::kQ8_0: return 127.0F;
    case DataType::kQ4_K: return 15.0F * 63.0F;
    case DataType::kQ5_K: return 31.0F * 63.0F;
    case DataType::kQ6_K: return 32.0F * 128.0F;
    case DataType::kIQ4_NL: return 127.0F;
    case DataType::kIQ4_XS: return 127.0F * 32.0F;
    default: return 31.0F;
  }
}

TEST_P(EncodeBounds, OneNumberAmongZerosIsKeptToTheStoredScale) {
  for (const float number : {1.0F, -1.0F, 0.013F, -700.0F}) {
    for (const std::size_t at : {0U, 1U, 15U, 16U, 31U, 32U, 127U, 200U, 255U}) {
      std::vector<float> values(256, 0.0F);
      values[at] = number;
      const std::vector<float> decoded = Rounded(GetParam(), values);
      for (std::size_t i = 0; i < values.size(); ++i) {
        // A scale and a minimum, each within 2^-11 of what it should be, or a unit of subnormal
        // half floats.
        const float scale_error =
            std::max(std::abs(number) * 0x1p-11F, LargestFactor(GetParam()) * 0x1p-24F);
        // Zeros beside the number become level 1 where no level is 0.
        const float level_error = HasLevels(GetParam()) ? std::abs(number) / 100.0F : 0.0F;
        ASSERT_NEAR(decoded[i], values[i], 2.0F * scale_error + level_error)
            << DataTypeName(GetParam()) << " number at " << at << ", looking at " << i;
      }
    }
  }
}

TEST_P(EncodeBounds, ZerosStayZeros) {
  QuantizationError error;
  const std::vector<float> zeros(512, 0.0F);
  EXPECT_EQ(Rounded(GetParam(), zeros, &error), zeros);
  EXPECT_EQ(error.Relative(), 0.0);
  // Negative zeros count as zeros.
  for (const float value : Rounded(GetParam(), std::vector<float>(256, -0.0F))) {
    EXPECT_EQ(value, 0.0F);
  }
}

TEST_P(EncodeBounds, NumbersTooSmallForTheScalesBecomeTinyOrZero) {
  for (const float number : {1e-45F, 1e-40F, 1e-30F, 1e-10F}) {
    std::vector<float> values(256, number);
    values[3] = -number;
    for (const float value : Rounded(GetParam(), values)) EXPECT_LE(std::abs(value), 0x1p-20F);
  }
}

TEST_P(EncodeBounds, AreNoWorseThanOtherToolsOnAverage) {
  // Relative errors of ggml's own quantizers on normal numbers (its library of autumn 2026, the
  // same kind of numbers; IQ4_NL and IQ4_XS: its steps written down again); the fits of the K and
  // IQ4 types must beat theirs, the others follow the same rule. A half percent for the sample.
  double peer = 0.0;
  switch (GetParam()) {
    case DataType::kQ8_0: peer = 0.00535; break;
    case DataType::kQ4_0: peer = 0.0858; break;
    case DataType::kQ4_1: peer = 0.0781; break;
    case DataType::kQ5_0: peer = 0.0427; break;
    case DataType::kQ5_1: peer = 0.0378; break;
    case DataType::kQ4_K: peer = 0.0712; break;
    case DataType::kQ5_K: peer = 0.0360; break;
    case DataType::kIQ4_NL: peer = 0.0762; break;
    case DataType::kIQ4_XS: peer = 0.0768; break;
    default: peer = 0.0177; break;
  }
  QuantizationError error;
  Encoded(GetParam(), NormalNumbers(std::size_t{1} << 19U, 0.03F, 14), &error);
  EXPECT_LE(error.Relative(), peer * 1.005);
  EXPECT_GE(error.Relative(), peer * 0.9);  // Too good to be true would be a mistake in the sum.
}

INSTANTIATE_TEST_SUITE_P(Types, EncodeBounds, ::testing::ValuesIn(EncodableBlockTypes()),
                         [](const auto& type) { return std::string(DataTypeName(type.param)); });

}  // namespace
}  // namespace fovea::testing
