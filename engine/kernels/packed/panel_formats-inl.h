// Reading panels (tensor/packed_panels.h) with vectors: how each type's sections give the quants of
// four columns of a vector's rows, and the scales of those rows. Compiled once per target; a file
// that multiplies with VNNI instructions defines FOVEA_PACKED_VNNI first.
#if defined(FOVEA_KERNELS_PANEL_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_PANEL_FORMATS_INL_H_
#undef FOVEA_KERNELS_PANEL_FORMATS_INL_H_
#else
#define FOVEA_KERNELS_PANEL_FORMATS_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "engine/kernels/packed/panel_sections.h"
#include "engine/kernels/quantize/blocks-inl.h"
#include "engine/tensor/packed_panels.h"
#include "engine/tensor/weight_types.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

namespace {

using QuantTag = hn::Repartition<std::uint8_t, F32Tag>;
using Quants = hn::Vec<QuantTag>;  ///< kLanes rows × 4 columns

/// Vectors that a panel's rows fill.
constexpr std::size_t kPanelVectors = kPanelRows / kLanes;

#ifdef FOVEA_PACKED_VNNI
constexpr bool kUnsignedBytes = true;  ///< Eight-bit quants are multiplied as q + 128.
#else
constexpr bool kUnsignedBytes = false;
#endif

HWY_INLINE Quants LoadQuants(const std::uint8_t* from) {
  return hn::LoadU(QuantTag(), from);
}

HWY_INLINE Quants SetByte(int value) {
  return hn::Set(QuantTag(), static_cast<std::uint8_t>(value));
}

/// Bits [shift, shift + 4) of every byte that `mask` keeps, at the bottom.
HWY_INLINE Quants ShiftRightBytes(Quants v, int shift, int mask) {
#if HWY_TARGET == HWY_NEON
  // NEON has shifts of bytes.
  return hn::And(Quants(v.raw >> shift), SetByte(mask));
#endif
  const hn::Repartition<std::uint16_t, F32Tag> words;
  return hn::And(hn::BitCast(QuantTag(), hn::ShiftRightSame(hn::BitCast(words, v), shift)),
                 SetByte(mask));
}

/// One half scale per row, of kLanes rows.
HWY_INLINE F32 LoadHalves(const std::uint8_t* from) {
  const hn::Rebind<hwy::float16_t, F32Tag> halves;
  return hn::PromoteTo(F32Tag(), hn::LoadU(halves, reinterpret_cast<const hwy::float16_t*>(from)));
}

// A format gives, for block b of 32 columns and vector v of the panel:
//   Load(b, step, v)  quants of columns 4 * step … 4 * step + 3, offset by kOffset
//   Scale(b, half, v) the scale of these rows; of each half block if kHalves
//   Minimum(b, v)     what is added to every weight of the block, if kHasMinimum
// kWide: quants are signed and have eight bits. kMaxValue: the largest quant, or magnitude of one
// if kWide. kStepBytes: bytes of a step in section kQuantSection. kSmallBlocks: the type's blocks
// have 32 columns.

/// Blocks of 32 with one half scale each.
struct ScaledBlocks {
  static constexpr bool kHasMinimum = false, kHalves = false, kSmallBlocks = true;
  static constexpr std::size_t kStepBytes = kQuantLine / 2;
  Sections sections;

  HWY_INLINE F32 Scale(std::size_t b, std::size_t /*half*/, std::size_t v) const {
    return LoadHalves(sections.begin[0] + (b * kPanelRows + v * kLanes) * 2);
  }
  HWY_INLINE F32 Minimum(std::size_t, std::size_t) const { return hn::Zero(F32Tag()); }
};

/// Blocks of 32 with a half scale and a half minimum.
struct ShiftedBlocks {
  static constexpr bool kHasMinimum = true, kHalves = false, kSmallBlocks = true;
  static constexpr std::size_t kStepBytes = kQuantLine / 2;
  Sections sections;

  HWY_INLINE F32 Scale(std::size_t b, std::size_t /*half*/, std::size_t v) const {
    return LoadHalves(sections.begin[0] + (b * kPanelRows + v * kLanes) * 2);
  }
  HWY_INLINE F32 Minimum(std::size_t b, std::size_t v) const {
    return LoadHalves(sections.begin[1] + (b * kPanelRows + v * kLanes) * 2);
  }
};

struct FormatQ8_0 : ScaledBlocks {
  static constexpr DataType kType = DataType::kQ8_0;
  static constexpr int kMaxValue = 128;
  static constexpr bool kWide = true;
  static constexpr std::size_t kStepBytes = kQuantLine;
  static constexpr int kOffset = kUnsignedBytes ? 128 : 0;
  static constexpr std::size_t kQuantSection = 1;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    const Quants q = LoadQuants(sections.begin[1] + (b * 8 + step) * kQuantLine + v * 4 * kLanes);
    constexpr int kFlip = kPanelQuantFlip ^ (kUnsignedBytes ? 0x80 : 0);
    return kFlip == 0 ? q : hn::Xor(q, SetByte(kFlip));
  }
};

/// The nibbles of a block of 32: low ones are columns 0–15.
HWY_INLINE Quants LoadSmallNibbles(const std::uint8_t* section, std::size_t b, std::size_t step,
                                   std::size_t v) {
  const Quants line = LoadQuants(section + (b * 4 + step % 4) * kQuantLine + v * 4 * kLanes);
#if HWY_TARGET == HWY_NEON
  return step < 4 ? hn::And(line, SetByte(15)) : Quants(line.raw >> 4);
#endif
  return ShiftRightBytes(line, step < 4 ? 0 : 4, 15);
}

struct FormatQ4_0 : ScaledBlocks {
  static constexpr DataType kType = DataType::kQ4_0;
  static constexpr int kMaxValue = 15;
  static constexpr bool kWide = false;
  static constexpr int kOffset = 8;
  static constexpr std::size_t kQuantSection = 1;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return LoadSmallNibbles(sections.begin[1], b, step, v);
  }
};

/// The levels of IQ4_NL that nibbles stand for: as signed bytes, or 128 added if kUnsignedBytes.
HWY_INLINE Quants LookUpLevels(Quants nibbles) {
  const Quants levels = hn::BitCast(
      QuantTag(), hn::LoadDup128(QuantTag(), reinterpret_cast<const std::uint8_t*>(kIQ4NLValues)));
  const Quants q = hn::TableLookupBytes(levels, nibbles);
  return kUnsignedBytes ? hn::Xor(q, SetByte(0x80)) : q;
}

struct FormatIQ4_NL : ScaledBlocks {
  static constexpr DataType kType = DataType::kIQ4_NL;
  static constexpr int kMaxValue = 127;
  static constexpr bool kWide = true;
  static constexpr int kOffset = kUnsignedBytes ? 128 : 0;
  static constexpr std::size_t kQuantSection = 1;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return LookUpLevels(LoadSmallNibbles(sections.begin[1], b, step, v));
  }
};

struct FormatQ4_1 : ShiftedBlocks {
  static constexpr DataType kType = DataType::kQ4_1;
  static constexpr int kMaxValue = 15;
  static constexpr bool kWide = false;
  static constexpr int kOffset = 0;
  static constexpr std::size_t kQuantSection = 2;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return LoadSmallNibbles(sections.begin[2], b, step, v);
  }
};

/// Bit 4 of the quants: bits 4 * step … 4 * step + 3 of each row's word, one to each byte.
HWY_INLINE Quants LoadFifthBits(const std::uint8_t* section, std::size_t b, std::size_t step,
                                std::size_t v) {
  const hn::Repartition<std::uint32_t, F32Tag> words;
  const auto bits = hn::BitCast(words, LoadQuants(section + b * kQuantLine + v * 4 * kLanes));
  const auto four =
      hn::And(hn::ShiftRightSame(bits, static_cast<int>(4 * step)), hn::Set(words, 15U));
  // Each bit lands in its own byte: bit i moves by 7 * i + 4.
  const auto first = hn::Or(hn::ShiftLeft<4>(four), hn::ShiftLeft<11>(four));
  const auto last = hn::Or(hn::ShiftLeft<18>(four), hn::ShiftLeft<25>(four));
  return hn::BitCast(QuantTag(), hn::And(hn::Or(first, last), hn::Set(words, 0x10101010U)));
}

struct FormatQ5_0 : ScaledBlocks {
  static constexpr DataType kType = DataType::kQ5_0;
  static constexpr int kMaxValue = 31;
  static constexpr bool kWide = false;
  static constexpr int kOffset = 16;
  static constexpr std::size_t kQuantSection = 2;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return hn::Or(LoadSmallNibbles(sections.begin[2], b, step, v),
                  LoadFifthBits(sections.begin[1], b, step, v));
  }
};

struct FormatQ5_1 : ShiftedBlocks {
  static constexpr DataType kType = DataType::kQ5_1;
  static constexpr int kMaxValue = 31;
  static constexpr bool kWide = false;
  static constexpr int kOffset = 0;
  static constexpr std::size_t kQuantSection = 3;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return hn::Or(LoadSmallNibbles(sections.begin[3], b, step, v),
                  LoadFifthBits(sections.begin[2], b, step, v));
  }
};

/// Byte `i` of the packed six-bit scales of kLanes rows, of super-block s.
HWY_INLINE I32 LoadScaleByte(const std::uint8_t* section, std::size_t s, std::size_t i,
                             std::size_t v) {
  return LoadBytes(section + (s * 12 + i) * kPanelRows + v * kLanes);
}

/// As UnpackScaleMinK, for kLanes rows.
HWY_INLINE I32 ScaleK(const std::uint8_t* section, std::size_t b, std::size_t v) {
  const I32Tag d;
  const std::size_t s = b / 8;
  const std::size_t g = b % 8;
  if (g < 4) return hn::And(LoadScaleByte(section, s, g, v), hn::Set(d, 63));
  return hn::Or(hn::And(LoadScaleByte(section, s, g + 4, v), hn::Set(d, 15)),
                hn::ShiftLeft<4>(hn::ShiftRight<6>(LoadScaleByte(section, s, g - 4, v))));
}
HWY_INLINE I32 MinimumK(const std::uint8_t* section, std::size_t b, std::size_t v) {
  const I32Tag d;
  const std::size_t s = b / 8;
  const std::size_t g = b % 8;
  if (g < 4) return hn::And(LoadScaleByte(section, s, g + 4, v), hn::Set(d, 63));
  return hn::Or(hn::ShiftRight<4>(LoadScaleByte(section, s, g + 4, v)),
                hn::ShiftLeft<4>(hn::ShiftRight<6>(LoadScaleByte(section, s, g, v))));
}

/// Blocks of 256 with a packed scale and minimum for each run of 32, times a half scale and a half
/// minimum of the whole.
struct SuperBlocks {
  static constexpr bool kHasMinimum = true, kHalves = false, kSmallBlocks = false;
  static constexpr std::size_t kStepBytes = kQuantLine / 2;
  Sections sections;

  HWY_INLINE F32 Scale(std::size_t b, std::size_t /*half*/, std::size_t v) const {
    return hn::Mul(LoadHalves(sections.begin[0] + (b / 8 * kPanelRows + v * kLanes) * 2),
                   ToFloat(ScaleK(sections.begin[2], b, v)));
  }
  HWY_INLINE F32 Minimum(std::size_t b, std::size_t v) const {
    return hn::Neg(hn::Mul(LoadHalves(sections.begin[1] + (b / 8 * kPanelRows + v * kLanes) * 2),
                           ToFloat(MinimumK(sections.begin[2], b, v))));
  }
};

/// The nibbles of a block of 256: runs 2p and 2p + 1 are the low and high ones of eight lines.
HWY_INLINE Quants LoadSuperNibbles(const std::uint8_t* section, std::size_t b, std::size_t step,
                                   std::size_t v) {
  const Quants line = LoadQuants(section + (b / 2 * 8 + step) * kQuantLine + v * 4 * kLanes);
  return ShiftRightBytes(line, b % 2 == 0 ? 0 : 4, 15);
}

struct FormatQ4_K : SuperBlocks {
  static constexpr DataType kType = DataType::kQ4_K;
  static constexpr int kMaxValue = 15;
  static constexpr bool kWide = false;
  static constexpr int kOffset = 0;
  static constexpr std::size_t kQuantSection = 3;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return LoadSuperNibbles(sections.begin[3], b, step, v);
  }
};

struct FormatQ5_K : SuperBlocks {
  static constexpr DataType kType = DataType::kQ5_K;
  static constexpr int kMaxValue = 31;
  static constexpr bool kWide = false;
  static constexpr int kOffset = 0;
  static constexpr std::size_t kQuantSection = 4;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    const Quants line =
        LoadQuants(sections.begin[3] + (b / 8 * 8 + step) * kQuantLine + v * 4 * kLanes);
    const hn::Repartition<std::uint16_t, F32Tag> words;
    const Quants bit = ShiftRightBytes(line, static_cast<int>(b % 8), 1);
    return hn::Or(LoadSuperNibbles(sections.begin[4], b, step, v),
                  hn::BitCast(QuantTag(), hn::ShiftLeft<4>(hn::BitCast(words, bit))));
  }
};

struct FormatQ6_K {
  static constexpr DataType kType = DataType::kQ6_K;
  static constexpr int kMaxValue = 63;
  static constexpr bool kWide = false, kHasMinimum = false, kHalves = true, kSmallBlocks = false;
  static constexpr std::size_t kStepBytes = kQuantLine / 2;
  static constexpr int kOffset = 32;
  static constexpr std::size_t kQuantSection = 3;
  Sections sections;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    // Of each half of 128 columns, runs 0 and 1 are the low nibbles of 16 lines, 2 and 3 the high
    // ones; run r takes bits 2r and 2r + 1 of 8 lines.
    const std::size_t half = b / 4;
    const std::size_t run = b % 4;
    const Quants low = LoadQuants(sections.begin[3] +
                                  (half * 16 + run % 2 * 8 + step) * kQuantLine + v * 4 * kLanes);
    const Quants high =
        LoadQuants(sections.begin[2] + (half * 8 + step) * kQuantLine + v * 4 * kLanes);
    const hn::Repartition<std::uint16_t, F32Tag> words;
    const Quants bits = ShiftRightBytes(high, static_cast<int>(2 * run), 3);
    return hn::Or(ShiftRightBytes(low, run < 2 ? 0 : 4, 15),
                  hn::BitCast(QuantTag(), hn::ShiftLeft<4>(hn::BitCast(words, bits))));
  }
  HWY_INLINE F32 Scale(std::size_t b, std::size_t half, std::size_t v) const {
    const std::size_t s = b / 8;
    const auto* scales = reinterpret_cast<const std::int8_t*>(sections.begin[1]) +
                         (s * 16 + b % 8 * 2 + half) * kPanelRows + v * kLanes;
    return hn::Mul(LoadHalves(sections.begin[0] + (s * kPanelRows + v * kLanes) * 2),
                   ToFloat(LoadSignedBytes(scales)));
  }
  HWY_INLINE F32 Minimum(std::size_t, std::size_t) const { return hn::Zero(F32Tag()); }
};

struct FormatIQ4_XS {
  static constexpr DataType kType = DataType::kIQ4_XS;
  static constexpr int kMaxValue = 127;
  static constexpr bool kWide = true, kHasMinimum = false, kHalves = false, kSmallBlocks = false;
  static constexpr std::size_t kStepBytes = kQuantLine / 2;
  static constexpr int kOffset = kUnsignedBytes ? 128 : 0;
  static constexpr std::size_t kQuantSection = 3;
  Sections sections;

  HWY_INLINE Quants Load(std::size_t b, std::size_t step, std::size_t v) const {
    return LookUpLevels(LoadSmallNibbles(sections.begin[3], b, step, v));
  }
  /// As UnpackScaleIQ4XS, for kLanes rows.
  HWY_INLINE F32 Scale(std::size_t b, std::size_t /*half*/, std::size_t v) const {
    const I32Tag d;
    const std::size_t s = b / 8;
    const std::size_t g = b % 8;
    const std::size_t row = s * kPanelRows + v * kLanes;
    const hn::Rebind<std::uint16_t, F32Tag> words;
    const I32 high = hn::PromoteTo(
        d, hn::LoadU(words, reinterpret_cast<const std::uint16_t*>(sections.begin[1]) + row));
    const I32 low = LoadBytes(sections.begin[2] + (s * 4 + g / 2) * kPanelRows + v * kLanes);
    const I32 scale =
        hn::Or(hn::And(hn::ShiftRightSame(low, static_cast<int>(4 * (g % 2))), hn::Set(d, 15)),
               hn::ShiftLeft<4>(
                   hn::And(hn::ShiftRightSame(high, static_cast<int>(2 * g)), hn::Set(d, 3))));
    return hn::Mul(LoadHalves(sections.begin[0] + row * 2),
                   ToFloat(hn::Sub(scale, hn::Set(d, 32))));
  }
  HWY_INLINE F32 Minimum(std::size_t, std::size_t) const { return hn::Zero(F32Tag()); }
};

}  // namespace

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
