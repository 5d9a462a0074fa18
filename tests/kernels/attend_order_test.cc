// The attention tile of vector instruction sets, to the last bit: what attend_tile.h calls one
// chain of fused multiply-adds is computed here as one, element by element, whatever the length of
// the vectors and however rows and elements are spread over registers.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "engine/kernels/attention/attend_args.h"
#include "platform/aligned_buffer.h"
#include "tests/kernels/kernel_test.h"

namespace fovea::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kScale = 0.3F;

struct Shape {
  DataType key_type = DataType::kF32;
  DataType value_type = DataType::kF32;
  std::size_t rows = 1;
  std::size_t head_dim = 1;
  std::size_t value_dim = 1;
  std::size_t keys = 1;
  std::size_t window = kKvSplit;
  bool padding = false;
};

/// A random element of that type, written to `to`; NaN, or -1 in 8 bits, unless a row attends to
/// it.
float StoreElement(DataType type, bool seen, std::mt19937& random, std::byte* to) {
  const float value = std::uniform_real_distribution<float>(-1.0F, 1.0F)(random);
  std::uint32_t bits = 0xFFFFFFFF;
  if (type == DataType::kF32 || type == DataType::kBF16) {
    if (seen) std::memcpy(&bits, &value, sizeof(bits));
    if (type == DataType::kBF16) bits &= 0xFFFF0000U;
    std::memcpy(to, reinterpret_cast<const std::byte*>(&bits) + (type == DataType::kBF16 ? 2 : 0),
                KvElementBytes(type));
    float stored;
    std::memcpy(&stored, &bits, sizeof(stored));
    return stored;
  }
  if (type == DataType::kF16) {
    const auto half = static_cast<std::uint16_t>(seen ? random() & 0xBFFFU : 0xFFFFU);  // Below 2.
    std::memcpy(to, &half, sizeof(half));
    float stored;
    KernelsFor(Isa::kScalar)->f16_to_f32(&half, 1, &stored);
    return stored;
  }
  const auto byte = static_cast<std::int8_t>(seen ? random() : 0xFF);
  std::memcpy(to, &byte, sizeof(byte));
  return static_cast<float>(byte);
}

/// Rows of queries over a cache of blocks, and what a tile gives for them.
class Problem {
 public:
  Problem(const Shape& shape, std::mt19937& random)
      : shape_(shape),
        padded_(PaddedDim(shape.value_dim)),
        columns_(PaddedDim(shape.keys)),
        queries_(shape.rows * shape.head_dim),
        keys_(columns_ * shape.head_dim),
        values_(columns_ * padded_),
        key_factors_(columns_, 1.0F),
        value_factors_(columns_, 1.0F),
        valid_(columns_, 0),
        key_blocks_(columns_ / kKvBlock * KeyBlockBytes(shape.key_type, shape.head_dim)),
        value_blocks_(columns_ / kKvBlock * ValueBlockBytes(shape.value_type, shape.value_dim)) {
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    for (float& query : queries_) query = uniform(random);
    for (std::size_t k = 0; k < shape.keys; ++k) valid_[k] = !shape.padding || random() % 5 != 0;
    // The last row attends to the last key, each row before it to one less, as the tokens of a
    // prompt do.
    for (std::size_t r = 0; r < shape.rows; ++r) {
      end_.push_back(shape.keys - std::min(shape.keys, shape.rows - 1 - r));
      begin_.push_back(end_[r] - std::min(end_[r], shape.window));
    }
    for (std::size_t k = 0; k < columns_; ++k) Store(k, random);
  }

  void Run(const KernelTable& kernels) {
    const std::size_t partial_floats = PartialFloats(shape_.value_dim);
    const auto floats = [](std::size_t n) {
      return platform::AlignedBuffer::Allocate(n * sizeof(float));
    };
    const auto scratch = floats(kernels.attend_scratch_floats(shape_.head_dim, shape_.value_dim));
    const auto partial = floats(shape_.rows * partial_floats);
    const auto weights = floats(shape_.rows * columns_);
    const auto scores = floats(shape_.rows * columns_);
    const auto split_max = floats(shape_.rows * SplitMaxFloats(columns_));
    AttendTileArgs args;
    args.rows = shape_.rows;
    args.head_dim = shape_.head_dim;
    args.value_dim = shape_.value_dim;
    args.query = queries_.data();
    args.query_stride = shape_.head_dim;
    args.blocked = true;
    args.key_type = shape_.key_type;
    args.value_type = shape_.value_type;
    args.key = key_blocks_.data();
    args.key_stride = KeyBlockBytes(shape_.key_type, shape_.head_dim);
    args.value = value_blocks_.data();
    args.value_stride = ValueBlockBytes(shape_.value_type, shape_.value_dim);
    args.key_begin = begin_.data();
    args.key_end = end_.data();
    args.key_valid = shape_.padding ? valid_.data() : nullptr;
    args.scale = kScale;
    args.partial = partial.As<float>();
    args.partial_stride = partial_floats;
    args.weights = weights.As<float>();
    args.scores = scores.As<float>();
    args.weights_stride = columns_;
    args.key_count = shape_.keys;
    args.split_max = split_max.As<float>();
    args.scratch = scratch.As<float>();
    kernels.attend_tile(args);
    for (std::size_t r = 0; r < shape_.rows; ++r) {
      CheckRow(r, scores.As<float>() + r * columns_, weights.As<float>() + r * columns_,
               partial.As<float>() + r * partial_floats);
    }
  }

 private:
  void Store(std::size_t k, std::mt19937& random) {
    const DataType key_type = shape_.key_type;
    const DataType value_type = shape_.value_type;
    const std::size_t place = k % kKvBlock;
    const bool seen = k >= begin_.front() && valid_[k] != 0;
    std::byte* key = key_blocks_.data() + k / kKvBlock * KeyBlockBytes(key_type, shape_.head_dim);
    for (std::size_t i = 0; i < shape_.head_dim; ++i) {
      keys_[k * shape_.head_dim + i] = StoreElement(
          key_type, seen, random, key + (i * kKvBlock + place) * KvElementBytes(key_type));
    }
    std::byte* value =
        value_blocks_.data() + k / kKvBlock * ValueBlockBytes(value_type, shape_.value_dim);
    for (std::size_t i = 0; i < padded_; ++i) {
      values_[k * padded_ + i] = StoreElement(
          value_type, seen, random, value + (place * padded_ + i) * KvElementBytes(value_type));
    }
    std::uniform_real_distribution<float> uniform(0.001F, 0.02F);
    const std::size_t scale_at = place * sizeof(float);
    if (key_type == DataType::kQ8_0) {
      key_factors_[k] = uniform(random);
      std::memcpy(key + KeyBlockElementBytes(key_type, shape_.head_dim) + scale_at,
                  &key_factors_[k], sizeof(float));
    }
    if (value_type == DataType::kQ8_0) {
      value_factors_[k] = uniform(random);
      std::memcpy(value + ValueBlockElementBytes(value_type, shape_.value_dim) + scale_at,
                  &value_factors_[k], sizeof(float));
    }
  }

  void CheckRow(std::size_t r, const float* scores, const float* numerators,
                const float* partial) const {
    float max = -kInfinity;
    std::vector<float> sums(padded_, 0.0F);
    for (std::size_t k = begin_[r]; k < end_[r]; ++k) {
      if (valid_[k] == 0) {
        ASSERT_EQ(scores[k], -kInfinity) << "hidden key " << k << " of row " << r;
        continue;
      }
      float score = 0.0F;
      for (std::size_t i = 0; i < shape_.head_dim; ++i) {
        const float query = queries_[r * shape_.head_dim + i] * kScale;
        score = std::fma(query, keys_[k * shape_.head_dim + i], score);
      }
      score *= key_factors_[k];
      ASSERT_EQ(scores[k], score) << "key " << k << " of row " << r;
      max = std::max(max, score);
      const float numerator = numerators[k] * value_factors_[k];
      for (std::size_t i = 0; i < padded_; ++i) {
        sums[i] = std::fma(numerator, values_[k * padded_ + i], sums[i]);
      }
    }
    ASSERT_EQ(partial[0], max) << "row " << r;
    if (max == -kInfinity) return;  // Nothing seen: the rest may be anything.
    ASSERT_EQ(std::vector<float>(partial + kPartialHeader, partial + kPartialHeader + padded_),
              sums)
        << "values of row " << r;
  }

  Shape shape_;
  std::size_t padded_, columns_;
  std::vector<float> queries_;
  std::vector<float> keys_, values_;  ///< As floats, a row for each position.
  std::vector<float> key_factors_, value_factors_;
  std::vector<std::uint8_t> valid_;
  std::vector<std::byte> key_blocks_, value_blocks_;
  std::vector<std::size_t> begin_, end_;
};

class AttendOrderTest : public KernelTest {
 protected:
  void Check(const Shape& shape) {
    SCOPED_TRACE(::testing::Message()
                 << DataTypeName(shape.key_type) << " keys, " << shape.rows << " rows, head_dim "
                 << shape.head_dim << ", value_dim " << shape.value_dim << ", " << shape.keys
                 << " keys, window " << shape.window << ", padding " << shape.padding);
    Problem(shape, random_).Run(kernels());
  }
};

/// Plain C++ rounds after each multiplication.
std::vector<Isa> VectorIsas() {
  std::vector<Isa> isas = IsasToTest();
  std::erase(isas, Isa::kScalar);
  return isas;
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(AttendOrderTest);
INSTANTIATE_TEST_SUITE_P(Isas, AttendOrderTest, ::testing::ValuesIn(VectorIsas()),
                         [](const auto& param_info) { return IsaTestName(param_info.param); });

constexpr DataType kTypes[] = {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kQ8_0};

TEST_P(AttendOrderTest, ScoresAndWeightedValuesKeepTheAccumulationOrderForEveryNumberOfRows) {
  for (const DataType type : kTypes) {
    for (std::size_t rows = 1; rows <= 14 && !HasFatalFailure(); ++rows) {
      Check({.key_type = type,
             .value_type = type,
             .rows = rows,
             .head_dim = 24,
             .value_dim = 40,
             .keys = 150});
    }
  }
}

TEST_P(AttendOrderTest, ScoresAndWeightedValuesKeepTheAccumulationOrderForEveryWidth) {
  for (const DataType type : kTypes) {
    for (const std::size_t dim : {1U, 8U, 17U, 32U, 48U, 64U, 80U, 96U, 112U, 144U, 256U}) {
      for (const std::size_t rows : {1U, 3U, 4U}) {
        if (HasFatalFailure()) return;
        Check({.key_type = type,
               .value_type = type,
               .rows = rows,
               .head_dim = dim,
               .value_dim = dim,
               .keys = 70});
      }
    }
  }
}

TEST_P(AttendOrderTest, ScoresAndWeightedValuesKeepTheAccumulationOrderForEveryNumberOfKeys) {
  for (std::size_t keys = 1; keys <= kKvSplit; keys += keys < 40 ? 1 : 9) {
    for (const std::size_t rows : {1U, 5U}) {
      if (HasFatalFailure()) return;
      Check({.rows = rows, .head_dim = 8, .value_dim = 16, .keys = keys});
      Check({.rows = rows, .head_dim = 8, .value_dim = 16, .keys = keys, .window = 21});
      Check({.key_type = DataType::kF16,
             .value_type = DataType::kQ8_0,
             .rows = rows,
             .head_dim = 8,
             .value_dim = 16,
             .keys = keys,
             .window = 70,
             .padding = true});
    }
  }
}

}  // namespace
}  // namespace fovea::kernels
