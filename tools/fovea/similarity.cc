#include "tools/fovea/similarity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace fovea::tools {
namespace {

double Dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

std::string SixDigits(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.6f", value);
  return text.data();
}

}  // namespace

double CosineSimilarity(std::span<const float> a, std::span<const float> b) {
  const double lengths = std::sqrt(Dot(a, a)) * std::sqrt(Dot(b, b));
  return lengths == 0.0 ? 0.0 : std::clamp(Dot(a, b) / lengths, -1.0, 1.0);
}

std::string SimilarityText(std::span<const float> vectors, std::size_t length) {
  const std::size_t count = vectors.size() / length;
  const auto vector = [&](std::size_t i) { return vectors.subspan(i * length, length); };
  if (count == 2) return SixDigits(CosineSimilarity(vector(0), vector(1))) + "\n";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      text += (j == 0 ? "" : " ") + SixDigits(CosineSimilarity(vector(i), vector(j)));
    }
    text += '\n';
  }
  return text;
}

}  // namespace fovea::tools
