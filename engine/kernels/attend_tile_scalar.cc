// The attention tile in plain C++: one row at a time, readable, the oracle of the vector kernels.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/kernels/attend_tile.h"
#include "engine/tensor/dequantize.h"

namespace fovea::kernels::scalar {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

/// Element i of a cached key or value row.
float Element(DataType type, const std::byte* row, std::size_t i) {
  if (type == DataType::kF32) {
    float value;
    std::memcpy(&value, row + i * sizeof(float), sizeof(float));
    return value;
  }
  std::uint16_t half;
  std::memcpy(&half, row + i * sizeof(half), sizeof(half));
  return HalfToFloat(half);
}

float Score(const AttendTileArgs& args, const float* query, std::size_t key) {
  if (args.key_valid != nullptr && args.key_valid[key] == 0) return kMasked;
  const std::byte* row = args.key + key * args.key_stride_bytes;
  float sum = 0.0F;
  for (std::size_t i = 0; i < args.head_dim; ++i) sum += query[i] * Element(args.kv_type, row, i);
  const float score = sum * args.scale;
  return args.softcap > 0.0F ? args.softcap * std::tanh(score / args.softcap) : score;
}

/// The larger one; NaN if either is.
float MaxOrNan(float a, float b) {
  return (a > b || std::isnan(a)) ? a : b;
}

/// What the softmax knows of one row so far; its weighted values are kept beside it.
struct RunningRow {
  float max = kMasked;
  float sum = 0.0F;
};

/// Adds the keys [begin, end) of one key tile to the row.
void AttendKeys(const AttendTileArgs& args, std::size_t begin, std::size_t end, const float* scores,
                RunningRow* row, float* accumulated) {
  float max = row->max;
  for (std::size_t key = begin; key < end; ++key) max = MaxOrNan(max, scores[key - begin]);
  if (max == kMasked) return;  // Nothing visible so far.
  const float rescale = std::exp(row->max - max);
  row->max = max;
  row->sum *= rescale;
  for (std::size_t i = 0; i < args.value_dim; ++i) accumulated[i] *= rescale;
  for (std::size_t key = begin; key < end; ++key) {
    if (scores[key - begin] == kMasked) continue;
    const float weight = std::exp(scores[key - begin] - max);
    const std::byte* value = args.value + key * args.value_stride_bytes;
    row->sum += weight;
    for (std::size_t i = 0; i < args.value_dim; ++i) {
      accumulated[i] += weight * Element(args.kv_type, value, i);
    }
  }
}

void AttendRow(const AttendTileArgs& args, std::size_t r) {
  const std::size_t begin = args.key_begin[r];
  const std::size_t end = std::max(args.key_end[r], begin);
  const float* query = args.query + r * args.query_stride;
  float* raw = args.weights != nullptr ? args.weights + r * args.weights_stride : nullptr;
  if (raw != nullptr) std::fill_n(raw, args.key_count, kMasked);

  float* accumulated = args.scratch;
  std::fill_n(accumulated, args.value_dim, 0.0F);
  RunningRow row;
  float scores[kKeyTile];
  for (std::size_t key = begin; key < end;) {
    const std::size_t next = std::min(end, (key / kKeyTile + 1) * kKeyTile);
    for (std::size_t j = key; j < next; ++j) scores[j - key] = Score(args, query, j);
    AttendKeys(args, key, next, scores, &row, accumulated);
    if (raw != nullptr) std::copy_n(scores, next - key, raw + key);
    key = next;
  }

  const bool sees_nothing = row.max == kMasked;
  args.log_sum_exp[r] = sees_nothing ? kMasked
                                     : static_cast<float>(static_cast<double>(row.max) +
                                                          std::log(static_cast<double>(row.sum)));
  const float inverse = sees_nothing ? 0.0F : 1.0F / row.sum;
  float* out = args.out + r * args.out_stride;
  for (std::size_t i = 0; i < args.value_dim; ++i) out[i] = accumulated[i] * inverse;

  if (args.scores != nullptr && raw != nullptr) {
    std::copy_n(raw, args.key_count, args.scores + r * args.weights_stride);
  }
  if (raw == nullptr) return;
  for (std::size_t key = 0; key < args.key_count; ++key) {
    // max rather than log-sum-exp: the same number, but exact where scores are large.
    raw[key] = raw[key] == kMasked ? 0.0F : std::exp(raw[key] - row.max) * inverse;
  }
}

}  // namespace

std::size_t AttendScratchFloats(std::size_t head_dim, std::size_t value_dim) {
  static_cast<void>(head_dim);
  return value_dim;
}

void AttendTile(const AttendTileArgs& args) {
  for (std::size_t r = 0; r < args.queries; ++r) AttendRow(args, r);
}

}  // namespace fovea::kernels::scalar
