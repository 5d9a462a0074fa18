#include "tests/attention/attention_problem.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>

#include "engine/tensor/dequantize.h"
#include "platform/aligned_buffer.h"

namespace fovea::attention {
namespace {

constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2.0;  // Unit roundoff of float.
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t ElementBytes(DataType type) {
  return type == DataType::kF16 ? 2 : 4;
}

/// Rounds `values` to the cache's type and packs them.
std::vector<std::byte> Pack(DataType type, std::vector<float>* values) {
  std::vector<std::byte> bytes(values->size() * ElementBytes(type));
  for (std::size_t i = 0; i < values->size(); ++i) {
    if (type == DataType::kF16) {
      const std::uint16_t half = FloatToHalf((*values)[i]);
      (*values)[i] = HalfToFloat(half);
      std::memcpy(bytes.data() + 2 * i, &half, 2);
    } else {
      std::memcpy(bytes.data() + 4 * i, &(*values)[i], 4);
    }
  }
  return bytes;
}

}  // namespace

std::string ProblemShape::ToString() const {
  std::ostringstream text;
  text << "tokens " << tokens << " heads " << heads << "/" << kv_heads << " dims " << head_dim
       << "/" << value_dim << " first " << first_query << " mask " << MaskKindName(mask)
       << " window " << window << (kv_type == DataType::kF16 ? " f16" : " f32") << " softcap "
       << softcap << (padded ? " padded" : "");
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
  Store();
}

void Problem::Store() {
  key_cache_ = Pack(shape_.kv_type, &key);
  value_cache_ = Pack(shape_.kv_type, &value);
}

Call Problem::MakeCall(std::size_t begin, std::size_t end, float* out) const {
  const std::size_t element = ElementBytes(shape_.kv_type);
  Call call;
  call.tokens = end - begin;
  call.heads = shape_.heads;
  call.kv_heads = shape_.kv_heads;
  call.head_dim = shape_.head_dim;
  call.value_dim = shape_.value_dim;
  // As in a session: later positions are not in the cache yet.
  call.positions = shape_.mask == Mask::Kind::kNone ? positions() : shape_.first_query + end;
  call.query_stride = shape_.heads * shape_.head_dim;
  call.query = query.data() + begin * call.query_stride;
  call.key = {shape_.kv_type, key_cache_.data(), positions() * shape_.head_dim * element,
              shape_.head_dim * element};
  call.value = {shape_.kv_type, value_cache_.data(), positions() * shape_.value_dim * element,
                shape_.value_dim * element};
  call.mask = {shape_.mask, shape_.window, shape_.first_query + begin, key_valid};
  call.scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape_.head_dim)));
  call.softcap = shape_.softcap;
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
        scores[k] = score;
        max = std::max(max, score);
        largest = std::max(largest, std::abs(score));
        // A sum of d products errs by at most (d + 1) u Σ|q k|; scale, and the softcap's two
        // operations and few-ulp tanh, add a little of the result.
        score_bound = std::max(
            score_bound, static_cast<double>(shape_.head_dim + 2) * kUnit * magnitude * scale +
                             (cap > 0.0 ? 16.0 * kUnit * std::abs(score) : 0.0));
      }
      answer.score_bound[row] = score_bound + kUnit * largest;
      if (max == -kInfinity) continue;
      double denominator = 0.0;
      for (std::size_t k = range.begin; k < range.end; ++k)
        denominator += std::exp(scores[k] - max);
      answer.lse[row] = max + std::log(denominator);
      // exp() turns errors of its argument (two scores and their rounded difference) into relative
      // ones and adds a few ulp; the denominator adds one rounding per term, rescaling one per key
      // tile.
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
              weight * std::abs(v) * (answer.weight_bound[row] + (terms + 2.0) * kUnit);
        }
      }
    }
  }
  return answer;
}

void RunCall(const kernels::KernelTable& kernels, platform::Parallel& parallel, const Call& call) {
  ScratchShape shape{.max_tokens = call.tokens,
                     .max_positions = call.positions,
                     .heads = call.heads,
                     .kv_heads = call.kv_heads,
                     .head_dim = call.head_dim,
                     .value_dim = call.value_dim,
                     .workers = parallel.workers()};
  if (call.observer != nullptr) {
    shape.rows = call.observer->selection().rows;
    shape.scores = call.observer->selection().scores;
    shape.trace = call.observer->selection().trace;
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
