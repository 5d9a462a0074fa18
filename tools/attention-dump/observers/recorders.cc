#include "tools/attention-dump/observers/recorders.h"

#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/observers/bidirectional.h"

namespace fovea::dump {
namespace {

Result<std::uint64_t> MapBytes(const DumpShape& shape, std::size_t block) {
  const std::uint64_t side = (shape.tokens + block - 1) / block;
  return ArrayBytes(ElementType::kF32, {shape.layers.size(), shape.heads.size(), side, side});
}

}  // namespace

Result<std::uint64_t> KeptBytes(const KeepPlan& plan, const DumpShape& shape) {
  std::uint64_t total = 0;
  const auto add = [&](Result<std::uint64_t> bytes, std::uint64_t times) {
    FOVEA_RETURN_IF_ERROR(bytes);
    total += *bytes * times;
    return Status::Ok();
  };
  Status status;
  if (plan.whole_maps)
    status = add(MapBytes(shape, 1), plan.bidirectional || plan.value_norms != nullptr ? 2 : 1);
  if (status.ok() && plan.picture_block > 1) status = add(MapBytes(shape, plan.picture_block), 1);
  if (status.ok() && plan.pooled) status = add(MapBytes(shape, shape.pool), 2);
  if (status.ok() && plan.top_k) {
    // Keys and weights.
    status = add(ArrayBytes(ElementType::kF32,
                            {shape.layers.size(), shape.heads.size(), shape.tokens, shape.top_k}),
                 2);
  }
  FOVEA_RETURN_IF_ERROR(status);
  return total;
}

Recorders::Recorders(const KeepPlan& plan, const DumpShape& shape,
                     const std::vector<ArrayFile*>& files, KeptMaps* kept)
    : shape_(shape),
      plan_(plan),
      kept_(kept),
      writer_(files),
      no_files_({}),
      dump_(shape, &writer_, plan.whole_maps ? &kept->whole : nullptr,
            plan.bidirectional ? &traces_ : nullptr),
      row_sums_({.layers = shape.layers, .heads = shape.heads}) {
  const bool weighted = plan.value_norms != nullptr && !shape.layers.empty();
  ObserverGroup* const cells = weighted ? &cells_ : &observers_;
  cells->Add(&dump_);
  if (shape.top_k > 0) {
    top_k_ = std::make_unique<TopKRecorder>(shape, &writer_, plan.top_k ? &kept->top_k : nullptr);
    cells->Add(top_k_.get());
  }
  if (shape.pool > 0) {
    pool_ = std::make_unique<PoolRecorder>(shape, shape.pool, &writer_,
                                           plan.pooled ? &kept->pooled.largest : nullptr,
                                           plan.pooled ? &kept->pooled.mean : nullptr);
    cells->Add(pool_.get());
  }
  if (plan.picture_block > 1) {
    picture_ = std::make_unique<PoolRecorder>(shape, plan.picture_block, &no_files_, &kept->picture,
                                              nullptr);
    cells->Add(picture_.get());
  }
  if (weighted) {
    observers_.Add(&weighted_.emplace(plan.value_norms, shape.layers.back() + 1, shape.model_heads,
                                      shape.tokens, &cells_));
  }
  if (plan.statistics) {
    statistics_ = std::make_unique<StatisticsByHead>(shape.layers, shape.heads);
    observers_.Add(statistics_.get());
  }
  if (plan.others_take_rows || observers_.selection().rows) observers_.Add(&row_sums_);
}

Status Recorders::Finish(DumpInfo* info) {
  const std::size_t tokens = info->tokens.size();
  info->row_sum_error = row_sums_.error();
  for (MapSet* maps :
       {&kept_->whole, &kept_->picture, &kept_->pooled.largest, &kept_->pooled.mean}) {
    maps->windows = info->windows;
    maps->causal = shape_.causal;
  }
  if (top_k_ != nullptr) {
    info->lossy.push_back(
        {LossyPart::Kind::kTopK, shape_.top_k, top_k_->worst_residual(), top_k_->mean_residual()});
  }
  if (pool_ != nullptr) {
    pool_->Finish(tokens);
    info->lossy.push_back({.kind = LossyPart::Kind::kPool, .size = shape_.pool});
  }
  if (picture_ != nullptr) picture_->Finish(tokens);
  if (statistics_ != nullptr) kept_->statistics = statistics_->Heads();
  TrimMaps(tokens, &kept_->whole);
  if (!plan_.bidirectional) return Status::Ok();
  Result<MapSet> maps = BidirectionalMaps(shape_, traces_, tokens);
  if (!maps) return About("--compare-mask", maps.status());
  kept_->bidirectional = std::move(*maps);
  return Status::Ok();
}

}  // namespace fovea::dump
