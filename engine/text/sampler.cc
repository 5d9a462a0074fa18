#include "fovea/sampler.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string>

#include "engine/text/vocabulary_math.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014): turns any seed into well-mixed state.
std::uint64_t SplitMix64(std::uint64_t* state) {
  *state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = *state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

std::uint64_t RotateLeft(std::uint64_t x, int bits) {
  return (x << bits) | (x >> (64 - bits));
}

/// xoshiro256** 1.0 (Blackman, Vigna 2018).
std::uint64_t NextRandom(std::uint64_t (&s)[4]) {
  const std::uint64_t result = RotateLeft(s[1] * 5, 7) * 9;
  const std::uint64_t t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = RotateLeft(s[3], 45);
  return result;
}

/// Uniform in [0, 1): the top 53 bits.
double NextUniform(std::uint64_t (&state)[4]) {
  return static_cast<double>(NextRandom(state) >> 11) * 0x1.0p-53;
}

/// The shortest text that stands for the number, whatever the locale.
std::string Text(float value) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  return {digits, end};
}

Status Invalid(std::string message) {
  return {StatusCode::kInvalidArgument, std::move(message)};
}

}  // namespace

std::int32_t ArgMax(std::span<const float> values) {
  const float most = text::MaxValue(values);
  const auto found = std::find(values.begin(), values.end(), most);
  // Only NaN: nothing equals the maximum.
  return found == values.end() ? 0 : static_cast<std::int32_t>(found - values.begin());
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), state_{} {
  std::uint64_t seed = options.seed;
  for (std::uint64_t& word : state_) word = SplitMix64(&seed);
}

Result<Sampler> Sampler::Create(const SamplerOptions& options) {
  if (!(options.temperature >= 0.0F) || std::isinf(options.temperature)) {
    return Invalid("temperature is " + Text(options.temperature) +
                   "; it must be 0 or more, and finite");
  }
  if (options.top_k < 0) {
    return Invalid("top_k is " + std::to_string(options.top_k) + "; it must be 0 or more");
  }
  if (!(options.top_p > 0.0F && options.top_p <= 1.0F)) {
    return Invalid("top_p is " + Text(options.top_p) + "; it must be above 0 and at most 1");
  }
  return Sampler(options);
}

Result<std::int32_t> Sampler::Sample(std::span<const float> logits) {
  if (logits.empty()) return Invalid("there are no logits to sample from");
  if (const auto id = text::FirstNonFinite(logits)) {
    return Status(StatusCode::kNonFinite,
                  "the logit of token " + std::to_string(*id) + " is not finite");
  }
  if (options_.temperature == 0.0F || options_.top_k == 1) return ArgMax(logits);

  const std::size_t size = logits.size();
  const auto reserve = [&] {
    probabilities_.resize(size);
    order_.resize(size);
    return true;
  };
  if (!platform::IfMemoryLasts(reserve, [] { return false; })) {
    return Status(StatusCode::kOutOfMemory,
                  "not enough memory to sample from " + std::to_string(size) + " logits");
  }
  text::SoftmaxWeights(logits, text::MaxValue(logits), options_.temperature, probabilities_);
  std::iota(order_.begin(), order_.end(), 0);
  const auto weight = [this](std::int32_t id) {
    return static_cast<double>(probabilities_[static_cast<std::size_t>(id)]);
  };
  const auto more_likely = [logits](std::int32_t a, std::int32_t b) {
    const float x = logits[static_cast<std::size_t>(a)];
    const float y = logits[static_cast<std::size_t>(b)];
    return x > y || (x == y && a < b);
  };

  // order_[0, kept) is what may be drawn; sums run over it in order, so they are the same
  // everywhere.
  std::size_t kept = size;
  if (options_.top_k > 0 && static_cast<std::size_t>(options_.top_k) < size) {
    kept = static_cast<std::size_t>(options_.top_k);
    std::nth_element(order_.begin(), order_.begin() + options_.top_k, order_.end(), more_likely);
    std::sort(order_.begin(), order_.begin() + options_.top_k, more_likely);
  }
  double total = 0.0;
  for (std::size_t i = 0; i < kept; ++i) total += weight(order_[i]);
  if (options_.top_p < 1.0F) {
    // Most likely first, taken off a heap until they reach top_p: the long tail is never sorted.
    const auto end = order_.begin() + static_cast<std::ptrdiff_t>(kept);
    const auto less_likely = [&](std::int32_t a, std::int32_t b) { return more_likely(b, a); };
    std::make_heap(order_.begin(), end, less_likely);
    const double wanted = static_cast<double>(options_.top_p) * total;
    double sum = 0.0;
    std::size_t taken = 0;
    while (taken < kept && (taken == 0 || sum < wanted)) {
      std::pop_heap(order_.begin(), end - static_cast<std::ptrdiff_t>(taken), less_likely);
      ++taken;
      sum += weight(order_[kept - taken]);
    }
    // The heap left them at the back, most likely last.
    std::reverse(order_.begin(), end);
    kept = taken;
    total = sum;
  }
  const double target = NextUniform(state_) * total;
  double sum = 0.0;
  std::int32_t chosen = order_[0];
  for (std::size_t i = 0; i < kept; ++i) {
    if (weight(order_[i]) <= 0.0) continue;
    chosen = order_[i];
    sum += weight(chosen);
    if (target < sum) break;
  }
  return chosen;
}

}  // namespace fovea
