// The products of attention on SVE vectors of any length. Keys are stored in blocks of 16 and rows
// of values are padded to multiples of 16, so a vector holds 4, 8 or 16 neighbours of them,
// whatever its length. Each sum has the accumulation order that attend_tile.h states: the same bits
// at every length. For the files of SVE only.
#ifndef FOVEA_KERNELS_SVE_ATTEND_INL_H_
#define FOVEA_KERNELS_SVE_ATTEND_INL_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/attention/attend_overrides.h"
#include "engine/kernels/float/sve_floats-inl.h"

namespace fovea::kernels::sve {
namespace {

/// Floats per vector: a power of two, because a block consists of whole vectors.
FOVEA_SVE_INLINE std::size_t BlockLanes() {
  const std::size_t lanes = svcntw();
  return lanes >= 16 ? 16 : lanes >= 8 ? 8 : 4;
}

/// kVectors vectors of neighbouring floats, of which the first `count` floats exist; all of them if
/// kVectors is kWideVectors.
template <std::size_t kVectors>
struct VectorsOf {
  explicit FOVEA_SVE_INLINE VectorsOf(std::size_t floats) : lanes(BlockLanes()), count(floats) {}

  FOVEA_SVE_INLINE svbool_t Lanes(std::size_t v) const {
    const svbool_t whole = svwhilelt_b32_u64(0, lanes);
    if constexpr (kVectors == kWideVectors) return whole;
    return svand_b_z(svptrue_b32(), whole, svwhilelt_b32_u64(v * lanes, count));
  }

  std::size_t lanes;
  std::size_t count;
};

/// Lines are queries, vectors are keys, steps are the elements of both.
template <DataType kType>
struct ScoreProducts {
  using Args = ScoreArgs;
  using Element = typename Stored<kType>::Element;

  template <std::size_t kLines, std::size_t kVectors>
  struct Tile {
    static constexpr bool kContinues = false;

    /// Of the columns from `column` on, `most` at most.
    FOVEA_SVE_INLINE Tile(const ScoreArgs& args, std::size_t column, std::size_t most)
        : columns(args.end - column < most ? args.end - column : most),
          steps(args.head_dim),
          stride(args.stride),
          scores(args.scores + column),
          factors(args.key_factors == nullptr ? nullptr : args.key_factors + column) {
      for (std::size_t l = 0; l < kLines; ++l) query[l] = args.queries + l * args.head_dim;
      for (std::size_t v = 0; v < kVectors; ++v) {
        const std::size_t key = column + v * columns.lanes;
        keys[v] = static_cast<const Element*>(args.keys) + key / kKvBlock * args.block_stride +
                  key % kKvBlock;
        Hide(&keys[v]);
      }
    }

    FOVEA_SVE_INLINE bool Next() {
      const bool first = !done;
      done = true;
      return first;
    }
    FOVEA_SVE_INLINE svfloat32_t Line(std::size_t l) const { return svdup_n_f32(query[l][step]); }
    FOVEA_SVE_INLINE svfloat32_t Vector(std::size_t v) const {
      return Stored<kType>::Load(columns.Lanes(v), keys[v] + offset);
    }
    FOVEA_SVE_INLINE void Advance() {
      ++step;
      offset += kKvBlock;
      Hide(&offset);
    }
    FOVEA_SVE_INLINE void Finish(std::size_t l, std::size_t v, svfloat32_t sum) const {
      const svbool_t lanes = columns.Lanes(v);
      const std::size_t column = v * columns.lanes;
      if (factors != nullptr) {
        sum = svmul_f32_x(lanes, sum, svld1_f32(lanes, factors + column));
      }
      svst1_f32(lanes, scores + l * stride + column, sum);
    }

    VectorsOf<kVectors> columns;
    std::size_t steps;
    std::size_t stride;
    float* scores;
    const float* factors;
    const float* query[kLines];
    const Element* keys[kVectors];
    std::size_t step = 0;
    std::size_t offset = 0;  ///< Of the step, in elements.
    bool done = false;
  };
};

/// Lines are rows of numerators, vectors are parts of values, steps are columns.
template <DataType kType>
struct ValueProducts {
  using Args = ValueArgs;
  using Element = typename Stored<kType>::Element;

  template <std::size_t kLines, std::size_t kVectors>
  struct Tile {
    static constexpr bool kContinues = true;

    /// Of the elements from `element` on, `most` at most.
    FOVEA_SVE_INLINE Tile(const ValueArgs& args, std::size_t element, std::size_t most)
        : args_(args),
          elements(args.padded - element < most ? args.padded - element : most),
          end(args.begin),
          sums(args.sums + element) {
      for (std::size_t l = 0; l < kLines; ++l) numerators[l] = args.numerators + l * args.stride;
      for (std::size_t v = 0; v < kVectors; ++v) {
        values[v] = static_cast<const Element*>(args.values) + element + v * elements.lanes;
        Hide(&values[v]);
      }
    }

    FOVEA_SVE_INLINE svfloat32_t Begin(std::size_t l, std::size_t v) const {
      return svld1_f32(elements.Lanes(v), sums + l * args_.padded + v * elements.lanes);
    }
    /// A run of columns ends before a hidden key, or at the end of a block whose successor is not
    /// adjacent in memory.
    FOVEA_SVE_INLINE bool Next() {
      std::size_t begin = end;
      if (args_.valid != nullptr) {
        while (begin < args_.end && args_.valid[begin] == 0) ++begin;
      }
      if (begin >= args_.end) return false;
      end = args_.end;
      const std::size_t block_end = (begin / kKvBlock + 1) * kKvBlock;
      if (args_.block_stride != kKvBlock * args_.padded && block_end < end) end = block_end;
      if (args_.valid != nullptr) {
        for (std::size_t key = begin; key < end; ++key) {
          if (args_.valid[key] == 0) end = key;
        }
      }
      steps = end - begin;
      column = begin;
      offset = begin / kKvBlock * args_.block_stride + begin % kKvBlock * args_.padded;
      return true;
    }
    FOVEA_SVE_INLINE svfloat32_t Line(std::size_t l) const {
      return svdup_n_f32(numerators[l][column]);
    }
    FOVEA_SVE_INLINE svfloat32_t Vector(std::size_t v) const {
      return Stored<kType>::Load(elements.Lanes(v), values[v] + offset);
    }
    FOVEA_SVE_INLINE void Advance() {
      ++column;
      offset += args_.padded;
    }
    FOVEA_SVE_INLINE void Finish(std::size_t l, std::size_t v, svfloat32_t sum) const {
      svst1_f32(elements.Lanes(v), sums + l * args_.padded + v * elements.lanes, sum);
    }

    const ValueArgs& args_;
    VectorsOf<kVectors> elements;
    std::size_t end;  ///< Of the run.
    std::size_t steps = 0;
    std::size_t column = 0;
    std::size_t offset = 0;  ///< Of the column, in elements.
    float* sums;
    const float* numerators[kLines];
    const Element* values[kVectors];
  };
};

/// The columns, or elements, [first, end), in tiles as wide as registers allow.
template <class Products, std::size_t kLines>
__attribute__((noinline)) void MultiplyLines(const typename Products::Args& args, std::size_t first,
                                             std::size_t end) {
  const std::size_t narrow = kNarrowVectors * BlockLanes();
  if constexpr (VectorsFor(kLines) == kWideVectors) {
    using Tile = typename Products::template Tile<kLines, kWideVectors>;
    for (; first + 2 * narrow <= end; first += 2 * narrow) {
      MultiplyTile<kLines, kWideVectors>(Tile(args, first, 2 * narrow));
    }
  }
  using Tile = typename Products::template Tile<kLines, kNarrowVectors>;
  for (; first < end; first += narrow) {
    MultiplyTile<kLines, kNarrowVectors>(Tile(args, first, narrow));
  }
}

template <class Products>
FOVEA_SVE_INLINE void MultiplyRows(const typename Products::Args& args, std::size_t begin,
                                   std::size_t end) {
  switch (args.rows) {
    case 1: return MultiplyLines<Products, 1>(args, begin, end);
    case 2: return MultiplyLines<Products, 2>(args, begin, end);
#if !defined(FOVEA_SMALL_KERNELS)
    case 3: return MultiplyLines<Products, 3>(args, begin, end);
    case 4: return MultiplyLines<Products, 4>(args, begin, end);
    case 5: return MultiplyLines<Products, 5>(args, begin, end);
    case 6: return MultiplyLines<Products, 6>(args, begin, end);
#endif
  }
}

}  // namespace
}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_SVE_ATTEND_INL_H_
