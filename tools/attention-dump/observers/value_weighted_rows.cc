#include "tools/attention-dump/observers/value_weighted_rows.h"

#include <algorithm>

namespace fovea::dump {

ValueWeightedRows::ValueWeightedRows(const ValueNorms* norms, std::size_t layers, std::size_t heads,
                                     std::size_t context_size, AttentionObserver* inner)
    : value_norms_(norms),
      inner_(inner),
      selection_(inner->selection()),
      heads_(heads),
      context_size_(context_size),
      norms_(layers * heads * context_size) {
  selection_.values = true;
}

void ValueWeightedRows::OnValues(const AttentionValues& values) {
  batch_.resize(heads_ * values.count);
  value_norms_->Norms(values.layer, values, batch_.data());
  const std::size_t count =
      std::min(values.count, context_size_ - std::min(context_size_, values.begin));
  for (std::size_t head = 0; head < heads_; ++head) {
    const float* from = batch_.data() + head * values.count;
    std::copy(from, from + count,
              norms_.data() + (values.layer * heads_ + head) * context_size_ + values.begin);
  }
}

void ValueWeightedRows::OnRows(const AttentionRows& rows) {
  const float* norms = norms_.data() + (rows.layer * heads_ + rows.head) * context_size_;
  const std::size_t keys = std::min(rows.key_count, context_size_);
  rows_.assign(rows.query_count * rows.stride, 0.0F);
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const float* from = rows.weights + r * rows.stride;
    float* to = rows_.data() + r * rows.stride;
    // Keys that the mask hides may have no norm yet.
    for (std::size_t key = 0; key < keys; ++key) {
      to[key] = from[key] == 0.0F ? 0.0F : from[key] * norms[key];
    }
  }
  AttentionRows weighted = rows;
  weighted.weights = rows_.data();
  inner_->OnRows(weighted);
}

void NormaliseRows(MapSet* maps) {
  const std::size_t tokens = maps->tokens;
  if (tokens == 0) return;
  for (std::size_t begin = 0; begin + tokens <= maps->weights.size(); begin += tokens) {
    float* row = maps->weights.data() + begin;
    double sum = 0.0;
    for (std::size_t key = 0; key < tokens; ++key) sum += static_cast<double>(row[key]);
    if (!(sum > 0.0)) continue;
    for (std::size_t key = 0; key < tokens; ++key) {
      row[key] = static_cast<float>(static_cast<double>(row[key]) / sum);
    }
  }
}

}  // namespace fovea::dump
