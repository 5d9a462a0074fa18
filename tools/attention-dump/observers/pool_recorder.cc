#include "tools/attention-dump/observers/pool_recorder.h"

#include <algorithm>
#include <cmath>
#include <new>

#include "tools/attention-dump/observers/visible_keys.h"

namespace fovea::dump {
namespace {

/// A NaN must not be lost among the numbers of its block.
float Larger(float a, float b) {
  return b > a || std::isnan(b) ? b : a;
}

}  // namespace

PoolRecorder::PoolRecorder(const DumpShape& shape, std::size_t block, ArrayWriter* writer,
                           MapSet* largest, MapSet* mean)
    : shape_(shape),
      block_(block),
      side_((shape.tokens + block - 1) / block),
      selection_({.layers = shape.layers, .heads = shape.heads}),
      index_(shape.layers, shape.heads),
      writer_(writer),
      largest_slots_(writer->Find("pooled_max")),
      mean_slots_(writer->Find("pooled_mean")),
      largest_(largest),
      mean_(mean),
      rows_(shape.layers.size() * shape.heads.size()) {
  for (BlockRow& row : rows_) {
    row.largest.assign(side_, 0.0F);
    row.sum.assign(side_, 0.0);
    row.cells.assign(side_, 0);
  }
  for (MapSet* maps : {largest_, mean_}) {
    if (maps == nullptr) continue;
    maps->tokens = shape.tokens;
    maps->block = block;
    maps->layers = shape.layers;
    maps->heads = shape.heads;
    maps->weights.assign(rows_.size() * side_ * side_, 0.0F);
  }
}

void PoolRecorder::OnRows(const AttentionRows& rows) {
  const std::size_t map = index_.Map(rows);
  if (map == HeadIndex::kNone || writer_->failed()) return;
  BlockRow& blocks = rows_[map];
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const std::size_t number = (rows.query_begin + r) / block_;
    if (blocks.begun && number != blocks.number) PutOut(map, &blocks);
    blocks.number = number;
    blocks.begun = true;
    AddRow(rows.weights + r * rows.stride, VisibleKeys(rows, r), &blocks);
  }
}

void PoolRecorder::AddRow(const float* row, const Mask::Range& visible, BlockRow* blocks) const {
  for (std::size_t begin = visible.begin; begin < visible.end;) {
    const std::size_t block = begin / block_;
    const std::size_t end = std::min(visible.end, (block + 1) * block_);
    float largest = blocks->cells[block] == 0 ? row[begin] : blocks->largest[block];
    double sum = 0.0;
    for (std::size_t key = begin; key < end; ++key) {
      largest = Larger(largest, row[key]);
      sum += static_cast<double>(row[key]);
    }
    blocks->largest[block] = largest;
    blocks->sum[block] += sum;
    blocks->cells[block] += end - begin;
    begin = end;
  }
}

void PoolRecorder::PutOut(std::size_t map, BlockRow* blocks) {
  blocks->begun = false;
  std::vector<float> mean;
  try {
    mean.resize(side_);
  } catch (const std::bad_alloc&) {
    writer_->Fail(0, Status(StatusCode::kOutOfMemory, "not enough memory for pooled maps"));
    return;
  }
  for (std::size_t i = 0; i < side_; ++i) {
    if (blocks->cells[i] == 0) continue;
    mean[i] = static_cast<float>(blocks->sum[i] / static_cast<double>(blocks->cells[i]));
  }
  const std::size_t row = (map * side_ + blocks->number) * side_;
  const auto offset = static_cast<std::uint64_t>(row) * sizeof(float);
  writer_->Write(largest_slots_, offset, blocks->largest.data(), side_ * sizeof(float));
  writer_->Write(mean_slots_, offset, mean.data(), side_ * sizeof(float));
  if (largest_ != nullptr) std::copy_n(blocks->largest.data(), side_, &largest_->weights[row]);
  if (mean_ != nullptr) std::copy_n(mean.data(), side_, &mean_->weights[row]);
  std::fill(blocks->largest.begin(), blocks->largest.end(), 0.0F);
  std::fill(blocks->sum.begin(), blocks->sum.end(), 0.0);
  std::fill(blocks->cells.begin(), blocks->cells.end(), 0);
}

void PoolRecorder::Finish(std::size_t tokens) {
  for (std::size_t map = 0; map < rows_.size(); ++map) {
    if (rows_[map].begun) PutOut(map, &rows_[map]);
  }
  if (largest_ != nullptr) TrimMaps(tokens, largest_);
  if (mean_ != nullptr) TrimMaps(tokens, mean_);
}

}  // namespace fovea::dump
