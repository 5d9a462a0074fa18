#include "tools/attention-dump/page/fit_queries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace fovea::dump {
namespace {

/// Keys with less weight cannot err by much.
constexpr float kMatters = 0.01F;
/// Rows sum to 1, so that no more than these have it.
constexpr std::size_t kMaxKeys = 104;
constexpr std::size_t kLanes = 8;
constexpr int kMaxSweeps = 6;
/// In steps, from where the query lies.
constexpr float kMaxDeviation = 4.0F;

using KeyVector = std::array<float, kMaxKeys>;

/// The keys that one query looks at; all loops run over `padded` of them, the rest being 0.
class Row {
 public:
  Row(const HeadTrace& balanced, const std::vector<double>& key_power, const CodedArray& key,
      CodedArray* query)
      : balanced_(balanced),
        key_power_(key_power),
        key_(key),
        query_(query),
        effect_(balanced.dim),
        deviation_(balanced.dim) {}

  void Fit(std::size_t row, const float* weights, std::size_t keys) {
    if (!Choose(weights, keys)) return;
    Prepare(row);
    for (int sweep = 0; sweep < kMaxSweeps && Sweep(row); ++sweep) {
    }
  }

 private:
  bool Choose(const float* weights, std::size_t keys);
  void Prepare(std::size_t row);
  bool Sweep(std::size_t row);
  float Mean(const KeyVector& values) const {
    float mean = 0.0F;
    for (std::size_t i = 0; i < padded_; ++i) mean += weight_[i] * values[i];
    return mean;
  }

  const HeadTrace& balanced_;
  const std::vector<double>& key_power_;
  const CodedArray& key_;
  CodedArray* query_;

  std::size_t count_ = 0, padded_ = 0;
  std::array<std::size_t, kMaxKeys> index_ = {};
  KeyVector weight_ = {};
  float rest_ = 0.0F;              // sum of the squared weights of all other keys
  KeyVector error_ = {};           // of the weights, as far as first order goes
  std::vector<KeyVector> effect_;  // per channel: of one step up on the weights
  std::vector<float> deviation_;   // per channel: code less the exact value, in steps
};

/// False if the row has no two keys that matter.
bool Row::Choose(const float* weights, std::size_t keys) {
  count_ = 0;
  rest_ = 0.0F;
  for (std::size_t key = 0; key < keys; ++key) {
    const float weight = weights[key];
    if (!(weight > kMatters) || count_ == kMaxKeys) continue;
    index_[count_] = key;
    weight_[count_++] = weight;
  }
  float chosen = 0.0F;
  for (std::size_t i = 0; i < count_; ++i) chosen += weight_[i];
  // Each of the others has kMatters at most.
  rest_ = std::max(1.0F - chosen, 1e-3F) * kMatters / 2;
  padded_ = (count_ + kLanes - 1) / kLanes * kLanes;
  std::fill(weight_.begin() + static_cast<std::ptrdiff_t>(count_),
            weight_.begin() + static_cast<std::ptrdiff_t>(padded_), 0.0F);
  return count_ > 0 && keys > 1;
}

void Row::Prepare(std::size_t row) {
  const std::size_t dim = balanced_.dim;
  const float* exact_query = balanced_.query.data() + row * dim;
  const std::int16_t* codes = query_->codes.data() + row * dim;
  KeyVector score_error = {};
  for (std::size_t i = 0; i < count_; ++i) {
    const float* exact_key = balanced_.key.data() + index_[i] * dim;
    const std::int16_t* key_codes = key_.codes.data() + index_[i] * dim;
    float exact = 0.0F;
    float rounded = 0.0F;
    for (std::size_t c = 0; c < dim; ++c) {
      const float key = static_cast<float>(key_codes[c]) * key_.steps[c];
      const float step = key * query_->steps[c];
      exact += exact_query[c] * exact_key[c];
      rounded += static_cast<float>(codes[c]) * step;
      effect_[c][i] = balanced_.scale * step;
    }
    score_error[i] = balanced_.scale * (rounded - exact);
  }
  // A weight changes by itself times what its score gains over the row's mean.
  const float mean = Mean(score_error);
  for (std::size_t i = 0; i < padded_; ++i) error_[i] = weight_[i] * (score_error[i] - mean);
  for (std::size_t c = 0; c < dim; ++c) {
    KeyVector& effect = effect_[c];
    std::fill(effect.begin() + static_cast<std::ptrdiff_t>(count_),
              effect.begin() + static_cast<std::ptrdiff_t>(padded_), 0.0F);
    const float channel_mean = Mean(effect);
    for (std::size_t i = 0; i < padded_; ++i) effect[i] = weight_[i] * (effect[i] - channel_mean);
    deviation_[c] = static_cast<float>(codes[c]) - exact_query[c] / query_->steps[c];
  }
}

/// Moves every channel's code by one step where that makes the squared errors smaller, those that
/// keys of little weight would have included. False if none moved.
bool Row::Sweep(std::size_t row) {
  bool moved = false;
  for (std::size_t c = 0; c < balanced_.dim; ++c) {
    const KeyVector& effect = effect_[c];
    float slope = 0.0F;
    float curvature = 0.0F;
    for (std::size_t i = 0; i < padded_; ++i) {
      slope += error_[i] * effect[i];
      curvature += effect[i] * effect[i];
    }
    const float step = balanced_.scale * query_->steps[c];
    const float others = rest_ * step * step * static_cast<float>(key_power_[c]);
    slope += others * deviation_[c];
    curvature += others;
    if (2.0F * std::abs(slope) <= curvature) continue;
    const float move = slope > 0.0F ? -1.0F : 1.0F;
    const float moved_to = deviation_[c] + move;
    std::int16_t& code = query_->codes[row * balanced_.dim + c];
    if (std::abs(moved_to) > kMaxDeviation || std::abs(static_cast<int>(code)) > 32000) continue;
    code = static_cast<std::int16_t>(code + static_cast<int>(move));
    deviation_[c] = moved_to;
    for (std::size_t i = 0; i < padded_; ++i) error_[i] += move * effect[i];
    moved = true;
  }
  return moved;
}

}  // namespace

Status FitQueries(const HeadTrace& computed, const HeadTrace& balanced,
                  const std::vector<double>& key_power, const CodedArray& key, CodedArray* query) {
  Row row(balanced, key_power, key, query);
  return RebuildRows(computed, 0, computed.tokens, [&](const AttentionRows& rows) {
    for (std::size_t r = 0; r < rows.query_count; ++r) {
      row.Fit(rows.query_begin + r, rows.weights + r * rows.stride, rows.key_count);
    }
    return Status::Ok();
  });
}

}  // namespace fovea::dump
