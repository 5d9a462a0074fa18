// Attention with the vectors of ARM SVE. Compiled for CPUs that have it: the linker may see nothing
// of this file but AttendTile.
#include "engine/kernels/attention/attend_overrides.h"

#if FOVEA_KERNELS_ARM64

#include <limits>

#include "engine/kernels/attention/sve_attend-inl.h"

namespace fovea::kernels::sve {
namespace {

void Score(const ScoreArgs& args) {
  switch (args.type) {
    case DataType::kF16:
      return MultiplyRows<ScoreProducts<DataType::kF16>>(args, args.begin, args.end);
    case DataType::kBF16:
      return MultiplyRows<ScoreProducts<DataType::kBF16>>(args, args.begin, args.end);
    case DataType::kQ8_0:
      return MultiplyRows<ScoreProducts<DataType::kQ8_0>>(args, args.begin, args.end);
    default: return MultiplyRows<ScoreProducts<DataType::kF32>>(args, args.begin, args.end);
  }
}

void AddValues(const ValueArgs& args) {
  switch (args.type) {
    case DataType::kF16: return MultiplyRows<ValueProducts<DataType::kF16>>(args, 0, args.padded);
    case DataType::kBF16: return MultiplyRows<ValueProducts<DataType::kBF16>>(args, 0, args.padded);
    case DataType::kQ8_0: return MultiplyRows<ValueProducts<DataType::kQ8_0>>(args, 0, args.padded);
    default: return MultiplyRows<ValueProducts<DataType::kF32>>(args, 0, args.padded);
  }
}

/// As ExpNonPositive in softmax-inl.h, which explains the numbers: the same bits.
FOVEA_SVE_INLINE svfloat32_t ExpNonPositive(svfloat32_t x) {
  const svbool_t all = svptrue_b32();
  const svfloat32_t magic = svdup_n_f32(12582912.0F);
  const svfloat32_t shifted = svmla_n_f32_x(all, magic, x, 1.44269504F);
  const svfloat32_t n = svsub_f32_x(all, shifted, magic);
  const svfloat32_t high = svmls_n_f32_x(all, x, n, 0.693147182F);
  const svfloat32_t r = svmls_n_f32_x(all, high, n, -1.90465430e-9F);
  svfloat32_t p = svdup_n_f32(0.0013814597623422742F);
  p = svmad_n_f32_x(all, p, r, 0.0083687175065279F);
  p = svmad_n_f32_x(all, p, r, 0.04166838899254799F);
  p = svmad_n_f32_x(all, p, r, 0.1666652113199234F);
  p = svmad_n_f32_x(all, p, r, 0.4999999403953552F);
  const svfloat32_t mantissa =
      svmla_f32_x(all, svadd_n_f32_x(all, r, 1.0F), svmul_f32_x(all, r, r), p);
  // What was added by the magic number's low bits is n as an integer.
  const svint32_t exponent = svsub_n_s32_x(all, svreinterpret_s32_f32(shifted), 0x4B400000);
  const svbool_t tiny = svcmplt_n_f32(all, x, -87.3F);
  return svsel_f32(tiny, svdup_n_f32(0), svscale_f32_x(all, mantissa, exponent));
}

ScoreSums Softmax(float* scores, std::size_t count, const float* factors, float* numerators) {
  constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();
  const svbool_t all = svptrue_b32();
  svfloat32_t largest = svdup_n_f32(kMinusInfinity);
  for (std::size_t i = 0; i < count; i += svcntw()) {
    const svbool_t lanes = svwhilelt_b32_u64(i, count);
    largest = svmax_f32_m(lanes, largest, svld1_f32(lanes, scores + i));
  }
  const float max = svmaxv_f32(all, largest);
  // While every score is -inf, 0 is subtracted.
  const float shift = max == kMinusInfinity ? 0.0F : max;
  svfloat32_t total = svdup_n_f32(0);
  for (std::size_t i = 0; i < count; i += svcntw()) {
    const svbool_t lanes = svwhilelt_b32_u64(i, count);
    svfloat32_t numerator = ExpNonPositive(svsub_n_f32_x(all, svld1_f32(lanes, scores + i), shift));
    total = svadd_f32_m(lanes, total, numerator);
    if (factors != nullptr) {
      if (numerators != nullptr) svst1_f32(lanes, numerators + i, numerator);
      numerator = svmul_f32_x(all, numerator, svld1_f32(lanes, factors + i));
    }
    svst1_f32(lanes, scores + i, numerator);
  }
  return {max, svaddv_f32(all, total)};
}

constexpr AttendOverrides kOverrides = {
    .score = Score,
    .add_values = AddValues,
    .softmax = Softmax,
};

}  // namespace

void AttendTile(const AttendTileArgs& args) {
  N_NEON::AttendTileWith(kOverrides, args);
}

}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_ARM64
