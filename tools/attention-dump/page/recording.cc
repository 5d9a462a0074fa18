#include "tools/attention-dump/page/recording.h"

#include <algorithm>
#include <cmath>

#include "tools/attention-dump/page/text_code.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kMaxPyramidSide = 2048;
/// Of the page, at most; the rest is for the trace.
constexpr double kPyramidShare = 0.4;
/// What deflate leaves of a pyramid's codes, about.
constexpr double kPyramidPacked = 0.7;
constexpr double kTextBytesPerByte = 16.0 / 13.0;

std::size_t PyramidBlock(const RecordingPlan& plan, double page_bytes, double maps) {
  std::size_t block = 2;
  for (; block < plan.tokens; block *= 2) {
    const double side = std::ceil(static_cast<double>(plan.tokens) / static_cast<double>(block));
    const double codes = maps * 2.0 * (plan.causal ? side * (side + 1.0) / 2.0 : side * side);
    if (side <= static_cast<double>(kMaxPyramidSide) &&
        codes * kPyramidPacked * kTextBytesPerByte <= page_bytes * kPyramidShare) {
      break;
    }
  }
  return block;
}

}  // namespace

std::vector<std::size_t> RecordingPlan::KvHeads() const {
  std::vector<std::size_t> kv_heads;
  for (const std::size_t head : heads) kv_heads.push_back(KvHead(head));
  std::sort(kv_heads.begin(), kv_heads.end());
  kv_heads.erase(std::unique(kv_heads.begin(), kv_heads.end()), kv_heads.end());
  return kv_heads;
}

std::size_t RecordingPlan::KvIndex(std::size_t kv_head) const {
  const std::vector<std::size_t> kv_heads = KvHeads();
  const auto found = std::lower_bound(kv_heads.begin(), kv_heads.end(), kv_head);
  return static_cast<std::size_t>(found - kv_heads.begin());
}

double RecordingPlan::VisibleCells() const {
  const auto all = static_cast<double>(tokens);
  double cells = 0.0;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    const std::size_t window = layer < windows.size() ? windows[layer] : 0;
    if (!causal) {
      // A symmetric window leaves out a triangle on either side.
      const auto hidden =
          window == 0 || window / 2 >= tokens ? 0.0 : all - static_cast<double>(window / 2) - 1.0;
      cells += all * all - hidden * (hidden + 1.0);
    } else if (window == 0 || window >= tokens) {
      cells += all * (all + 1.0) / 2.0;
    } else {
      const auto seen = static_cast<double>(window);
      cells += seen * (seen + 1.0) / 2.0 + (all - seen) * seen;
    }
  }
  return cells * static_cast<double>(heads.size());
}

double RecordingPlan::Bytes() const {
  const auto all = static_cast<double>(tokens);
  const auto maps = static_cast<double>(layers.size() * heads.size());
  double bytes = maps * (3.0 * all * sizeof(float) + kMaxThumbnailSide * kMaxThumbnailSide * 4);
  if (weights) bytes += 2.0 * VisibleCells() * (half ? 2.0 : 4.0);  // growing vectors
  if (trace) {
    const std::size_t rows = layers.size() * (heads.size() + KvHeads().size());
    // The codes take half as much again.
    bytes += 1.5 * static_cast<double>(rows * head_dim * sizeof(float)) * all;
  }
  if (pyramid_block > 0) {
    const double side = all / static_cast<double>(pyramid_block) + 1.0;
    bytes += maps * 2.0 * side * side;
  }
  return bytes;
}

RecordingPlan PlanRecording(const DumpShape& shape, const ModelInfo& model,
                            std::uint64_t page_bytes, std::size_t texts, bool also_without_mask) {
  RecordingPlan plan;
  plan.tokens = shape.tokens;
  plan.layers = shape.layers;
  plan.heads = shape.heads;
  plan.causal = shape.causal;
  for (const std::size_t layer : shape.layers) {
    plan.windows.push_back(layer < model.windows.size() ? model.windows[layer] : 0);
  }
  plan.model_heads = shape.model_heads;
  plan.heads_per_kv_head = shape.model_heads / std::max<std::size_t>(shape.kv_heads, 1);
  plan.head_dim = shape.head_dim;
  plan.half = shape.half;
  const double bytes = static_cast<double>(page_bytes) / static_cast<double>(texts);
  const auto all = static_cast<double>(shape.tokens);
  const auto maps = static_cast<double>(shape.layers.size() * shape.heads.size());
  const double cells = plan.VisibleCells() + (also_without_mask ? maps * all * all : 0.0);
  // Queries and keys alone do not say what a model adds to scores by distance.
  const bool biased =
      model.position == PositionKind::kAlibi || model.position == PositionKind::kRelativeBuckets;
  plan.weights = biased || cells * (plan.half ? 2.0 : 4.0) * kTextBytesPerByte <= bytes;
  plan.trace = !plan.weights || also_without_mask;
  if (shape.tokens > kMaxTokensWithoutPyramid) {
    plan.pyramid_block = PyramidBlock(plan, bytes, maps * (also_without_mask ? 3.0 : 1.0));
  }
  return plan;
}

}  // namespace fovea::dump
