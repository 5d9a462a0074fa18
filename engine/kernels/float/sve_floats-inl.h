// Products of floats with SVE vectors of any length: reading stored elements as floats, and the one
// register tile that attention and the matrix products share. Vectors without a size cannot be kept
// in arrays: the sums of a tile are separate variables, declared by macros. For the files of SVE
// only.
#ifndef FOVEA_KERNELS_SVE_FLOATS_INL_H_
#define FOVEA_KERNELS_SVE_FLOATS_INL_H_

#include <arm_sve.h>

#include <cstddef>
#include <cstdint>

#include "fovea/data_type.h"

#if !defined(FOVEA_SVE_INLINE)
#define FOVEA_SVE_INLINE inline __attribute__((always_inline))
#endif

namespace fovea::kernels::sve {
namespace {

/// Elements as they are stored; Load gives a vector of them as floats, exactly, and 0 where the
/// predicate is false. They may lie at any address.
template <DataType kType>
struct Stored;

template <>
struct Stored<DataType::kF32> {
  using Element = float;
  static FOVEA_SVE_INLINE svfloat32_t Load(svbool_t lanes, const float* from) {
    return svld1_f32(lanes, from);
  }
};

template <>
struct Stored<DataType::kF16> {
  using Element = std::uint16_t;
  static FOVEA_SVE_INLINE svfloat32_t Load(svbool_t lanes, const std::uint16_t* from) {
    return svcvt_f32_f16_x(svptrue_b32(), svreinterpret_f16_u32(svld1uh_u32(lanes, from)));
  }
};

template <>
struct Stored<DataType::kBF16> {
  using Element = std::uint16_t;
  static FOVEA_SVE_INLINE svfloat32_t Load(svbool_t lanes, const std::uint16_t* from) {
    return svreinterpret_f32_u32(svlsl_n_u32_x(svptrue_b32(), svld1uh_u32(lanes, from), 16));
  }
};

template <>
struct Stored<DataType::kQ8_0> {
  using Element = std::int8_t;
  /// By addition: conversion is slow on some CPUs.
  static FOVEA_SVE_INLINE svfloat32_t Load(svbool_t lanes, const std::int8_t* from) {
    constexpr float kMagic = 12582912.0F;  // 1.5 · 2^23
    constexpr std::int32_t kMagicBits = 0x4B400000;
    const svbool_t all = svptrue_b32();
    const svint32_t raised = svadd_n_s32_x(all, svld1sb_s32(lanes, from), kMagicBits);
    return svsub_n_f32_x(all, svreinterpret_f32_s32(raised), kMagic);
  }
};

/// Makes the pointer opaque to the compiler. Otherwise it computes each vector's address from that
/// of another vector in every step, although a load can add an offset to a pointer itself.
template <typename Number>
FOVEA_SVE_INLINE void Hide(Number* number) {
  asm("" : "+r"(*number));
}

constexpr std::size_t kWideVectors = 8;
constexpr std::size_t kNarrowVectors = 4;
/// Lines of a tile at most. Up to kWideLines have kWideVectors sums each, more lines
/// kNarrowVectors: 24 registers of 32.
#if defined(FOVEA_SMALL_KERNELS)  // CMake option: fewer shapes, the same bits
constexpr std::size_t kMaxLines = 2;
constexpr std::size_t kWideLines = 0;
#else
constexpr std::size_t kMaxLines = 6;
constexpr std::size_t kWideLines = 3;
#endif
constexpr std::size_t VectorsFor(std::size_t lines) {
  return lines <= kWideLines ? kWideVectors : kNarrowVectors;
}

#define FOVEA_EACH_VECTOR(M) M(0) M(1) M(2) M(3) M(4) M(5) M(6) M(7)
#define FOVEA_EACH_LINE(M) M(0) M(1) M(2) M(3) M(4) M(5)
#define FOVEA_VECTORS_OF(M, l) M(l, 0) M(l, 1) M(l, 2) M(l, 3) M(l, 4) M(l, 5) M(l, 6) M(l, 7)
#define FOVEA_LINES_OF(M, v) M(0, v) M(1, v) M(2, v) M(3, v) M(4, v) M(5, v)
#define FOVEA_EACH_SUM(M) \
  FOVEA_VECTORS_OF(M, 0)  \
  FOVEA_VECTORS_OF(M, 1)  \
  FOVEA_VECTORS_OF(M, 2) FOVEA_VECTORS_OF(M, 3) FOVEA_VECTORS_OF(M, 4) FOVEA_VECTORS_OF(M, 5)

/// sum[l, v] += line[l] · vector[v] over all steps, kLines × kVectors sums in registers, each
/// accumulated by fused multiply-adds in the order of the steps. Operands supplies the factors:
///   kContinues       whether sums begin with Begin(l, v) instead of 0
///   Next()           on to a run of steps; false after the last
///   steps            of this run
///   Line(l)          all lanes for line l in this step
///   Vector(v)        vector v
///   Advance()        on to the next step
///   Finish(l, v, sum)
template <std::size_t kLines, std::size_t kVectors, class Operands>
FOVEA_SVE_INLINE void MultiplyTile(Operands at) {
  const svbool_t all = svptrue_b32();
#define FOVEA_DECLARE(l, v) [[maybe_unused]] svfloat32_t sum##l##v = svdup_n_f32(0);
  FOVEA_EACH_SUM(FOVEA_DECLARE)
#undef FOVEA_DECLARE
  if constexpr (Operands::kContinues) {
#define FOVEA_BEGIN(l, v) \
  if constexpr (l < kLines && v < kVectors) sum##l##v = at.Begin(l, v);
    FOVEA_EACH_SUM(FOVEA_BEGIN)
#undef FOVEA_BEGIN
  }
#define FOVEA_ADD(l, v)                                          \
  if constexpr (l < kLines && v < kVectors) {                    \
    sum##l##v = svmla_f32_x(all, sum##l##v, vector##v, line##l); \
  }
  while (at.Next()) {
    for (std::size_t left = at.steps; left > 0; --left) {
      // The operands that are fewer are kept in registers, the others are loaded one by one.
      if constexpr (kLines <= kWideLines) {
#define FOVEA_LINE(l)                                   \
  [[maybe_unused]] svfloat32_t line##l = svundef_f32(); \
  if constexpr (l < kLines) line##l = at.Line(l);
        FOVEA_EACH_LINE(FOVEA_LINE)
#undef FOVEA_LINE
#define FOVEA_VECTOR(v)                         \
  if constexpr (v < kVectors) {                 \
    const svfloat32_t vector##v = at.Vector(v); \
    FOVEA_LINES_OF(FOVEA_ADD, v)                \
  }
        FOVEA_EACH_VECTOR(FOVEA_VECTOR)
#undef FOVEA_VECTOR
      } else {
#define FOVEA_VECTOR(v)                                   \
  [[maybe_unused]] svfloat32_t vector##v = svundef_f32(); \
  if constexpr (v < kVectors) vector##v = at.Vector(v);
        FOVEA_EACH_VECTOR(FOVEA_VECTOR)
#undef FOVEA_VECTOR
#define FOVEA_LINE(l)                       \
  if constexpr (l < kLines) {               \
    const svfloat32_t line##l = at.Line(l); \
    FOVEA_VECTORS_OF(FOVEA_ADD, l)          \
  }
        FOVEA_EACH_LINE(FOVEA_LINE)
#undef FOVEA_LINE
      }
      at.Advance();
    }
  }
#undef FOVEA_ADD
#define FOVEA_FINISH(l, v) \
  if constexpr (l < kLines && v < kVectors) at.Finish(l, v, sum##l##v);
  FOVEA_EACH_SUM(FOVEA_FINISH)
#undef FOVEA_FINISH
}

#undef FOVEA_EACH_SUM
#undef FOVEA_LINES_OF
#undef FOVEA_VECTORS_OF
#undef FOVEA_EACH_LINE
#undef FOVEA_EACH_VECTOR

}  // namespace
}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_SVE_FLOATS_INL_H_
