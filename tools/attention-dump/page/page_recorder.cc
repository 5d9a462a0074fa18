#include "tools/attention-dump/page/page_recorder.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

namespace fovea::dump {
namespace {

constexpr std::size_t kCandidates = 5;

/// values [count, heads_in_row, dim], of the positions from `begin` on, become rows of
/// [head, planned tokens, dim].
void CopyHead(const float* values, std::size_t heads_in_row, std::size_t head, std::size_t begin,
              std::size_t count, std::size_t dim, float* to) {
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(values + (i * heads_in_row + head) * dim, dim, to + (begin + i) * dim);
  }
}

}  // namespace

PageRecorder::PageRecorder(RecordingPlan plan, std::span<const std::int32_t> prompt,
                           Kernels kernels, const ValueNorms* value_norms)
    : plan_(std::move(plan)),
      index_(plan_.layers, plan_.heads),
      kv_heads_(plan_.KvHeads()),
      prompt_(prompt.begin(), prompt.end()),
      kernels_(kernels),
      value_norms_(value_norms) {
  selection_ = {.layers = plan_.layers, .heads = plan_.heads, .trace = plan_.trace};
  recording_.plan = plan_;
  const std::size_t maps = plan_.layers.size() * plan_.heads.size();
  recording_.heads.reserve(maps);
  for (std::size_t map = 0; map < maps; ++map) {
    recording_.heads.emplace_back(HeadRecordOptions{.causal = plan_.causal,
                                                    .pyramid_block = plan_.pyramid_block,
                                                    .weights = plan_.weights,
                                                    .half = plan_.half});
  }
  if (value_norms_ != nullptr) {
    selection_.values = true;
    recording_.value_norms.assign(plan_.layers.size(),
                                  std::vector<float>(plan_.heads.size() * plan_.tokens));
  }
  if (!plan_.trace) return;
  const std::size_t per_head = plan_.tokens * plan_.head_dim;
  for (std::size_t layer = 0; layer < plan_.layers.size(); ++layer) {
    recording_.traces.push_back({.query = std::vector<float>(plan_.heads.size() * per_head),
                                 .key = std::vector<float>(kv_heads_.size() * per_head)});
  }
}

void PageRecorder::OnRows(const AttentionRows& rows) {
  const std::size_t map = index_.Map(rows);
  if (failed() || map == HeadIndex::kNone) return;
  try {
    recording_.heads[map].Add(rows);
  } catch (const std::bad_alloc&) {
    failed_.store(true, std::memory_order_relaxed);
  }
}

void PageRecorder::OnTrace(const AttentionTrace& trace) {
  const std::size_t layer = index_.Layer(trace.layer);
  if (!plan_.trace || layer == HeadIndex::kNone) return;
  RecordedTrace& kept = recording_.traces[layer];
  kept.scale = trace.scale;
  kept.softcap = trace.softcap;
  kept.isa = trace.isa;
  const std::size_t per_head = plan_.tokens * plan_.head_dim;
  for (std::size_t i = 0; i < plan_.heads.size(); ++i) {
    CopyHead(trace.query, trace.heads, plan_.heads[i], trace.query_begin, trace.query_count,
             trace.head_dim, kept.query.data() + i * per_head);
  }
  for (std::size_t i = 0; i < kv_heads_.size(); ++i) {
    CopyHead(trace.key, trace.kv_heads, kv_heads_[i], trace.key_begin, trace.key_count,
             trace.head_dim, kept.key.data() + i * per_head);
  }
}

void PageRecorder::OnValues(const AttentionValues& values) {
  const std::size_t layer = index_.Layer(values.layer);
  if (failed() || value_norms_ == nullptr || layer == HeadIndex::kNone) return;
  try {
    std::vector<float> norms(plan_.model_heads * values.count);
    value_norms_->Norms(values.layer, values, norms.data());
    for (std::size_t head = 0; head < plan_.heads.size(); ++head) {
      std::copy_n(norms.data() + plan_.heads[head] * values.count, values.count,
                  recording_.value_norms[layer].data() + head * plan_.tokens + values.begin);
    }
  } catch (const std::bad_alloc&) {
    failed_.store(true, std::memory_order_relaxed);
  }
}

void PageRecorder::OnLogits(std::size_t position, std::span<const float> logits) {
  if (failed() || logits.empty()) return;
  try {
    const double log_sum = LogSumExp(logits, kernels_);
    const bool in_prompt = position + 1 < prompt_.size();
    const auto next = in_prompt ? static_cast<std::size_t>(prompt_[position + 1])
                                : static_cast<std::size_t>(ArgMax(logits));
    recording_.loss.push_back(log_sum - static_cast<double>(logits[next]));
    if (in_prompt) return;
    std::vector<std::int32_t> best(logits.size());
    for (std::size_t id = 0; id < best.size(); ++id) best[id] = static_cast<std::int32_t>(id);
    const std::size_t count = std::min(kCandidates, best.size());
    std::partial_sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(count), best.end(),
                      [&](std::int32_t a, std::int32_t b) {
                        const float left = logits[static_cast<std::size_t>(a)];
                        const float right = logits[static_cast<std::size_t>(b)];
                        return left > right || (left == right && a < b);
                      });
    Candidates candidates = {.position = position, .next = {}};
    for (std::size_t i = 0; i < count; ++i) {
      const double logit = static_cast<double>(logits[static_cast<std::size_t>(best[i])]);
      candidates.next.push_back({.id = best[i], .probability = std::exp(logit - log_sum)});
    }
    recording_.candidates.push_back(std::move(candidates));
  } catch (const std::bad_alloc&) {
    failed_.store(true, std::memory_order_relaxed);
  }
}

Recording PageRecorder::Take() {
  for (HeadRecord& head : recording_.heads) head.Finish();
  return std::move(recording_);
}

}  // namespace fovea::dump
