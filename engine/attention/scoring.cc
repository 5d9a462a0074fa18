#include "engine/attention/scoring.h"

#include <cmath>
#include <span>

namespace fovea::attention {
namespace {

/// Each row x of [rows, columns] becomes M x, with M [out_columns, columns].
std::vector<float> Project(std::span<const float> x, std::size_t columns,
                           std::span<const float> matrix, std::size_t out_columns) {
  const std::size_t rows = x.size() / columns;
  std::vector<float> out(rows * out_columns);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t o = 0; o < out_columns; ++o) {
      double sum = 0.0;
      for (std::size_t c = 0; c < columns; ++c) {
        sum += static_cast<double>(matrix[o * columns + c]) * x[r * columns + c];
      }
      out[r * out_columns + o] = static_cast<float>(sum);
    }
  }
  return out;
}

}  // namespace

float ScoreScale(const AttendInputs& inputs) {
  if (inputs.scale != 0.0F) return inputs.scale;
  if (inputs.scoring != ScoringFunction::kScaledDot) return 1.0F;
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(inputs.key_width)));
}

std::vector<float> TransformQueries(const AttendInputs& inputs) {
  const std::size_t rows = inputs.queries * inputs.heads;
  std::vector<float> out(rows * inputs.key_width);
  for (std::size_t r = 0; r < rows; ++r) {
    const float* query = inputs.query.data() + r * inputs.query_width;
    for (std::size_t k = 0; k < inputs.key_width; ++k) {
      double sum = 0.0;
      for (std::size_t q = 0; q < inputs.query_width; ++q) {
        sum += static_cast<double>(query[q]) * inputs.weights.general[q * inputs.key_width + k];
      }
      out[r * inputs.key_width + k] = static_cast<float>(sum);
    }
  }
  return out;
}

Scorer::Scorer(const AttendInputs& inputs)
    : inputs_(inputs), group_(inputs.heads / inputs.kv_heads), width_(inputs.key_width) {
  if (inputs.scoring == ScoringFunction::kGeneral) projected_query_ = TransformQueries(inputs);
  if (inputs.scoring == ScoringFunction::kAdditive) {
    width_ = inputs.weights.additive_v.size();
    projected_query_ =
        Project(inputs.query, inputs.query_width, inputs.weights.additive_query, width_);
    projected_key_ = Project(inputs.key, inputs.key_width, inputs.weights.additive_key, width_);
  }
}

double Scorer::Score(std::size_t head, std::size_t query, std::size_t key) const {
  const bool additive = inputs_.scoring == ScoringFunction::kAdditive;
  const float* q = (projected_query_.empty() ? inputs_.query.data() : projected_query_.data()) +
                   (query * inputs_.heads + head) * width_;
  const float* k = (additive ? projected_key_.data() : inputs_.key.data()) +
                   (key * inputs_.kv_heads + head / group_) * width_;
  double score = 0.0;
  if (additive) {
    for (std::size_t i = 0; i < width_; ++i) {
      score += static_cast<double>(inputs_.weights.additive_v[i]) *
               std::tanh(static_cast<double>(q[i]) + k[i]);
    }
  } else {
    for (std::size_t i = 0; i < width_; ++i) score += static_cast<double>(q[i]) * k[i];
    score *= static_cast<double>(ScoreScale(inputs_));
  }
  const double cap = static_cast<double>(inputs_.softcap);
  if (cap > 0.0) score = cap * std::tanh(score / cap);
  if (inputs_.bias.table.empty()) return score;
  return score + static_cast<double>(inputs_.bias.At(head, inputs_.mask.first_query + query, key));
}

}  // namespace fovea::attention
