// A field of a block type as a section of packed panels (packed_panels.h).
#ifndef FOVEA_TENSOR_PANEL_FIELD_H_
#define FOVEA_TENSOR_PANEL_FIELD_H_

#include <cstddef>
#include <cstdint>

namespace fovea {

/// x86 multiplies unsigned by signed bytes, so there the signed quants of Q8_0 are stored with
/// their top bit flipped: q + 128.
#if defined(__x86_64__) || defined(__i386__)
inline constexpr std::uint8_t kPanelQuantFlip = 0x80;
#else
inline constexpr std::uint8_t kPanelQuantFlip = 0;
#endif

/// `bytes` of a block from `offset` on. Rows are interleaved every `unit` bytes.
struct PanelField {
  std::size_t offset;
  std::size_t bytes;
  std::size_t unit;       ///< 1, 2 or 4
  std::uint8_t flip = 0;  ///< Xor of every byte.
};

}  // namespace fovea

#endif  // FOVEA_TENSOR_PANEL_FIELD_H_
