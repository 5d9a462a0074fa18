// Attention as an operator: checks the shapes, then runs the tiles (dot-like scores under a
// softmax) or the readable loop (everything else).
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

#include "engine/attention/scoring.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/attention.h"
#include "fovea/isa.h"
#include "fovea/status_macros.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

using kernels::kMaxTileRows;
using platform::CheckedSize;

Status Invalid(std::string message) {
  return Status(StatusCode::kInvalidArgument, "attend: " + std::move(message));
}

struct Extent {
  std::string_view name;
  std::size_t size;
};

/// Ok if `given` is the product of the shape.
Status CheckShape(std::string_view array, std::size_t given, std::initializer_list<Extent> shape) {
  CheckedSize needed = 1;
  std::string text;
  for (const Extent& extent : shape) {
    needed = needed * extent.size;
    text +=
        (text.empty() ? "" : ", ") + std::string(extent.name) + " " + std::to_string(extent.size);
  }
  if (needed.ok() && needed.value() == given) return Status::Ok();
  return Invalid(std::string(array) + " holds " + std::to_string(given) + " floats, but [" + text +
                 "] needs " + (needed.ok() ? std::to_string(needed.value()) : "too many"));
}

Status CheckScoring(const AttendInputs& in) {
  const ScoringWeights& w = in.weights;
  switch (in.scoring) {
    case ScoringFunction::kScaledDot:
    case ScoringFunction::kDot:
      if (in.query_width == in.key_width) return Status::Ok();
      return Invalid("query_width " + std::to_string(in.query_width) + " and key_width " +
                     std::to_string(in.key_width) + " differ, which a dot product does not allow");
    case ScoringFunction::kGeneral:
      return CheckShape("weights.general", w.general.size(),
                        {{"query_width", in.query_width}, {"key_width", in.key_width}});
    case ScoringFunction::kAdditive: {
      const std::size_t hidden = w.additive_v.size();
      if (hidden == 0) return Invalid("weights.additive_v is empty");
      if (in.scale != 0.0F) return Invalid("scale multiplies dot scores; additive ones have none");
      Status status = CheckShape("weights.additive_query", w.additive_query.size(),
                                 {{"hidden", hidden}, {"query_width", in.query_width}});
      FOVEA_RETURN_IF_ERROR(status);
      return CheckShape("weights.additive_key", w.additive_key.size(),
                        {{"hidden", hidden}, {"key_width", in.key_width}});
    }
  }
  return Invalid("unknown scoring function");
}

Status CheckMask(const AttendInputs& in) {
  if (in.mask.kind == Mask::Kind::kSlidingWindow && in.mask.window == 0) {
    return Invalid("mask.window of a sliding window is 0");
  }
  if (!in.mask.key_valid.empty() && in.mask.key_valid.size() != in.keys) {
    return Invalid("mask.key_valid holds " + std::to_string(in.mask.key_valid.size()) +
                   " flags for " + std::to_string(in.keys) + " keys");
  }
  return Status::Ok();
}

Status Check(const AttendInputs& in) {
  if (in.heads == 0 || in.kv_heads == 0 || in.heads % in.kv_heads != 0) {
    return Invalid("kv_heads " + std::to_string(in.kv_heads) + " does not divide heads " +
                   std::to_string(in.heads));
  }
  for (const Extent& width :
       {Extent{"query_width", in.query_width}, Extent{"key_width", in.key_width},
        Extent{"value_width", in.value_width}}) {
    if (width.size == 0) return Invalid(std::string(width.name) + " is 0");
  }
  if (!std::isfinite(in.scale)) return Invalid("scale is not finite");
  if (!std::isfinite(in.softcap) || in.softcap < 0.0F) {
    return Invalid("softcap is negative or not finite");
  }
  Status status =
      CheckShape("query", in.query.size(),
                 {{"queries", in.queries}, {"heads", in.heads}, {"query_width", in.query_width}});
  FOVEA_RETURN_IF_ERROR(status);
  status = CheckShape("key", in.key.size(),
                      {{"keys", in.keys}, {"kv_heads", in.kv_heads}, {"key_width", in.key_width}});
  FOVEA_RETURN_IF_ERROR(status);
  status =
      CheckShape("value", in.value.size(),
                 {{"keys", in.keys}, {"kv_heads", in.kv_heads}, {"value_width", in.value_width}});
  FOVEA_RETURN_IF_ERROR(status);
  status = CheckScoring(in);
  return status.ok() ? CheckMask(in) : status;
}

/// Sizes the outputs, zeroed.
Status Allocate(const AttendInputs& in, AttendOutputs* out) {
  const CheckedSize rows = CheckedSize(in.heads) * in.queries;
  const CheckedSize output = rows * in.value_width;
  const CheckedSize weights = rows * in.keys;
  constexpr std::size_t kMaxValue = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);
  if (!output.ok() || !weights.ok() || output.value() > kMaxValue || weights.value() > kMaxValue) {
    return Status(StatusCode::kLimitExceeded, "attend: outputs of " + std::to_string(in.heads) +
                                                  " heads, " + std::to_string(in.queries) +
                                                  " queries and " + std::to_string(in.keys) +
                                                  " keys exceed what memory can address");
  }
  out->output.resize(output.value());
  out->weights.resize(weights.value());
  if (in.softmax) out->log_sum_exp.resize(rows.value());
  return Status::Ok();
}

/// What the tile needs beside the caller's arrays.
struct TileMemory {
  std::size_t stride = 0;  ///< Floats between rows of weights, which start on cache lines.
  platform::AlignedBuffer scratch, weights, split_max;

  Status Allocate(const kernels::KernelTable& kernels, const AttendInputs& in) {
    const CheckedSize line = CheckedSize(in.keys).AlignedUp(16);
    const CheckedSize map_bytes = line * kMaxTileRows * sizeof(float);
    stride = line.value();
    scratch = platform::AlignedBuffer::Allocate(
        kernels.attend_scratch_floats(in.key_width, in.value_width) * sizeof(float));
    if (map_bytes.ok()) weights = platform::AlignedBuffer::Allocate(map_bytes.value());
    split_max = platform::AlignedBuffer::Allocate(kernels::SplitMaxFloats(in.keys) * kMaxTileRows *
                                                  sizeof(float));
    if (scratch && weights && split_max) return Status::Ok();
    return Status(StatusCode::kOutOfMemory, "attend: no memory for scratch");
  }
};

Status AttendTiled(const AttendInputs& in, AttendOutputs* out) {
  if (in.keys == 0) {  // No key to see: outputs are zero already, and nothing bounds key_width.
    std::fill(out->log_sum_exp.begin(), out->log_sum_exp.end(),
              -std::numeric_limits<float>::infinity());
    return Status::Ok();
  }
  if (in.queries == 0) return Status::Ok();
  const kernels::KernelTable* kernels = kernels::KernelsFor(BestIsa());
  TileMemory memory;
  FOVEA_RETURN_IF_ERROR(memory.Allocate(*kernels, in));

  std::vector<float> transformed;
  const float* query = in.query.data();
  if (in.scoring == ScoringFunction::kGeneral) {
    transformed = attention::TransformQueries(in);
    query = transformed.data();
  }

  kernels::AttendTileArgs args;
  args.head_dim = in.key_width;
  args.value_dim = in.value_width;
  args.query_stride = in.heads * in.key_width;
  args.key_stride = in.kv_heads * in.key_width * sizeof(float);
  args.value_stride = in.kv_heads * in.value_width * sizeof(float);
  args.key_valid = in.mask.key_valid.empty() ? nullptr : in.mask.key_valid.data();
  args.scale = attention::ScoreScale(in);
  args.softcap = in.softcap;
  args.out_stride = in.heads * in.value_width;
  args.weights = memory.weights.As<float>();
  args.weights_stride = memory.stride;
  args.split_max = memory.split_max.As<float>();
  args.key_count = in.keys;
  args.scratch = memory.scratch.As<float>();
  std::size_t key_begin[kMaxTileRows];
  std::size_t key_end[kMaxTileRows];
  args.key_begin = key_begin;
  args.key_end = key_end;
  for (std::size_t head = 0; head < in.heads; ++head) {
    const std::size_t kv_head = head / (in.heads / in.kv_heads);
    args.key = reinterpret_cast<const std::byte*>(in.key.data() + kv_head * in.key_width);
    args.value = reinterpret_cast<const std::byte*>(in.value.data() + kv_head * in.value_width);
    for (std::size_t first = 0; first < in.queries; first += kMaxTileRows) {
      args.rows = std::min(in.queries - first, kMaxTileRows);
      for (std::size_t r = 0; r < args.rows; ++r) {
        const Mask::Range range = in.mask.KeyRange(first + r, in.keys);
        key_begin[r] = range.begin;
        key_end[r] = range.end;
      }
      args.query = query + (first * in.heads + head) * in.key_width;
      args.out = out->output.data() + (first * in.heads + head) * in.value_width;
      args.log_sum_exp = out->log_sum_exp.data() + head * in.queries + first;
      kernels->attend_tile(args);
      for (std::size_t r = 0; r < args.rows; ++r) {
        std::copy_n(args.weights + r * memory.stride, in.keys,
                    out->weights.data() + (head * in.queries + first + r) * in.keys);
      }
    }
  }
  return Status::Ok();
}

/// Turns a row of scores into weights; returns its log-sum-exp.
double SoftmaxInPlace(const std::vector<std::size_t>& visible, double* scores) {
  double max = -std::numeric_limits<double>::infinity();
  for (const std::size_t key : visible) {
    if (scores[key] > max || std::isnan(scores[key])) max = scores[key];
  }
  if (std::isinf(max) && max < 0.0) {  // Nothing to see.
    for (const std::size_t key : visible) scores[key] = 0.0;
    return max;
  }
  double sum = 0.0;
  for (const std::size_t key : visible) sum += scores[key] = std::exp(scores[key] - max);
  for (const std::size_t key : visible) scores[key] /= sum;
  return max + std::log(sum);
}

/// Any scoring function, with or without softmax, row by row.
void AttendReadably(const AttendInputs& in, AttendOutputs* out) {
  const attention::Scorer scorer(in);
  std::vector<double> row(in.keys);
  std::vector<double> sums(in.value_width);
  std::vector<std::size_t> visible;
  for (std::size_t head = 0; head < in.heads; ++head) {
    const std::size_t kv_head = head / (in.heads / in.kv_heads);
    for (std::size_t query = 0; query < in.queries; ++query) {
      const Mask::Range range = in.mask.KeyRange(query, in.keys);
      visible.clear();
      for (std::size_t key = range.begin; key < range.end; ++key) {
        if (in.mask.key_valid.empty() || in.mask.key_valid[key] != 0) visible.push_back(key);
      }
      for (const std::size_t key : visible) row[key] = scorer.Score(head, query, key);
      if (in.softmax) {
        out->log_sum_exp[head * in.queries + query] =
            static_cast<float>(SoftmaxInPlace(visible, row.data()));
      }
      std::fill(sums.begin(), sums.end(), 0.0);
      for (const std::size_t key : visible) {
        out->weights[(head * in.queries + query) * in.keys + key] = static_cast<float>(row[key]);
        const float* value = in.value.data() + (key * in.kv_heads + kv_head) * in.value_width;
        for (std::size_t i = 0; i < in.value_width; ++i) {
          sums[i] += row[key] * static_cast<double>(value[i]);
        }
      }
      float* output = out->output.data() + (query * in.heads + head) * in.value_width;
      for (std::size_t i = 0; i < in.value_width; ++i) output[i] = static_cast<float>(sums[i]);
    }
  }
}

Result<AttendOutputs> AttendChecked(const AttendInputs& inputs) {
  AttendOutputs outputs;
  Status status = Allocate(inputs, &outputs);
  FOVEA_RETURN_IF_ERROR(status);
  if (inputs.softmax && inputs.scoring != ScoringFunction::kAdditive) {
    status = AttendTiled(inputs, &outputs);
    FOVEA_RETURN_IF_ERROR(status);
  } else {
    AttendReadably(inputs, &outputs);
  }
  return outputs;
}

}  // namespace

Result<AttendOutputs> Attend(const AttendInputs& inputs) {
  Status status = Check(inputs);
  FOVEA_RETURN_IF_ERROR(status);
  return platform::IfMemoryLasts(
      [&] { return AttendChecked(inputs); },
      [] { return Status(StatusCode::kOutOfMemory, "attend: no memory for the outputs"); });
}

}  // namespace fovea
