#include "tools/attention-dump/page/trace_code.h"

#include <algorithm>
#include <cmath>

#include "tools/attention-dump/page/packing.h"

namespace fovea::dump {
namespace {

constexpr double kLargestCode = 32767.0;

/// Steps that give each channel the same share of `error`, the standard deviation of the scores,
/// when the other side has these second moments.
std::vector<float> Steps(const std::vector<double>& other_power, double error, double scale) {
  const auto dim = static_cast<double>(other_power.size());
  // A value rounded to steps of s errs by s / sqrt(12).
  const double product = error * std::sqrt(12.0 / dim) / std::abs(scale);
  std::vector<float> steps;
  for (const double power : other_power) {
    steps.push_back(static_cast<float>(product / std::sqrt(std::max(power, 1e-30))));
  }
  return steps;
}

CodedArray Code(const std::vector<float>& values, std::vector<float> steps) {
  const std::size_t dim = steps.size();
  const std::size_t rows = values.size() / dim;
  std::vector<float> largest(dim, 0.0F);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < dim; ++c) {
      largest[c] = std::max(largest[c], std::abs(values[row * dim + c]));
    }
  }
  std::vector<float> factors(dim);
  for (std::size_t c = 0; c < dim; ++c) {
    const auto least = static_cast<float>(static_cast<double>(largest[c]) / (kLargestCode - 1.0));
    steps[c] = std::max(steps[c], std::max(least, 1e-30F));
    factors[c] = 1.0F / steps[c];
  }
  CodedArray coded = {.codes = std::vector<std::int16_t>(values.size()), .steps = std::move(steps)};
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t c = 0; c < dim; ++c) {
      const float code = std::nearbyint(values[row * dim + c] * factors[c]);
      coded.codes[row * dim + c] = static_cast<std::int16_t>(
          std::clamp(code, static_cast<float>(-kLargestCode), static_cast<float>(kLargestCode)));
    }
  }
  return coded;
}

}  // namespace

std::vector<float> CodedArray::Values() const {
  const std::size_t dim = steps.size();
  std::vector<float> values(codes.size());
  for (std::size_t row = 0; row < codes.size() / std::max<std::size_t>(dim, 1); ++row) {
    for (std::size_t c = 0; c < dim; ++c) {
      values[row * dim + c] = static_cast<float>(codes[row * dim + c]) * steps[c];
    }
  }
  return values;
}

std::string CodedArray::Planes() const {
  std::vector<std::uint16_t> bits;
  bits.reserve(codes.size());
  for (const std::int16_t code : codes) bits.push_back(static_cast<std::uint16_t>(code));
  return BytePlanes<std::uint16_t>(bits);
}

CodedGroup CodeGroup(const TraceGroup& group, const BalancedGroup& balanced, double score_error) {
  const std::size_t heads = balanced.queries.size();
  const auto scale = static_cast<double>(group.scale);
  std::vector<double> query_power(group.dim, 0.0);  // mean of the heads
  for (const std::vector<double>& power : balanced.query_power) {
    for (std::size_t c = 0; c < group.dim; ++c) {
      query_power[c] += power[c] / static_cast<double>(heads);
    }
  }
  // Half of the variance from each side; but keys are stored once for all their heads, so that a
  // bit spent on them does more: they may err by a share of 1 / (1 + heads) of it.
  const auto shares = static_cast<double>(1 + heads);
  const double query_error = score_error * std::sqrt(static_cast<double>(heads) / shares);
  const double key_error = score_error * std::sqrt(1.0 / shares);
  CodedGroup coded;
  const std::vector<float> query_steps = Steps(balanced.key_power, query_error, scale);
  for (const std::vector<float>& query : balanced.queries) {
    coded.queries.push_back(Code(query, query_steps));
  }
  coded.key = Code(balanced.key, Steps(query_power, key_error, scale));
  return coded;
}

}  // namespace fovea::dump
