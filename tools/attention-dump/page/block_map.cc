#include "tools/attention-dump/page/block_map.h"

#include <algorithm>
#include <cmath>

namespace fovea::dump {

std::uint8_t WeightCode(float weight) {
  constexpr float kStepsPerDecade = 254.0F / 6.0F;
  if (!(weight > 0.0F)) return 0;
  const float code = std::round(255.0F + kStepsPerDecade * std::log10(weight));
  return static_cast<std::uint8_t>(std::clamp(code, 0.0F, 255.0F));
}

BlockMap::BlockMap(bool causal, std::size_t block, bool with_means, std::size_t most_side)
    : causal_(causal), block_(block), with_means_(with_means), most_side_(most_side) {}

void BlockMap::AddRow(const float* weights, std::size_t begin, std::size_t end) {
  if (pending_.size() == block_) Flush();
  if (column_largest_.size() < end) {
    column_largest_.resize(end, 0.0F);
    if (with_means_) column_sum_.resize(end, 0.0F);
  }
  float* largest = column_largest_.data();
  for (std::size_t key = begin; key < end; ++key) {
    largest[key] = weights[key] > largest[key] ? weights[key] : largest[key];
  }
  if (with_means_) {
    float* sum = column_sum_.data();
    for (std::size_t key = begin; key < end; ++key) sum[key] += weights[key];
  }
  pending_.push_back({begin, end});
}

void BlockMap::Finish() {
  if (!pending_.empty()) Flush();
}

void BlockMap::Flush() {
  const std::size_t keys = column_largest_.size();
  const std::size_t row = largest_.size();
  const std::size_t blocks = causal_ ? row + 1 : (keys + block_ - 1) / block_;
  std::vector<std::uint8_t> largest(blocks, 0), means(with_means_ ? blocks : 0, 0);
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t begin = std::min(block * block_, keys);
    const std::size_t end = std::min(begin + block_, keys);
    float most = 0.0F;
    for (std::size_t key = begin; key < end; ++key) most = std::max(most, column_largest_[key]);
    largest[block] = WeightCode(most);
    if (!with_means_) continue;
    double sum = 0.0;
    for (std::size_t key = begin; key < end; ++key) sum += static_cast<double>(column_sum_[key]);
    std::size_t cells = 0;
    for (const Visible& visible : pending_) {
      const std::size_t last = std::min(end, visible.end);
      const std::size_t first = std::max(begin, visible.begin);
      cells += last > first ? last - first : 0;
    }
    if (cells > 0) means[block] = WeightCode(static_cast<float>(sum / static_cast<double>(cells)));
  }
  largest_.push_back(std::move(largest));
  if (with_means_) means_.push_back(std::move(means));
  pending_.clear();
  std::fill(column_largest_.begin(), column_largest_.end(), 0.0F);
  std::fill(column_sum_.begin(), column_sum_.end(), 0.0F);
  if (most_side_ > 0 && largest_.size() == most_side_) {
    largest_ = Halved(largest_);
    block_ *= 2;
  }
}

BlockMap::Rows BlockMap::Halved(const Rows& rows) {
  Rows halved((rows.size() + 1) / 2);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::vector<std::uint8_t>& target = halved[row / 2];
    target.resize(std::max(target.size(), (rows[row].size() + 1) / 2), 0);
    for (std::size_t column = 0; column < rows[row].size(); ++column) {
      target[column / 2] = std::max(target[column / 2], rows[row][column]);
    }
  }
  return halved;
}

std::string BlockMap::Join(const Rows& rows) {
  std::string codes;
  for (const std::vector<std::uint8_t>& row : rows) codes.append(row.begin(), row.end());
  return codes;
}

std::vector<std::uint8_t> BlockMap::Square(std::size_t most_side, std::size_t* side) const {
  Rows rows = largest_;
  while (rows.size() > most_side) rows = Halved(rows);
  *side = rows.size();
  std::vector<std::uint8_t> square(rows.size() * rows.size(), 0);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::copy(rows[row].begin(), rows[row].end(),
              square.begin() + static_cast<std::ptrdiff_t>(row * rows.size()));
  }
  return square;
}

}  // namespace fovea::dump
