// How quantized weights lie in a file: one struct per block type, byte for byte as GGUF stores it.
// All scales are IEEE half floats kept as raw bits. The structs are for reading through memcpy (a
// row may start at any address). Beside each struct: the sections of its packed panels
// (packed_panels.h), if it has any.
#ifndef FOVEA_TENSOR_BLOCKS_H_
#define FOVEA_TENSOR_BLOCKS_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/tensor/panel_field.h"

namespace fovea {

static_assert(std::endian::native == std::endian::little,
              "GGUF weights are little-endian and are used in place: this host's byte order is not "
              "supported");

/// Elements of a block of the Q*_0, Q*_1 and IQ4_NL types.
inline constexpr std::size_t kSmallBlock = 32;
/// Elements of a block of the Q*_K types and IQ4_XS.
inline constexpr std::size_t kSuperBlock = 256;

// The small sections come first: a stream of quants that is fetched ahead runs into them before
// their quants are needed.
#define FOVEA_PANEL_FIELD(Block, field, ...)                  \
  PanelField {                                                \
    offsetof(Block, field), sizeof(Block::field), __VA_ARGS__ \
  }

/// value = scale * quants[i]
struct BlockQ8_0 {
  std::uint16_t scale;
  std::int8_t quants[kSmallBlock];
};
inline constexpr PanelField kPanelFieldsQ8_0[] = {
    FOVEA_PANEL_FIELD(BlockQ8_0, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ8_0, quants, 4, kPanelQuantFlip),
};

/// value = scale * (nibble - 8). Low nibbles are elements 0–15, high ones 16–31 (also in the other
/// 32-element types below).
struct BlockQ4_0 {
  std::uint16_t scale;
  std::uint8_t nibbles[kSmallBlock / 2];
};
inline constexpr PanelField kPanelFieldsQ4_0[] = {
    FOVEA_PANEL_FIELD(BlockQ4_0, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ4_0, nibbles, 4),
};

/// value = scale * nibble + minimum
struct BlockQ4_1 {
  std::uint16_t scale;
  std::uint16_t minimum;
  std::uint8_t nibbles[kSmallBlock / 2];
};
inline constexpr PanelField kPanelFieldsQ4_1[] = {
    FOVEA_PANEL_FIELD(BlockQ4_1, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ4_1, minimum, 2),
    FOVEA_PANEL_FIELD(BlockQ4_1, nibbles, 4),
};

/// value = scale * (q - 16), q = nibble + 16 * bit i of high_bits (a little-endian 32-bit word).
struct BlockQ5_0 {
  std::uint16_t scale;
  std::uint8_t high_bits[4];
  std::uint8_t nibbles[kSmallBlock / 2];
};
inline constexpr PanelField kPanelFieldsQ5_0[] = {
    FOVEA_PANEL_FIELD(BlockQ5_0, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ5_0, high_bits, 4),
    FOVEA_PANEL_FIELD(BlockQ5_0, nibbles, 4),
};

/// value = scale * q + minimum, q as in Q5_0.
struct BlockQ5_1 {
  std::uint16_t scale;
  std::uint16_t minimum;
  std::uint8_t high_bits[4];
  std::uint8_t nibbles[kSmallBlock / 2];
};
inline constexpr PanelField kPanelFieldsQ5_1[] = {
    FOVEA_PANEL_FIELD(BlockQ5_1, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ5_1, minimum, 2),
    FOVEA_PANEL_FIELD(BlockQ5_1, high_bits, 4),
    FOVEA_PANEL_FIELD(BlockQ5_1, nibbles, 4),
};

/// 16 groups of 16: value = scale * (scales[g] & 15) * q - min_scale * (scales[g] >> 4), q in 0..3.
/// Each half of 128 elements uses 32 bytes of quants; its four runs of 32 take bits 0–1, 2–3, 4–5,
/// 6–7.
struct BlockQ2_K {
  std::uint8_t scales[kSuperBlock / 16];
  std::uint8_t quants[kSuperBlock / 4];
  std::uint16_t scale;
  std::uint16_t min_scale;
};

/// 16 groups of 16: value = scale * (s[g] - 32) * (q - (high bit ? 0 : 4)), q as in Q2_K; run r of
/// 32 (r in 0..7) takes bit r of high_bits. The sixteen 6-bit s are packed in scales, see
/// UnpackScalesQ3K.
struct BlockQ3_K {
  std::uint8_t high_bits[kSuperBlock / 8];
  std::uint8_t quants[kSuperBlock / 4];
  std::uint8_t scales[12];
  std::uint16_t scale;
};

/// 8 groups of 32: value = scale * s[g] * q - min_scale * m[g]; 6-bit s and m are packed in scales,
/// see UnpackScaleMinK. Runs 2p and 2p+1 are the low and high nibbles of bytes 32p..32p+31.
struct BlockQ4_K {
  std::uint16_t scale;
  std::uint16_t min_scale;
  std::uint8_t scales[12];
  std::uint8_t nibbles[kSuperBlock / 2];
};
inline constexpr PanelField kPanelFieldsQ4_K[] = {
    FOVEA_PANEL_FIELD(BlockQ4_K, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ4_K, min_scale, 2),
    FOVEA_PANEL_FIELD(BlockQ4_K, scales, 1),
    FOVEA_PANEL_FIELD(BlockQ4_K, nibbles, 4),
};

/// As Q4_K with a fifth bit: run r of 32 takes bit r of high_bits.
struct BlockQ5_K {
  std::uint16_t scale;
  std::uint16_t min_scale;
  std::uint8_t scales[12];
  std::uint8_t high_bits[kSuperBlock / 8];
  std::uint8_t nibbles[kSuperBlock / 2];
};
inline constexpr PanelField kPanelFieldsQ5_K[] = {
    FOVEA_PANEL_FIELD(BlockQ5_K, scale, 2),   FOVEA_PANEL_FIELD(BlockQ5_K, min_scale, 2),
    FOVEA_PANEL_FIELD(BlockQ5_K, scales, 1),  FOVEA_PANEL_FIELD(BlockQ5_K, high_bits, 4),
    FOVEA_PANEL_FIELD(BlockQ5_K, nibbles, 4),
};

/// 16 groups of 16: value = scale * scales[g] * (q - 32). In each half of 128 elements, runs 0 and
/// 1 of 32 are the low nibbles of 64 bytes and runs 2 and 3 the high ones; run r adds bits 2r..2r+1
/// of high_bits as bits 4–5.
struct BlockQ6_K {
  std::uint8_t nibbles[kSuperBlock / 2];
  std::uint8_t high_bits[kSuperBlock / 4];
  std::int8_t scales[kSuperBlock / 16];
  std::uint16_t scale;
};
inline constexpr PanelField kPanelFieldsQ6_K[] = {
    FOVEA_PANEL_FIELD(BlockQ6_K, scale, 2),
    FOVEA_PANEL_FIELD(BlockQ6_K, scales, 1),
    FOVEA_PANEL_FIELD(BlockQ6_K, high_bits, 4),
    FOVEA_PANEL_FIELD(BlockQ6_K, nibbles, 4),
};

/// value = scale * kIQ4NLValues[nibble]
struct BlockIQ4_NL {
  std::uint16_t scale;
  std::uint8_t nibbles[kSmallBlock / 2];
};
inline constexpr PanelField kPanelFieldsIQ4_NL[] = {
    FOVEA_PANEL_FIELD(BlockIQ4_NL, scale, 2),
    FOVEA_PANEL_FIELD(BlockIQ4_NL, nibbles, 4),
};

/// 8 groups of 32: value = scale * (s[g] - 32) * kIQ4NLValues[nibble]; the 6-bit s are packed, see
/// UnpackScaleIQ4XS. Group g has bytes 16g..16g+15 of nibbles, as a block of IQ4_NL has its own.
struct BlockIQ4_XS {
  std::uint16_t scale;
  std::uint16_t high_scales;
  std::uint8_t low_scales[kSuperBlock / 64];
  std::uint8_t nibbles[kSuperBlock / 2];
};
inline constexpr PanelField kPanelFieldsIQ4_XS[] = {
    FOVEA_PANEL_FIELD(BlockIQ4_XS, scale, 2),
    FOVEA_PANEL_FIELD(BlockIQ4_XS, high_scales, 2),
    FOVEA_PANEL_FIELD(BlockIQ4_XS, low_scales, 1),
    FOVEA_PANEL_FIELD(BlockIQ4_XS, nibbles, 4),
};

#undef FOVEA_PANEL_FIELD

/// The non-linear levels of IQ4_NL and IQ4_XS.
inline constexpr std::int8_t kIQ4NLValues[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                 1,    13,   25,  38,  53,  69,  89,  113};

/// A group's 6-bit scale and minimum in Q4_K and Q5_K.
struct ScaleMin {
  std::uint8_t scale;
  std::uint8_t minimum;
};

/// Group 0–3 keep their six bits in bytes g and g+4; groups 4–7 keep four bits in byte g+4 and the
/// two upper ones on top of the bytes of group g-4.
constexpr ScaleMin UnpackScaleMinK(const std::uint8_t (&scales)[12], std::size_t group) {
  const unsigned own = scales[group];
  const unsigned after = scales[group + 4];
  if (group < 4) {
    return {static_cast<std::uint8_t>(own & 63U), static_cast<std::uint8_t>(after & 63U)};
  }
  const unsigned before = scales[group - 4];
  return {static_cast<std::uint8_t>((after & 15U) | ((before >> 6U) << 4U)),
          static_cast<std::uint8_t>((after >> 4U) | ((own >> 6U) << 4U))};
}

/// The sixteen 6-bit scales of Q3_K, 0..63 (32 is zero): the low four bits are the nibbles of bytes
/// 0–7 (low nibbles first), the upper two are pairs of bits of bytes 8–11.
constexpr void UnpackScalesQ3K(const std::uint8_t (&scales)[12], std::uint8_t (&out)[16]) {
  for (std::size_t g = 0; g < 16; ++g) {
    const unsigned low = g < 8 ? scales[g] & 15U : scales[g - 8] >> 4U;
    const unsigned high = (scales[8 + g % 4] >> (2 * (g / 4))) & 3U;
    out[g] = static_cast<std::uint8_t>(low | (high << 4U));
  }
}

/// The 6-bit scale of a group of IQ4_XS, 0..63 (32 is zero): the low four bits are nibbles, low
/// ones first, the upper two are pairs of bits of high_scales.
constexpr int UnpackScaleIQ4XS(const BlockIQ4_XS& block, std::size_t group) {
  const int low = (block.low_scales[group / 2] >> (4 * (group % 2))) & 15;
  const int high = (block.high_scales >> (2 * group)) & 3;
  return low | (high << 4);
}

}  // namespace fovea

#endif  // FOVEA_TENSOR_BLOCKS_H_
