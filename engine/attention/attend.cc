// Attention as an operator: checks the shapes, then runs tiled attention (scores that are dot
// products, under a softmax) or a plain loop (everything else).
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/attention/scoring.h"
#include "engine/attention/scratch_layout.h"
#include "engine/attention/tiled_attention.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/attention.h"
#include "fovea/status_macros.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"
#include "platform/exceptions.h"
#include "platform/parallel.h"

namespace fovea {
namespace {

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

Status CheckScoring(const AttendInputs& inputs) {
  const ScoringWeights& w = inputs.weights;
  switch (inputs.scoring) {
    case ScoringFunction::kScaledDot:
    case ScoringFunction::kDot:
      if (inputs.query_width == inputs.key_width) return Status::Ok();
      return Invalid("query_width " + std::to_string(inputs.query_width) + " and key_width " +
                     std::to_string(inputs.key_width) +
                     " differ, which a dot product does not allow");
    case ScoringFunction::kGeneral:
      return CheckShape("weights.general", w.general.size(),
                        {{"query_width", inputs.query_width}, {"key_width", inputs.key_width}});
    case ScoringFunction::kAdditive: {
      const std::size_t hidden = w.additive_v.size();
      if (hidden == 0) return Invalid("weights.additive_v is empty");
      if (inputs.scale != 0.0F)
        return Invalid("scale multiplies dot scores; additive ones have none");
      Status status = CheckShape("weights.additive_query", w.additive_query.size(),
                                 {{"hidden", hidden}, {"query_width", inputs.query_width}});
      FOVEA_RETURN_IF_ERROR(status);
      return CheckShape("weights.additive_key", w.additive_key.size(),
                        {{"hidden", hidden}, {"key_width", inputs.key_width}});
    }
  }
  return Invalid("unknown scoring function");
}

Status CheckMask(const AttendInputs& inputs) {
  const Mask::Kind kind = inputs.mask.kind;
  const bool windowed = kind == Mask::Kind::kSlidingWindow || kind == Mask::Kind::kSymmetricWindow;
  if (windowed && inputs.mask.window == 0) {
    return Invalid("mask.window of a " + std::string(MaskKindName(kind)) + " mask is 0");
  }
  if (!inputs.mask.key_valid.empty() && inputs.mask.key_valid.size() != inputs.keys) {
    return Invalid("mask.key_valid holds " + std::to_string(inputs.mask.key_valid.size()) +
                   " flags for " + std::to_string(inputs.keys) + " keys");
  }
  return Status::Ok();
}

/// Ok if the bias has the distance of every query to every key that it attends to.
Status CheckBias(const AttendInputs& inputs) {
  const AttentionBias& bias = inputs.bias;
  if (bias.table.empty()) return Status::Ok();
  FOVEA_RETURN_IF_ERROR(CheckShape("bias.table", bias.table.size(),
                                   {{"heads", inputs.heads}, {"head_stride", bias.head_stride}}));
  if (bias.zero >= bias.head_stride) {
    return Invalid("bias.zero " + std::to_string(bias.zero) + " is not below bias.head_stride " +
                   std::to_string(bias.head_stride));
  }
  for (std::size_t query = 0; query < inputs.queries; ++query) {
    const Mask::Range keys = inputs.mask.KeyRange(query, inputs.keys);
    if (keys.begin == keys.end) continue;
    const std::size_t position = inputs.mask.first_query + query;
    const std::size_t last = keys.end - 1;
    const bool before = position > keys.begin && position - keys.begin > bias.zero;
    const bool after = last > position && last - position >= bias.head_stride - bias.zero;
    if (position >= query && !before && !after) continue;
    return Invalid("bias has the distances -" + std::to_string(bias.zero) + " to " +
                   std::to_string(bias.head_stride - 1 - bias.zero) + ", query " +
                   std::to_string(position) + " attends to keys " + std::to_string(keys.begin) +
                   " to " + std::to_string(last));
  }
  return Status::Ok();
}

Status Check(const AttendInputs& inputs) {
  if (inputs.heads == 0 || inputs.kv_heads == 0 || inputs.heads % inputs.kv_heads != 0) {
    return Invalid("kv_heads " + std::to_string(inputs.kv_heads) + " does not divide heads " +
                   std::to_string(inputs.heads));
  }
  for (const Extent& width :
       {Extent{"query_width", inputs.query_width}, Extent{"key_width", inputs.key_width},
        Extent{"value_width", inputs.value_width}}) {
    if (width.size == 0) return Invalid(std::string(width.name) + " is 0");
  }
  if (!std::isfinite(inputs.scale)) return Invalid("scale is not finite");
  if (!std::isfinite(inputs.softcap) || inputs.softcap < 0.0F) {
    return Invalid("softcap is negative or not finite");
  }
  Status status = CheckShape(
      "query", inputs.query.size(),
      {{"queries", inputs.queries}, {"heads", inputs.heads}, {"query_width", inputs.query_width}});
  FOVEA_RETURN_IF_ERROR(status);
  status = CheckShape(
      "key", inputs.key.size(),
      {{"keys", inputs.keys}, {"kv_heads", inputs.kv_heads}, {"key_width", inputs.key_width}});
  FOVEA_RETURN_IF_ERROR(status);
  status = CheckShape(
      "value", inputs.value.size(),
      {{"keys", inputs.keys}, {"kv_heads", inputs.kv_heads}, {"value_width", inputs.value_width}});
  FOVEA_RETURN_IF_ERROR(status);
  FOVEA_RETURN_IF_ERROR(CheckScoring(inputs));
  FOVEA_RETURN_IF_ERROR(CheckMask(inputs));
  return CheckBias(inputs);
}

/// Sizes the outputs, zeroed.
Status Allocate(const AttendInputs& inputs, AttendOutputs* outputs) {
  const CheckedSize rows = CheckedSize(inputs.heads) * inputs.queries;
  const CheckedSize output = rows * inputs.value_width;
  const CheckedSize weights = rows * inputs.keys;
  constexpr std::size_t kMaxValue = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);
  if (!output.ok() || !weights.ok() || output.value() > kMaxValue || weights.value() > kMaxValue) {
    return Status(StatusCode::kLimitExceeded, "attend: outputs of " + std::to_string(inputs.heads) +
                                                  " heads, " + std::to_string(inputs.queries) +
                                                  " queries and " + std::to_string(inputs.keys) +
                                                  " keys exceed what memory can address");
  }
  outputs->output.resize(output.value());
  outputs->weights.resize(weights.value());
  if (inputs.softmax) outputs->log_sum_exp.resize(rows.value());
  return Status::Ok();
}

/// Copies the rows that tiled attention delivers into the outputs.
class RowCopier final : public AttentionObserver {
 public:
  RowCopier(const AttendInputs& inputs, AttendOutputs* outputs)
      : inputs_(inputs), outputs_(outputs) {}

  const AttentionSelection& selection() const override { return selection_; }
  void OnRows(const AttentionRows& rows) override {
    const std::size_t first =
        rows.head * inputs_.queries + (rows.query_begin - inputs_.mask.first_query);
    std::copy_n(rows.log_sum_exp, rows.query_count, outputs_->log_sum_exp.data() + first);
    for (std::size_t r = 0; r < rows.query_count; ++r) {
      std::copy_n(rows.weights + r * rows.stride, rows.key_count,
                  outputs_->weights.data() + (first + r) * inputs_.keys);
    }
  }

 private:
  const AttendInputs& inputs_;
  AttendOutputs* outputs_;
  const AttentionSelection selection_;  // All heads' rows.
};

/// Keys or values as the caller has them. [keys, kv_heads, width]
attention::KeyValueView Rows(std::span<const float> rows, std::size_t kv_heads, std::size_t width) {
  return {.type = DataType::kF32,
          .data = reinterpret_cast<const std::byte*>(rows.data()),
          .head_stride = width * sizeof(float),
          .stride = kv_heads * width * sizeof(float)};
}

/// Scores that are dot products, under a softmax: one call of tiled attention.
Status AttendTiled(const kernels::KernelTable& kernels, const AttendInputs& inputs,
                   AttendOutputs* outputs) {
  if (inputs.keys == 0) {  // Outputs are zero already, and nothing bounds key_width.
    std::fill(outputs->log_sum_exp.begin(), outputs->log_sum_exp.end(),
              -std::numeric_limits<float>::infinity());
    return Status::Ok();
  }
  const CheckedSize scratch_floats =
      attention::ScratchFloats(kernels, {.batch_size = inputs.queries,
                                         .max_positions = inputs.keys,
                                         .heads = inputs.heads,
                                         .kv_heads = inputs.kv_heads,
                                         .head_dim = inputs.key_width,
                                         .value_dim = inputs.value_width,
                                         .rows = true});
  const CheckedSize scratch_bytes = scratch_floats * sizeof(float);
  platform::AlignedBuffer scratch;
  if (scratch_bytes.ok()) scratch = platform::AlignedBuffer::Allocate(scratch_bytes.value());
  if (!scratch) return Status(StatusCode::kOutOfMemory, "attend: no memory for scratch");

  std::vector<float> transformed;
  const float* query = inputs.query.data();
  if (inputs.scoring == ScoringFunction::kGeneral) {
    transformed = attention::TransformQueries(inputs);
    query = transformed.data();
  }
  RowCopier copier(inputs, outputs);
  platform::SerialParallel serial;
  attention::Run({.kernels = &kernels,
                  .parallel = &serial,
                  .scratch = {scratch.As<float>(), scratch_floats.value()}},
                 {.tokens = inputs.queries,
                  .heads = inputs.heads,
                  .kv_heads = inputs.kv_heads,
                  .head_dim = inputs.key_width,
                  .value_dim = inputs.value_width,
                  .positions = inputs.keys,
                  .query = query,
                  .query_stride = inputs.heads * inputs.key_width,
                  .key = Rows(inputs.key, inputs.kv_heads, inputs.key_width),
                  .value = Rows(inputs.value, inputs.kv_heads, inputs.value_width),
                  .mask = inputs.mask,
                  .scale = attention::ScoreScale(inputs),
                  .softcap = inputs.softcap,
                  .bias = inputs.bias,
                  .out = outputs->output.data(),
                  .out_stride = inputs.heads * inputs.value_width,
                  .observer = &copier});
  return Status::Ok();
}

/// Turns a row of scores into weights; returns its log-sum-exp.
double SoftmaxInPlace(const std::vector<std::size_t>& visible, double* scores) {
  double max = -std::numeric_limits<double>::infinity();
  for (const std::size_t key : visible) {
    if (scores[key] > max || std::isnan(scores[key])) max = scores[key];
  }
  if (std::isinf(max) && max < 0.0) {  // No key that counts.
    for (const std::size_t key : visible) scores[key] = 0.0;
    return max;
  }
  double sum = 0.0;
  for (const std::size_t key : visible) sum += scores[key] = std::exp(scores[key] - max);
  for (const std::size_t key : visible) scores[key] /= sum;
  return max + std::log(sum);
}

/// Any scoring function, with or without softmax, row by row in double precision.
void AttendInDouble(const AttendInputs& inputs, AttendOutputs* outputs) {
  const attention::Scorer scorer(inputs);
  std::vector<double> row(inputs.keys);
  std::vector<double> sums(inputs.value_width);
  std::vector<std::size_t> visible;
  for (std::size_t head = 0; head < inputs.heads; ++head) {
    const std::size_t kv_head = head / (inputs.heads / inputs.kv_heads);
    for (std::size_t query = 0; query < inputs.queries; ++query) {
      const Mask::Range range = inputs.mask.KeyRange(query, inputs.keys);
      visible.clear();
      for (std::size_t key = range.begin; key < range.end; ++key) {
        if (inputs.mask.key_valid.empty() || inputs.mask.key_valid[key] != 0)
          visible.push_back(key);
      }
      for (const std::size_t key : visible) row[key] = scorer.Score(head, query, key);
      if (inputs.softmax) {
        outputs->log_sum_exp[head * inputs.queries + query] =
            static_cast<float>(SoftmaxInPlace(visible, row.data()));
      }
      std::fill(sums.begin(), sums.end(), 0.0);
      for (const std::size_t key : visible) {
        outputs->weights[(head * inputs.queries + query) * inputs.keys + key] =
            static_cast<float>(row[key]);
        const float* value =
            inputs.value.data() + (key * inputs.kv_heads + kv_head) * inputs.value_width;
        for (std::size_t i = 0; i < inputs.value_width; ++i) {
          sums[i] += row[key] * static_cast<double>(value[i]);
        }
      }
      float* output = outputs->output.data() + (query * inputs.heads + head) * inputs.value_width;
      for (std::size_t i = 0; i < inputs.value_width; ++i) output[i] = static_cast<float>(sums[i]);
    }
  }
}

Result<AttendOutputs> AttendChecked(const AttendInputs& inputs) {
  const auto kernels = Kernels::For(inputs.isa);
  FOVEA_RETURN_IF_ERROR(kernels);
  AttendOutputs outputs;
  FOVEA_RETURN_IF_ERROR(Allocate(inputs, &outputs));
  if (inputs.softmax && inputs.scoring != ScoringFunction::kAdditive) {
    FOVEA_RETURN_IF_ERROR(AttendTiled(kernels->table(), inputs, &outputs));
  } else {
    AttendInDouble(inputs, &outputs);
  }
  return outputs;
}

}  // namespace

Result<AttendOutputs> Attend(const AttendInputs& inputs) {
  FOVEA_RETURN_IF_ERROR(Check(inputs));
  return platform::IfMemoryLasts(
      [&] { return AttendChecked(inputs); },
      [] { return Status(StatusCode::kOutOfMemory, "attend: no memory for the outputs"); });
}

}  // namespace fovea
