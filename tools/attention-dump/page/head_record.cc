#include "tools/attention-dump/page/head_record.h"

#include <algorithm>

#include "fovea/half.h"
#include "tools/attention-dump/page/packing.h"

namespace fovea::dump {

HeadRecord::HeadRecord(const HeadRecordOptions& options) : options_(options) {
  if (options_.pyramid_block > 0) {
    pyramid_.emplace(options_.causal, options_.pyramid_block, /*with_means=*/true);
  } else {
    thumbnail_.emplace(options_.causal, 1, /*with_means=*/false, 2 * kMaxThumbnailSide);
  }
}

void HeadRecord::Add(const AttentionRows& rows) {
  statistics_.OnRows(rows);
  const Mask mask{.kind = rows.mask, .window = rows.window, .first_query = rows.query_begin};
  BlockMap& blocks = pyramid_ ? *pyramid_ : *thumbnail_;
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const float* weights = rows.weights + r * rows.stride;
    const Mask::Range visible = mask.KeyRange(r, rows.key_count);
    blocks.AddRow(weights, visible.begin, visible.end);
    if (!options_.weights) continue;
    const std::size_t count = visible.end - visible.begin;
    rows_.push_back({visible.begin, visible.end, halves_.size() + floats_.size()});
    if (options_.half) {
      const std::size_t first = halves_.size();
      halves_.resize(first + count);
      FloatsToHalves(weights + visible.begin, count, halves_.data() + first);
    } else {
      floats_.insert(floats_.end(), weights + visible.begin, weights + visible.end);
    }
  }
}

void HeadRecord::Finish() {
  if (pyramid_) pyramid_->Finish();
  if (thumbnail_) thumbnail_->Finish();
}

HeadStatistics HeadRecord::Statistics() const {
  const std::vector<HeadStatistics> heads = statistics_.Heads();
  return heads.empty() ? HeadStatistics() : heads.front();
}

std::vector<std::uint8_t> HeadRecord::Thumbnail(std::size_t* side) const {
  return (pyramid_ ? *pyramid_ : *thumbnail_).Square(kMaxThumbnailSide, side);
}

void HeadRecord::CopyRow(std::size_t row, std::span<float> out) const {
  const auto [begin, end, first] = rows_[row];
  float* const target = out.data() + begin;
  if (options_.half) {
    const std::uint16_t* const halves = halves_.data() + first;
    std::transform(halves, halves + (end - begin), target, HalfToFloat);
  } else {
    std::copy_n(floats_.data() + first, end - begin, target);
  }
}

std::string HeadRecord::WeightPlanes() const {
  return options_.half ? BytePlanes<std::uint16_t>(halves_) : FloatPlanes(floats_);
}

}  // namespace fovea::dump
