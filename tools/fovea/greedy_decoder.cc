#include "tools/fovea/greedy_decoder.h"
#include "fovea/status_macros.h"

#include <fovea/sampler.h>
#include <algorithm>

namespace fovea::tools {

GreedyDecoder::GreedyDecoder(Session& session, std::span<const std::int32_t> prompt,
                             std::size_t max_draft)
    : session_(session), max_draft_(max_draft) {
  lookup_.Append(prompt);
}

Result<std::span<const std::int32_t>> GreedyDecoder::RunOne(std::int32_t id) {
  auto logits = session_.Decode(id);
  FOVEA_RETURN_IF_ERROR(logits);
  ++runs_;
  next_.assign(1, ArgMax(*logits));
  return std::span<const std::int32_t>(next_);
}

Result<std::span<const std::int32_t>> GreedyDecoder::Next(std::int32_t id, std::size_t most) {
  lookup_.Append(id);
  const std::size_t start = session_.position();
  const std::size_t room = session_.context_size() - start;
  std::size_t limit = std::min(max_draft_, most - 1);
  limit = std::min(limit, room == 0 ? 0 : room - 1);
  const std::span<const std::int32_t> draft = lookup_.Draft(limit);
  if (draft.empty()) return RunOne(id);

  batch_.assign(1, id);
  batch_.insert(batch_.end(), draft.begin(), draft.end());
  next_.clear();
  const auto choose = [this](std::size_t, std::span<const float> logits) {
    next_.push_back(ArgMax(logits));
  };
  auto logits = session_.Prefill(batch_, {.on_logits = choose});
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

}  // namespace fovea::tools
