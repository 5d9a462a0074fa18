#include "tests/attention/attention_problem.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

#include "engine/attention/scratch_layout.h"
#include "engine/kernels/attention/kv_blocks.h"
#include "engine/tensor/dequantize.h"
#include "platform/aligned_buffer.h"

namespace fovea::attention {
namespace {

constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2.0;  // Unit roundoff of float.
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void Append(std::vector<std::byte>* bytes, const void* from, std::size_t count) {
  const auto* begin = static_cast<const std::byte*>(from);
  bytes->insert(bytes->end(), begin, begin + count);
}

/// Rounds a row to what the type can hold; returns the scale of 8-bit integers.
float RoundRow(DataType type, float* row, std::size_t dim) {
  if (type == DataType::kQ8_0) {
    float largest = 0.0F;
    for (std::size_t i = 0; i < dim; ++i) largest = std::max(largest, std::abs(row[i]));
    const float scale = largest / 127.0F;
    for (std::size_t i = 0; i < dim; ++i) row[i] = std::nearbyint(row[i] / scale) * scale;
    return scale;
  }
  for (std::size_t i = 0; i < dim; ++i) {
    if (type == DataType::kF16) row[i] = HalfToFloat(FloatToHalf(row[i]));
    if (type == DataType::kBF16) {
      row[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(row[i]) & 0xFFFF0000U);
    }
  }
  return 1.0F;
}

void AppendElement(std::vector<std::byte>* bytes, DataType type, float value, float scale) {
  switch (type) {
    case DataType::kF16: {
      const std::uint16_t half = FloatToHalf(value);
      return Append(bytes, &half, 2);
    }
    case DataType::kBF16: {
      const auto bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
      return Append(bytes, &bits, 2);
    }
    case DataType::kQ8_0: {
      const auto integer = static_cast<std::int8_t>(std::lround(value / scale));
      return Append(bytes, &integer, 1);
    }
    default: return Append(bytes, &value, 4);
  }
}

/// Rounds rows [heads, positions, dim] to the cache's type, and packs them into blocks of 16
/// positions: keys transposed, values as rows of whole vectors. What no position fills is NaN.
std::vector<std::byte> PackBlocks(DataType type, bool keys, std::size_t heads,
                                  std::size_t positions, std::size_t dim,
                                  std::vector<float>* rows) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> scales(heads * positions);
  for (std::size_t r = 0; r < scales.size(); ++r)
    scales[r] = RoundRow(type, &(*rows)[r * dim], dim);
  const std::size_t width = keys ? dim : kernels::PaddedDim(dim);
  std::vector<std::byte> bytes;
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t block = 0; block < positions; block += 16) {
      for (std::size_t j = 0; j < 16 * width; ++j) {
        const std::size_t place = keys ? j % 16 : j / width;
        const std::size_t i = keys ? j / 16 : j % width;
        const bool stored = block + place < positions;
        const std::size_t row = head * positions + block + place;
        const float missing = type == DataType::kQ8_0 ? 77.0F : kNan;
        const float padding = stored ? 0.0F : missing;
        AppendElement(&bytes, type, stored && i < dim ? (*rows)[row * dim + i] : padding,
                      stored ? scales[row] : 1.0F);
      }
      if (type != DataType::kQ8_0) continue;
      for (std::size_t place = 0; place < 16; ++place) {
        const bool stored = block + place < positions;
        const float scale = stored ? scales[head * positions + block + place] : kNan;
        Append(&bytes, &scale, 4);
      }
    }
  }
  return bytes;
}

}  // namespace

std::string ProblemShape::ToString() const {
  std::ostringstream text;
  text << "tokens " << tokens << " heads " << heads << "/" << kv_heads << " dims " << head_dim
       << "/" << value_dim << " first " << first_query << " mask " << MaskKindName(mask)
       << " window " << window << " " << DataTypeName(kv_type) << (float_rows ? " rows" : "")
       << " softcap " << softcap << (padded ? " padded" : "") << (biased ? " biased" : "")
       << " other " << other_keys;
  return text.str();
}

Problem::Problem(const ProblemShape& shape, std::uint64_t seed) : shape_(shape) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  query.resize(shape.tokens * shape.heads * shape.head_dim);
  key.resize(shape.kv_heads * positions() * shape.head_dim);
  value.resize(shape.kv_heads * positions() * shape.value_dim);
  for (float& x : query) x = normal(random) * shape.query_factor;
  for (float& x : key) x = normal(random);
  for (float& x : value) x = normal(random);
  if (shape.padded) {
    key_valid.assign(positions(), 1);
    for (std::size_t i = 0; i < positions(); ++i) key_valid[i] = i >= 3 && random() % 4 != 0;
  }
  if (shape.biased) MakeBias();
  Store();
}

void Problem::MakeBias() {
  bias.zero = shape_.first_query + shape_.tokens - 1;
  bias.head_stride = bias.zero + positions();
  bias_table_.assign(shape_.heads * bias.head_stride, std::numeric_limits<float>::quiet_NaN());
  bias.table = bias_table_;
  const Mask mask{shape_.mask, shape_.window, shape_.first_query, key_valid};
  std::mt19937_64 random(shape_.tokens);
  std::normal_distribution<float> normal;
  for (std::size_t head = 0; head < shape_.heads; ++head) {
    for (std::size_t token = 0; token < shape_.tokens; ++token) {
      const Mask::Range range = mask.KeyRange(token, positions());
      const std::size_t first =
          head * bias.head_stride + bias.zero - shape_.first_query - token + range.begin;
      for (std::size_t i = first; i < first + (range.end - range.begin); ++i) {
        if (std::isnan(bias_table_[i])) bias_table_[i] = 3.0F * normal(random);
      }
    }
  }
}

void Problem::Store() {
  if (shape_.float_rows) return;  // The arrays themselves.
  key_cache_ = PackBlocks(key_type(), true, shape_.kv_heads, positions(), shape_.head_dim, &key);
  value_cache_ =
      PackBlocks(shape_.kv_type, false, shape_.kv_heads, positions(), shape_.value_dim, &value);
}

Call Problem::MakeCall(std::size_t begin, std::size_t end, float* out) const {
  Call call;
  call.tokens = end - begin;
  call.heads = shape_.heads;
  call.kv_heads = shape_.kv_heads;
  call.head_dim = shape_.head_dim;
  call.value_dim = shape_.value_dim;
  // As in a session: later positions are not in the cache yet.
  const bool sees_ahead =
      shape_.mask == Mask::Kind::kNone || shape_.mask == Mask::Kind::kSymmetricWindow;
  call.positions = sees_ahead ? positions() : shape_.first_query + end;
  call.query_stride = shape_.heads * shape_.head_dim;
  call.query = query.data() + begin * call.query_stride;
  if (shape_.float_rows) {
    call.key = {DataType::kF32, reinterpret_cast<const std::byte*>(key.data()),
                positions() * shape_.head_dim * 4, shape_.head_dim * 4, false};
    call.value = {DataType::kF32, reinterpret_cast<const std::byte*>(value.data()),
                  positions() * shape_.value_dim * 4, shape_.value_dim * 4, false};
  } else {
    const std::size_t blocks = (positions() + 15) / 16;
    const std::size_t key_block = kernels::KeyBlockBytes(key_type(), shape_.head_dim);
    const std::size_t value_block = kernels::ValueBlockBytes(shape_.kv_type, shape_.value_dim);
    call.key = {key_type(), key_cache_.data(), blocks * key_block, key_block, true};
    call.value = {shape_.kv_type, value_cache_.data(), blocks * value_block, value_block, true};
  }
  call.mask = {shape_.mask, shape_.window, shape_.first_query + begin, key_valid};
  call.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape_.head_dim)));
  call.softcap = shape_.softcap;
  call.bias = bias;
  call.out_stride = shape_.heads * shape_.value_dim;
  call.out = out + begin * call.out_stride;
  return call;
}

Answer Problem::Solve() const {
  const std::size_t n = positions();
  const std::size_t rows = shape_.heads * shape_.tokens;
  const double scale = static_cast<double>(
      static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape_.head_dim))));
  const double cap = static_cast<double>(shape_.softcap);
  Answer answer;
  answer.out.assign(rows * shape_.value_dim, 0.0);
  answer.out_bound.assign(rows * shape_.value_dim, 0.0);
  answer.weights.assign(rows * n, 0.0);
  answer.scores.assign(rows * n, -kInfinity);
  answer.lse.assign(rows, -kInfinity);
  answer.weight_bound.assign(rows, 0.0);
  answer.score_bound.assign(rows, 0.0);
  answer.lse_bound.assign(rows, 0.0);
  const Mask mask{shape_.mask, shape_.window, shape_.first_query, key_valid};
  for (std::size_t head = 0; head < shape_.heads; ++head) {
    const std::size_t kv = head / (shape_.heads / shape_.kv_heads);
    for (std::size_t t = 0; t < shape_.tokens; ++t) {
      const std::size_t row = head * shape_.tokens + t;
      const Mask::Range range = mask.KeyRange(t, n);
      double* scores = &answer.scores[row * n];
      double max = -kInfinity;
      double score_bound = 0.0;
      double largest = 0.0;
      for (std::size_t k = range.begin; k < range.end; ++k) {
        if (!key_valid.empty() && key_valid[k] == 0) continue;
        double sum = 0.0;
        double magnitude = 0.0;
        for (std::size_t i = 0; i < shape_.head_dim; ++i) {
          const double product =
              static_cast<double>(query[(t * shape_.heads + head) * shape_.head_dim + i]) *
              static_cast<double>(key[(kv * n + k) * shape_.head_dim + i]);
          sum += product;
          magnitude += std::abs(product);
        }
        double score = sum * scale;
        if (cap > 0.0) score = cap * std::tanh(score / cap);
        const double capped = std::abs(score);
        if (shape_.biased) {
          score += static_cast<double>(bias.At(head, shape_.first_query + t, k));
        }
        scores[k] = score;
        max = std::max(max, score);
        largest = std::max(largest, std::abs(score));
        // A sum of d products errs by at most (d + 1) u Σ|q k|, the query times the scale by one u
        // more, and so do keys that are integers times a scale; the softcap's two operations and
        // few-ulp tanh add a little of the result, the bias one rounding of the sum.
        score_bound = std::max(
            score_bound, static_cast<double>(shape_.head_dim + 4) * kUnit * magnitude * scale +
                             (cap > 0.0 ? 16.0 * kUnit * capped : 0.0) +
                             (shape_.biased ? kUnit * std::abs(score) : 0.0));
      }
      answer.score_bound[row] = score_bound + kUnit * largest;
      if (max == -kInfinity) continue;
      double denominator = 0.0;
      for (std::size_t k = range.begin; k < range.end; ++k)
        denominator += std::exp(scores[k] - max);
      answer.lse[row] = max + std::log(denominator);
      // exp() turns errors of its argument (two scores and their rounded difference) into relative
      // ones and adds a few ulp; the denominator adds one rounding per term, rescaling one per key
      // tile, merging a few per split.
      const double terms = static_cast<double>(range.end - range.begin);
      answer.weight_bound[row] =
          2.0 * (2.0 * answer.score_bound[row] + 2.0 * kUnit * largest) + (terms + 32.0) * kUnit;
      answer.lse_bound[row] = answer.weight_bound[row] + kUnit * std::abs(answer.lse[row]);
      for (std::size_t k = range.begin; k < range.end; ++k) {
        if (scores[k] == -kInfinity) continue;
        const double weight = std::exp(scores[k] - answer.lse[row]);
        answer.weights[row * n + k] = weight;
        for (std::size_t i = 0; i < shape_.value_dim; ++i) {
          const double v = static_cast<double>(value[(kv * n + k) * shape_.value_dim + i]);
          const std::size_t o = (t * shape_.heads + head) * shape_.value_dim + i;
          answer.out[o] += weight * v;
          answer.out_bound[o] +=
              weight * std::abs(v) * (answer.weight_bound[row] + (terms + 4.0) * kUnit);
        }
      }
    }
  }
  return answer;
}

void RunCall(const kernels::KernelTable& kernels, platform::Parallel& parallel, const Call& call) {
  ScratchShape shape{.batch_size = call.tokens,
                     .max_positions = call.positions,
                     .heads = call.heads,
                     .kv_heads = call.kv_heads,
                     .head_dim = call.head_dim,
                     .value_dim = call.value_dim,
                     .workers = parallel.workers()};
  if (call.observer != nullptr) {
    shape.new_keys = NewKeys(call).end - NewKeys(call).begin;
    shape.rows = call.observer->selection().rows;
    shape.scores = call.observer->selection().scores;
    shape.trace = call.observer->selection().trace;
    shape.values = call.observer->selection().values;
  }
  const std::size_t floats = ScratchFloats(kernels, shape);
  const platform::AlignedBuffer scratch =
      platform::AlignedBuffer::Allocate(std::max<std::size_t>(floats, 1) * sizeof(float));
  Run({&kernels, &parallel, {scratch.As<float>(), floats}}, call);
}

std::vector<float> RunPlain(const kernels::KernelTable& kernels, const Problem& problem) {
  platform::SerialParallel serial;
  std::vector<float> out(problem.shape().tokens * problem.shape().heads *
                         problem.shape().value_dim);
  RunCall(kernels, serial, problem.MakeCall(0, problem.shape().tokens, out.data()));
  return out;
}

}  // namespace fovea::attention
