#include "tools/attention-dump/observers/top_k_recorder.h"

#include <algorithm>
#include <new>

#include "fovea/half.h"
#include "tools/attention-dump/observers/largest.h"
#include "tools/attention-dump/observers/visible_keys.h"

namespace fovea::dump {

TopKRecorder::TopKRecorder(const DumpShape& shape, ArrayWriter* writer, TopKMaps* maps)
    : shape_(shape),
      selection_({.layers = shape.layers, .heads = shape.heads}),
      index_(shape.layers, shape.heads),
      writer_(writer),
      key_slots_(writer->Find("topk_index")),
      weight_slots_(writer->Find("topk_weight")),
      residual_slots_(writer->Find("residual")),
      maps_(maps),
      residuals_(shape.layers.size() * shape.heads.size()) {
  if (maps_ == nullptr) return;
  const std::size_t rows = residuals_.size() * shape.tokens;
  maps_->tokens = shape.tokens;
  maps_->k = shape.top_k;
  maps_->keys.assign(rows * shape.top_k, -1);
  maps_->weights.assign(rows * shape.top_k, 0.0F);
  maps_->residuals.assign(rows, 0.0F);
}

void TopKRecorder::OnRows(const AttentionRows& rows) {
  const std::size_t map = index_.Map(rows);
  if (map == HeadIndex::kNone || writer_->failed()) return;
  try {
    Record(rows, map);
  } catch (const std::bad_alloc&) {
    writer_->Fail(0, Status(StatusCode::kOutOfMemory, "not enough memory for the largest weights"));
  }
}

void TopKRecorder::Record(const AttentionRows& rows, std::size_t map) {
  const std::size_t k = shape_.top_k;
  const std::size_t count = rows.query_count;
  std::vector<std::int32_t> keys(count * k, -1);  // [query, k]
  std::vector<float> weights(count * k, 0.0F);
  std::vector<float> left(count);
  std::vector<WeightedKey> kept;
  Residuals& residuals = residuals_[map];
  for (std::size_t r = 0; r < count; ++r) {
    const Mask::Range visible = VisibleKeys(rows, r);
    const double residual =
        KeepLargest(rows.weights + r * rows.stride, visible.begin, visible.end, k, &kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      keys[r * k + i] = kept[i].key;
      weights[r * k + i] = kept[i].weight;
    }
    left[r] = static_cast<float>(residual);
    if (!(residual <= residuals.worst)) residuals.worst = residual;  // keeps a NaN
    residuals.sum += residual;
  }
  residuals.rows += count;

  const std::size_t first = map * shape_.tokens + rows.query_begin;
  if (maps_ != nullptr) {
    const auto step = [&](std::size_t row) { return static_cast<std::ptrdiff_t>(row); };
    std::copy(keys.begin(), keys.end(), maps_->keys.begin() + step(first * k));
    std::copy(weights.begin(), weights.end(), maps_->weights.begin() + step(first * k));
    std::copy(left.begin(), left.end(), maps_->residuals.begin() + step(first));
  }
  const auto offset = static_cast<std::uint64_t>(first);
  writer_->Write(key_slots_, offset * k * sizeof(std::int32_t), keys.data(),
                 keys.size() * sizeof(std::int32_t));
  writer_->Write(residual_slots_, offset * sizeof(float), left.data(), count * sizeof(float));
  if (!shape_.half) {
    writer_->Write(weight_slots_, offset * k * sizeof(float), weights.data(),
                   weights.size() * sizeof(float));
  } else if (ArrayWriter::IsWanted(weight_slots_)) {
    std::vector<std::uint16_t> halves(weights.size());
    FloatsToHalves(weights.data(), weights.size(), halves.data());
    writer_->Write(weight_slots_, offset * k * sizeof(std::uint16_t), halves.data(),
                   halves.size() * sizeof(std::uint16_t));
  }
}

double TopKRecorder::worst_residual() const {
  double worst = 0.0;
  for (const Residuals& head : residuals_) {
    if (!(head.worst <= worst)) worst = head.worst;
  }
  return worst;
}

double TopKRecorder::mean_residual() const {
  double sum = 0.0;
  std::size_t rows = 0;
  for (const Residuals& head : residuals_) {
    sum += head.sum;
    rows += head.rows;
  }
  return rows == 0 ? 0.0 : sum / static_cast<double>(rows);
}

}  // namespace fovea::dump
