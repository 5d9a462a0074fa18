// Reading panels (tensor/packed_panels.h) with SVE vectors of any length: the counterpart of
// panel_formats-inl.h. A vector holds neighbouring rows of a panel, four columns of each; a
// predicate switches off what vectors are longer than a panel's line. For the files of SVE only.
#ifndef FOVEA_KERNELS_SVE_FORMATS_INL_H_
#define FOVEA_KERNELS_SVE_FORMATS_INL_H_

#include <arm_sve.h>

#include <cstddef>
#include <cstdint>

#include "engine/kernels/packed/panel_sections.h"
#include "engine/tensor/packed_panels.h"
#include "engine/tensor/weight_types.h"

#define FOVEA_SVE_INLINE inline __attribute__((always_inline))

namespace fovea::kernels::sve {
namespace {

/// The sections of a panel from one of its rows on.
struct Rows : Sections {
  using Sections::Sections;
  FOVEA_SVE_INLINE svbool_t Bytes() const { return svwhilelt_b8_u64(4 * row, kQuantLine); }
  FOVEA_SVE_INLINE svbool_t Words() const { return svwhilelt_b32_u64(row, kPanelRows); }

  std::size_t row = 0;
};

FOVEA_SVE_INLINE svuint8_t LoadLine(const Rows& rows, std::size_t section, std::size_t line) {
  return svld1_u8(rows.Bytes(), rows.begin[section] + line * kQuantLine + 4 * rows.row);
}

FOVEA_SVE_INLINE svint8_t Signed(svuint8_t v) {
  return svreinterpret_s8_u8(v);
}

/// A mask in a register: with an immediate, `and` overwrites its operand, and compilers copy that
/// first.
FOVEA_SVE_INLINE svuint8_t Mask(std::uint8_t value) {
  svuint8_t mask = svdup_n_u8(value);
  asm("" : "+w"(mask));
  return mask;
}

/// Nibbles at the bottom of bytes: the low ones, or the high ones.
FOVEA_SVE_INLINE svuint8_t Nibbles(svuint8_t line, bool high) {
  return high ? svlsr_n_u8_x(svptrue_b8(), line, 4) : svand_u8_x(svptrue_b8(), line, Mask(15));
}

/// One half scale per row; line i of the section.
FOVEA_SVE_INLINE svfloat32_t LoadHalves(const Rows& rows, std::size_t section, std::size_t line) {
  const auto* from = reinterpret_cast<const std::uint16_t*>(rows.begin[section]);
  const svuint32_t bits = svld1uh_u32(rows.Words(), from + line * kPanelRows + rows.row);
  return svcvt_f32_f16_x(svptrue_b32(), svreinterpret_f16_u32(bits));
}

/// The nibbles of a block of 32: low ones are columns 0–15.
FOVEA_SVE_INLINE svuint8_t SmallNibbles(const Rows& rows, std::size_t section, std::size_t b,
                                        std::size_t step) {
  return Nibbles(LoadLine(rows, section, b * 4 + step % 4), step >= 4);
}

/// The nibbles of a block of 256: runs 2p and 2p + 1 are the low and high ones of eight lines.
FOVEA_SVE_INLINE svuint8_t SuperNibbles(const Rows& rows, std::size_t section, std::size_t b,
                                        std::size_t step) {
  const svuint8_t line = LoadLine(rows, section, b / 2 * 8 + step);
  const svuint8_t shift = svdup_n_u8(b % 2 == 0 ? 0 : 4);
  return svand_n_u8_x(svptrue_b8(), svlsr_u8_x(svptrue_b8(), line, shift), 15);
}

/// Bit 4 of the quants: bits 4 * step … 4 * step + 3 of each row's word, one to each byte.
FOVEA_SVE_INLINE svuint8_t FifthBits(const Rows& rows, std::size_t section, std::size_t b,
                                     std::size_t step) {
  const svbool_t all = svptrue_b32();
  const svuint32_t words = svreinterpret_u32_u8(LoadLine(rows, section, b));
  const svuint32_t shift = svdup_n_u32(static_cast<std::uint32_t>(4 * step));
  const svuint32_t four = svand_n_u32_x(all, svlsr_u32_x(all, words, shift), 15);
  // Copies of the four bits, seven apart, which do not overlap; of copy i, bit i is kept.
  const svuint32_t copies = svmul_n_u32_x(all, four, 0x204081U << 4);
  return svreinterpret_u8_u32(svand_n_u32_x(all, copies, 0x10101010U));
}

FOVEA_SVE_INLINE svuint8_t Or(svuint8_t a, svuint8_t b) {
  return svorr_u8_x(svptrue_b8(), a, b);
}

// A format gives, for block b of 32 columns and the rows of a vector:
//   Load(rows, b, step)   quants of columns 4 * step … 4 * step + 3, with kOffset added
//   Scale(rows, b, half)  the scale of each row; of each half block if kHalves
//   Minimum(rows, b)      what is added to every weight of the block, if kHasMinimum

/// Blocks of 32 with one half scale each.
struct ScaledBlocks {
  static constexpr bool kHasMinimum = false, kHalves = false;
  static FOVEA_SVE_INLINE svfloat32_t Scale(const Rows& rows, std::size_t b, std::size_t /*half*/) {
    return LoadHalves(rows, 0, b);
  }
  static FOVEA_SVE_INLINE svfloat32_t Minimum(const Rows&, std::size_t) { return svdup_n_f32(0); }
};

/// Blocks of 32 with a half scale and a half minimum.
struct ShiftedBlocks {
  static constexpr bool kHasMinimum = true, kHalves = false;
  static FOVEA_SVE_INLINE svfloat32_t Scale(const Rows& rows, std::size_t b, std::size_t /*half*/) {
    return LoadHalves(rows, 0, b);
  }
  static FOVEA_SVE_INLINE svfloat32_t Minimum(const Rows& rows, std::size_t b) {
    return LoadHalves(rows, 1, b);
  }
};

struct FormatQ8_0 : ScaledBlocks {
  static constexpr DataType kType = DataType::kQ8_0;
  static constexpr int kOffset = 0;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    static_assert(kPanelQuantFlip == 0);
    return Signed(LoadLine(rows, 1, b * 8 + step));
  }
};

struct FormatQ4_0 : ScaledBlocks {
  static constexpr DataType kType = DataType::kQ4_0;
  static constexpr int kOffset = 8;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return Signed(SmallNibbles(rows, 1, b, step));
  }
};

/// The file's own copy: an inline variable would be a weak symbol.
struct Levels {
  constexpr Levels() {
    for (std::size_t i = 0; i < 16; ++i) values[i] = kIQ4NLValues[i];
  }
  std::int8_t values[16] = {};
};
constexpr Levels kLevels;

FOVEA_SVE_INLINE svint8_t LookUpLevels(svuint8_t nibbles) {
  return svtbl_s8(svld1rq_s8(svptrue_b8(), kLevels.values), nibbles);
}

struct FormatIQ4_NL : ScaledBlocks {
  static constexpr DataType kType = DataType::kIQ4_NL;
  static constexpr int kOffset = 0;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return LookUpLevels(SmallNibbles(rows, 1, b, step));
  }
};

struct FormatQ4_1 : ShiftedBlocks {
  static constexpr DataType kType = DataType::kQ4_1;
  static constexpr int kOffset = 0;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return Signed(SmallNibbles(rows, 2, b, step));
  }
};

struct FormatQ5_0 : ScaledBlocks {
  static constexpr DataType kType = DataType::kQ5_0;
  static constexpr int kOffset = 16;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return Signed(Or(SmallNibbles(rows, 2, b, step), FifthBits(rows, 1, b, step)));
  }
};

struct FormatQ5_1 : ShiftedBlocks {
  static constexpr DataType kType = DataType::kQ5_1;
  static constexpr int kOffset = 0;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return Signed(Or(SmallNibbles(rows, 3, b, step), FifthBits(rows, 2, b, step)));
  }
};

/// Byte `i` of the packed six-bit scales of super-block s.
FOVEA_SVE_INLINE svint32_t ScaleByte(const Rows& rows, std::size_t s, std::size_t i) {
  return svld1ub_s32(rows.Words(), rows.begin[2] + (s * 12 + i) * kPanelRows + rows.row);
}

FOVEA_SVE_INLINE svint32_t And(svint32_t v, std::int32_t mask) {
  return svand_n_s32_x(svptrue_b32(), v, mask);
}

/// `low` with the top two bits of a byte above its four.
FOVEA_SVE_INLINE svint32_t WithTopBits(svint32_t low, svint32_t byte) {
  const svbool_t all = svptrue_b32();
  return svorr_s32_x(all, low, svlsl_n_s32_x(all, svasr_n_s32_x(all, byte, 6), 4));
}

FOVEA_SVE_INLINE svfloat32_t ToFloat(svint32_t v) {
  return svcvt_f32_s32_x(svptrue_b32(), v);
}

/// Blocks of 256 with a packed scale and minimum for each run of 32 (as UnpackScaleMinK), times a
/// half scale and a half minimum of the whole.
struct SuperBlocks {
  static constexpr bool kHasMinimum = true, kHalves = false;
  static constexpr int kOffset = 0;

  static FOVEA_SVE_INLINE svfloat32_t Scale(const Rows& rows, std::size_t b, std::size_t /*half*/) {
    const std::size_t s = b / 8;
    const std::size_t g = b % 8;
    const svint32_t scale =
        g < 4 ? And(ScaleByte(rows, s, g), 63)
              : WithTopBits(And(ScaleByte(rows, s, g + 4), 15), ScaleByte(rows, s, g - 4));
    return svmul_f32_x(svptrue_b32(), LoadHalves(rows, 0, s), ToFloat(scale));
  }
  static FOVEA_SVE_INLINE svfloat32_t Minimum(const Rows& rows, std::size_t b) {
    const svbool_t all = svptrue_b32();
    const std::size_t s = b / 8;
    const std::size_t g = b % 8;
    const svint32_t minimum = g < 4 ? And(ScaleByte(rows, s, g + 4), 63)
                                    : WithTopBits(svasr_n_s32_x(all, ScaleByte(rows, s, g + 4), 4),
                                                  ScaleByte(rows, s, g));
    return svneg_f32_x(all, svmul_f32_x(all, LoadHalves(rows, 1, s), ToFloat(minimum)));
  }
};

struct FormatQ4_K : SuperBlocks {
  static constexpr DataType kType = DataType::kQ4_K;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return Signed(SuperNibbles(rows, 3, b, step));
  }
};

/// Two bits, or one, of every byte: from `shift` on, moved to bit 4.
FOVEA_SVE_INLINE svuint8_t HighBits(svuint8_t line, std::size_t shift, std::uint8_t mask) {
  const svbool_t all = svptrue_b8();
  const svuint8_t bits = svlsr_u8_x(all, line, svdup_n_u8(static_cast<std::uint8_t>(shift)));
  return svlsl_n_u8_x(all, svand_n_u8_x(all, bits, mask), 4);
}

struct FormatQ5_K : SuperBlocks {
  static constexpr DataType kType = DataType::kQ5_K;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return Signed(Or(SuperNibbles(rows, 4, b, step),
                     HighBits(LoadLine(rows, 3, b / 8 * 8 + step), b % 8, 1)));
  }
};

struct FormatQ6_K {
  static constexpr DataType kType = DataType::kQ6_K;
  static constexpr bool kHasMinimum = false, kHalves = true;
  static constexpr int kOffset = 32;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    // Of each half of 128 columns, runs 0 and 1 are the low nibbles of 16 lines, 2 and 3 the high
    // ones; run r takes bits 2r and 2r + 1 of 8 lines.
    const std::size_t half = b / 4;
    const std::size_t run = b % 4;
    const svbool_t all = svptrue_b8();
    const svuint8_t low = LoadLine(rows, 3, half * 16 + run % 2 * 8 + step);
    const svuint8_t nibbles = svand_n_u8_x(
        all, svlsr_u8_x(all, low, svdup_n_u8(static_cast<std::uint8_t>(run < 2 ? 0 : 4))), 15);
    return Signed(Or(nibbles, HighBits(LoadLine(rows, 2, half * 8 + step), 2 * run, 3)));
  }
  static FOVEA_SVE_INLINE svfloat32_t Scale(const Rows& rows, std::size_t b, std::size_t half) {
    const std::size_t s = b / 8;
    const auto* scales = reinterpret_cast<const std::int8_t*>(rows.begin[1]) +
                         (s * 16 + b % 8 * 2 + half) * kPanelRows + rows.row;
    return svmul_f32_x(svptrue_b32(), LoadHalves(rows, 0, s),
                       ToFloat(svld1sb_s32(rows.Words(), scales)));
  }
  static FOVEA_SVE_INLINE svfloat32_t Minimum(const Rows&, std::size_t) { return svdup_n_f32(0); }
};

struct FormatIQ4_XS {
  static constexpr DataType kType = DataType::kIQ4_XS;
  static constexpr bool kHasMinimum = false, kHalves = false;
  static constexpr int kOffset = 0;
  static FOVEA_SVE_INLINE svint8_t Load(const Rows& rows, std::size_t b, std::size_t step) {
    return LookUpLevels(SmallNibbles(rows, 3, b, step));
  }
  /// As UnpackScaleIQ4XS, of each row.
  static FOVEA_SVE_INLINE svfloat32_t Scale(const Rows& rows, std::size_t b, std::size_t /*half*/) {
    const svbool_t all = svptrue_b32();
    const std::size_t s = b / 8;
    const std::size_t g = b % 8;
    const auto* words = reinterpret_cast<const std::uint16_t*>(rows.begin[1]);
    const svint32_t high = svreinterpret_s32_u32(
        svlsr_u32_x(all, svld1uh_u32(rows.Words(), words + s * kPanelRows + rows.row),
                    svdup_n_u32(static_cast<std::uint32_t>(2 * g))));
    const svint32_t bytes =
        svld1ub_s32(rows.Words(), rows.begin[2] + (s * 4 + g / 2) * kPanelRows + rows.row);
    const svint32_t low = g % 2 == 0 ? bytes : svasr_n_s32_x(all, bytes, 4);
    const svint32_t scale = svorr_s32_x(all, And(low, 15), svlsl_n_s32_x(all, And(high, 3), 4));
    return svmul_f32_x(all, LoadHalves(rows, 0, s), ToFloat(svsub_n_s32_x(all, scale, 32)));
  }
  static FOVEA_SVE_INLINE svfloat32_t Minimum(const Rows&, std::size_t) { return svdup_n_f32(0); }
};

}  // namespace
}  // namespace fovea::kernels::sve

#endif  // FOVEA_KERNELS_SVE_FORMATS_INL_H_
