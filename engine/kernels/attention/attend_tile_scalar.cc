// The attention tile in plain C++: one row at a time, readable, the reference implementation of the
// vector kernels.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "engine/kernels/attention/attend_tile.h"
#include "engine/tensor/dequantize.h"

namespace fovea::kernels::scalar {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

float FloatAt(const std::byte* from) {
  float value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

/// The stored element at `from`, times `scale` if it is an 8-bit integer.
float Element(DataType type, const std::byte* from, float scale) {
  if (type == DataType::kF32) return FloatAt(from);
  if (type == DataType::kQ8_0) return static_cast<float>(static_cast<std::int8_t>(*from)) * scale;
  std::uint16_t bits;
  std::memcpy(&bits, from, sizeof(bits));
  return type == DataType::kF16 ? HalfToFloat(bits) : BFloat16ToFloat(bits);
}

/// Element i of key j.
float KeyElement(const AttendTileArgs& args, std::size_t j, std::size_t i) {
  if (!args.blocked) return FloatAt(args.key + j * args.key_stride + i * sizeof(float));
  const std::byte* block = args.key + j / kKvBlock * args.key_stride;
  const std::size_t place = j % kKvBlock;
  const float scale = args.key_type == DataType::kQ8_0
                          ? FloatAt(block + KeyBlockElementBytes(args.key_type, args.head_dim) +
                                    place * sizeof(float))
                          : 1.0F;
  return Element(args.key_type, block + (i * kKvBlock + place) * KvElementBytes(args.key_type),
                 scale);
}

/// Element i of value j.
float ValueElement(const AttendTileArgs& args, std::size_t j, std::size_t i) {
  if (!args.blocked) return FloatAt(args.value + j * args.value_stride + i * sizeof(float));
  const std::byte* block = args.value + j / kKvBlock * args.value_stride;
  const std::size_t place = j % kKvBlock;
  const float scale =
      args.value_type == DataType::kQ8_0
          ? FloatAt(block + ValueBlockElementBytes(args.value_type, args.value_dim) +
                    place * sizeof(float))
          : 1.0F;
  const std::size_t element = place * PaddedDim(args.value_dim) + i;
  return Element(args.value_type, block + element * KvElementBytes(args.value_type), scale);
}

float Score(const AttendTileArgs& args, std::size_t r, const float* query, std::size_t key) {
  if (args.key_valid != nullptr && args.key_valid[key] == 0) return kMasked;
  float sum = 0.0F;
  for (std::size_t i = 0; i < args.head_dim; ++i) {
    sum += query[i] * args.scale * KeyElement(args, key, i);
  }
  if (args.softcap > 0.0F) sum = args.softcap * std::tanh(sum / args.softcap);
  if (args.bias == nullptr) return sum;
  const float* bias = args.bias + r % args.heads * args.bias_stride;
  return sum + bias[args.bias_first + key - r / args.heads];
}

/// The larger one; NaN if either is.
float MaxOrNan(float a, float b) {
  return (a > b || std::isnan(a)) ? a : b;
}

/// The running softmax of one row; its weighted values are kept beside it.
struct RunningRow {
  float max = kMasked;
  float sum = 0.0F;

  bool SawNothing() const { return max == kMasked; }
};

/// The keys [begin, end) of one split; values must be 0 before.
RunningRow AttendKeys(const AttendTileArgs& args, std::size_t begin, std::size_t end,
                      const float* scores, float* values) {
  RunningRow row;
  for (std::size_t key = begin; key < end; ++key) row.max = MaxOrNan(row.max, scores[key - begin]);
  if (row.SawNothing()) return row;
  for (std::size_t key = begin; key < end; ++key) {
    if (scores[key - begin] == kMasked) continue;
    const float weight = std::exp(scores[key - begin] - row.max);
    row.sum += weight;
    for (std::size_t i = 0; i < args.value_dim; ++i) {
      values[i] += weight * ValueElement(args, key, i);
    }
  }
  return row;
}

/// Merges a finished split into the row's results so far.
void MergeKvSplit(const RunningRow& split, const float* split_values, std::size_t value_dim,
                  RunningRow* row, float* values) {
  if (split.SawNothing()) return;
  if (row->SawNothing()) {
    *row = split;
    std::copy_n(split_values, value_dim, values);
    return;
  }
  const float max = MaxOrNan(row->max, split.max);
  const float old_factor = std::exp(row->max - max);
  const float split_factor = std::exp(split.max - max);
  row->max = max;
  row->sum = row->sum * old_factor + split.sum * split_factor;
  for (std::size_t i = 0; i < value_dim; ++i) {
    values[i] = values[i] * old_factor + split_values[i] * split_factor;
  }
}

/// Divides by the denominator; returns the log-sum-exp.
float Finish(const RunningRow& row, const float* values, std::size_t value_dim, float* out) {
  const float inverse = row.SawNothing() ? 0.0F : 1.0F / row.sum;
  for (std::size_t i = 0; i < value_dim; ++i)
    out[i] = row.SawNothing() ? 0.0F : values[i] * inverse;
  if (row.SawNothing()) return kMasked;
  return static_cast<float>(static_cast<double>(row.max) + std::log(static_cast<double>(row.sum)));
}

/// scores: where the scores of all keys go, or null.
RunningRow AttendKvSplits(const AttendTileArgs& args, std::size_t r, float* values, float* all) {
  const std::size_t begin = args.key_begin[r];
  const std::size_t end = args.key_end[r];
  const float* query =
      args.query + r / args.heads * args.query_stride + r % args.heads * args.head_dim;
  float* split_values = values + args.value_dim;
  RunningRow row;
  float scores[kKvSplit];
  for (std::size_t key = begin; key < end;) {
    const std::size_t next = std::min(end, (key / kKvSplit + 1) * kKvSplit);
    for (std::size_t j = key; j < next; ++j) scores[j - key] = Score(args, r, query, j);
    std::fill_n(split_values, args.value_dim, 0.0F);
    const RunningRow split = AttendKeys(args, key, next, scores, split_values);
    if (all != nullptr) std::copy_n(scores, next - key, all + key);
    MergeKvSplit(split, split_values, args.value_dim, &row, values);
    key = next;
  }
  return row;
}

void AttendRow(const AttendTileArgs& args, std::size_t r) {
  float* raw = args.weights != nullptr ? args.weights + r * args.weights_stride : nullptr;
  if (raw != nullptr) std::fill_n(raw, args.key_count, kMasked);
  float* values = args.scratch;
  const RunningRow row = AttendKvSplits(args, r, values, raw);
  if (args.partial != nullptr) {
    float* partial = args.partial + r * args.partial_stride;
    partial[0] = row.max;
    partial[1] = row.sum;
    if (!row.SawNothing()) std::copy_n(values, args.value_dim, partial + kPartialHeader);
    return;
  }
  float* out = args.out + r / args.heads * args.out_stride + r % args.heads * args.value_dim;
  args.log_sum_exp[r] = Finish(row, values, args.value_dim, out);
  if (raw == nullptr) return;
  if (args.scores != nullptr) {
    std::copy_n(raw, args.key_count, args.scores + r * args.weights_stride);
  }
  for (std::size_t key = 0; key < args.key_count; ++key) {
    // max rather than log-sum-exp: the same number, but exact where scores are large.
    raw[key] = raw[key] == kMasked ? 0.0F : std::exp(raw[key] - row.max) * (1.0F / row.sum);
  }
}

}  // namespace

std::size_t AttendScratchFloats(std::size_t head_dim, std::size_t value_dim) {
  static_cast<void>(head_dim);
  return 2 * value_dim;
}

void AttendTile(const AttendTileArgs& args) {
  for (std::size_t r = 0; r < args.rows; ++r) AttendRow(args, r);
}

float AttendMerge(float* partial, std::size_t splits, std::size_t stride, std::size_t value_dim,
                  float* out) {
  RunningRow row{partial[0], partial[1]};
  float* values = partial + kPartialHeader;
  for (std::size_t p = 1; p < splits; ++p) {
    const float* split = partial + p * stride;
    MergeKvSplit({split[0], split[1]}, split + kPartialHeader, value_dim, &row, values);
  }
  return Finish(row, values, value_dim, out);
}

}  // namespace fovea::kernels::scalar
