#include "engine/model/greedy_decoder.h"

#include <algorithm>

#include "fovea/sampler.h"
#include "fovea/status_macros.h"

namespace fovea::model {

GreedyDecoder::GreedyDecoder(Session& session, std::span<const std::int32_t> prompt,
                             std::size_t max_draft, const RunOptions& run)
    : session_(session), run_(run), max_draft_(max_draft) {
  lookup_.Append(prompt);
}

Result<std::span<const std::int32_t>> GreedyDecoder::RunOne(std::int32_t id) {
  auto logits = session_.Decode(id, run_);
  FOVEA_RETURN_IF_ERROR(logits);
  ++runs_;
  next_.assign(1, ArgMax(*logits));
  return std::span<const std::int32_t>(next_);
}

Result<std::span<const std::int32_t>> GreedyDecoder::Next(std::int32_t id, std::size_t max_tokens) {
  lookup_.Append(id);
  const std::size_t start = session_.position();
  const std::size_t free_positions = session_.context_size() - start;
  std::size_t limit = std::min(max_draft_, max_tokens - 1);
  limit = std::min(limit, free_positions == 0 ? 0 : free_positions - 1);
  const std::span<const std::int32_t> draft = lookup_.Draft(limit);
  if (draft.empty()) return RunOne(id);

  batch_.assign(1, id);
  batch_.insert(batch_.end(), draft.begin(), draft.end());
  next_.clear();
  RunOptions run = run_;
  run.on_logits = [this](std::size_t /*position*/, std::span<const float> logits) {
    next_.push_back(ArgMax(logits));
  };
  auto logits = session_.Prefill(batch_, run);
  if (!logits) {
    // A wrong guess may lead to logits that are not finite; it must not end a text that goes on.
    if (logits.status().code() == StatusCode::kNonFinite) return RunOne(id);
    return logits.status();
  }
  ++runs_;
  std::size_t right = 0;
  while (right + 1 < batch_.size() && batch_[right + 1] == next_[right]) ++right;
  drafted_ += batch_.size() - 1;
  accepted_ += right;
  FOVEA_RETURN_IF_ERROR(session_.Truncate(start + 1 + right));
  next_.resize(right + 1);
  lookup_.Append(std::span<const std::int32_t>(next_).first(right));
  return std::span<const std::int32_t>(next_);
}

}  // namespace fovea::model
