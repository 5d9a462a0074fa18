// Products of floats and of 16-bit floats with the vectors of ARM SVE. Compiled for CPUs that have
// it: the linker may see nothing of this file but Dot, Gemm and GemmHalf.
#include "engine/kernels/dispatch/kernel_functions.h"

#if FOVEA_KERNELS_ARM64

#include "engine/kernels/float/sve_floats-inl.h"

namespace fovea::kernels::sve {
namespace {

struct GemmOperands {
  const std::uint8_t* w;
  std::size_t w_stride;  ///< Of rows, in bytes.
  const float* x;
  std::size_t x_stride;
  std::size_t cols;
  float* out;
  std::size_t out_stride;
};

/// Lines are tokens, vectors are rows of w, steps are vectors of columns. Each output has a vector
/// of partial sums, so that all tiles give the same bits.
template <DataType kType, std::size_t kTokens, std::size_t kRows>
struct GemmTile {
  using Element = typename Stored<kType>::Element;
  static constexpr bool kContinues = false;

  /// `count` rows, row_step apart; a larger tile repeats the last one.
  FOVEA_SVE_INLINE GemmTile(const GemmOperands& args, std::size_t row_step, std::size_t count)
      : rows(count),
        left(args.cols),
        out(args.out),
        out_stride(args.out_stride),
        out_step(row_step) {
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::size_t row = (r < count ? r : count - 1) * row_step;
      w[r] = reinterpret_cast<const Element*>(args.w + row * args.w_stride);
      Hide(&w[r]);
    }
    for (std::size_t t = 0; t < kTokens; ++t) {
      x[t] = args.x + t * args.x_stride;
      Hide(&x[t]);
    }
  }

  /// First a run of whole vectors, then the remaining columns.
  FOVEA_SVE_INLINE bool Next() {
    left -= steps * svcntw();
    steps = left / svcntw();
    lanes = svcntw();
    if (steps > 0) return true;
    if (left == 0) return false;
    lanes = left;
    left = svcntw();
    steps = 1;
    return true;
  }
  FOVEA_SVE_INLINE svfloat32_t Line(std::size_t t) const {
    return svld1_f32(svwhilelt_b32_u64(0, lanes), x[t] + column);
  }
  FOVEA_SVE_INLINE svfloat32_t Vector(std::size_t r) const {
    return Stored<kType>::Load(svwhilelt_b32_u64(0, lanes), w[r] + column);
  }
  FOVEA_SVE_INLINE void Advance() {
    column += svcntw();
    Hide(&column);
  }
  FOVEA_SVE_INLINE void Finish(std::size_t t, std::size_t r, svfloat32_t sum) const {
    if (r < rows) out[t * out_stride + r * out_step] = svaddv_f32(svptrue_b32(), sum);
  }

  std::size_t rows;
  std::size_t left;  ///< Columns from this run on.
  std::size_t steps = 0;
  std::size_t column = 0;
  std::size_t lanes = 0;
  float* out;
  std::size_t out_stride;
  std::size_t out_step;
  const Element* w[kRows];
  const float* x[kTokens];
};

/// All rows times kTokens tokens. If `spread`, the rows of a tile are spread evenly over all rows,
/// as in gemm_tile-inl.h.
template <DataType kType, std::size_t kTokens>
__attribute__((noinline)) void GemmColumns(GemmOperands at, std::size_t rows, bool spread) {
  constexpr std::size_t kRows = VectorsFor(kTokens);
  using Tile = GemmTile<kType, kTokens, kRows>;
  const auto advance = [&at](std::size_t by) {
    at.w += by * at.w_stride;
    at.out += by;
  };
  const std::size_t part = rows / kRows;
  const std::size_t rest = rows % kRows;
  // The last tile shares the loop, because the code of a tile is large.
  for (std::size_t i = 0; i < part + (rest > 0 ? 1 : 0); ++i) {
    const bool last = i == part;
    if (last && spread) advance((kRows - 1) * part);
    MultiplyTile<kTokens, kRows>(Tile(at, spread && !last ? part : 1, last ? rest : kRows));
    advance(spread ? 1 : kRows);
  }
}

template <DataType kType>
FOVEA_SVE_INLINE void GemmAll(GemmOperands at, std::size_t rows, std::size_t tokens) {
  const bool spread = tokens <= kMaxLines;
  for (std::size_t left = tokens; left > 0;) {
    const std::size_t now = left < kMaxLines ? left : kMaxLines;
    switch (now) {
      case 1: GemmColumns<kType, 1>(at, rows, spread); break;
      case 2: GemmColumns<kType, 2>(at, rows, spread); break;
#if !defined(FOVEA_SMALL_KERNELS)
      case 3: GemmColumns<kType, 3>(at, rows, spread); break;
      case 4: GemmColumns<kType, 4>(at, rows, spread); break;
      case 5: GemmColumns<kType, 5>(at, rows, spread); break;
      case 6: GemmColumns<kType, 6>(at, rows, spread); break;
#endif
    }
    at.x += now * at.x_stride;
    at.out += now * at.out_stride;
    left -= now;
  }
}

}  // namespace

float Dot(const float* a, const float* b, std::size_t n) {
  const std::size_t lanes = svcntw();
  const svbool_t all = svptrue_b32();
  // Four accumulators, because a fused multiply-add waits for the one before it.
  svfloat32_t sum0 = svdup_n_f32(0);
  svfloat32_t sum1 = sum0;
  svfloat32_t sum2 = sum0;
  svfloat32_t sum3 = sum0;
  std::size_t i = 0;
  for (; i + 4 * lanes <= n; i += 4 * lanes) {
    sum0 = svmla_f32_x(all, sum0, svld1_f32(all, a + i), svld1_f32(all, b + i));
    sum1 = svmla_f32_x(all, sum1, svld1_vnum_f32(all, a + i, 1), svld1_vnum_f32(all, b + i, 1));
    sum2 = svmla_f32_x(all, sum2, svld1_vnum_f32(all, a + i, 2), svld1_vnum_f32(all, b + i, 2));
    sum3 = svmla_f32_x(all, sum3, svld1_vnum_f32(all, a + i, 3), svld1_vnum_f32(all, b + i, 3));
  }
  for (; i < n; i += lanes) {
    const svbool_t there = svwhilelt_b32_u64(i, n);
    sum0 = svmla_f32_m(there, sum0, svld1_f32(there, a + i), svld1_f32(there, b + i));
  }
  return svaddv_f32(all,
                    svadd_f32_x(all, svadd_f32_x(all, sum0, sum1), svadd_f32_x(all, sum2, sum3)));
}

void Gemm(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
          std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
          std::size_t out_stride) {
  GemmAll<DataType::kF32>({reinterpret_cast<const std::uint8_t*>(w), w_stride * sizeof(float), x,
                           x_stride, cols, out, out_stride},
                          rows, tokens);
}

void GemmHalf(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
              const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
              float* out, std::size_t out_stride) {
  const GemmOperands at = {
      reinterpret_cast<const std::uint8_t*>(w), row_bytes, x, x_stride, cols, out, out_stride};
  if (type == DataType::kF16) {
    GemmAll<DataType::kF16>(at, rows, tokens);
  } else {
    GemmAll<DataType::kBF16>(at, rows, tokens);
  }
}

}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_ARM64
