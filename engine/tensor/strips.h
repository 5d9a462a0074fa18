// Strips: sixteen rows of quantized blocks rearranged so that one cache line holds the same four
// columns of all sixteen, which is what kernels with a row in every lane want to load. A strip is a
// permutation of its rows' bytes: it takes exactly their place.
//
// Each field of the block type becomes one plane, the planes follow one another in the order of
// StripFields, and plane f is [blocks][field bytes / unit][16 rows][unit bytes].
#ifndef FOVEA_TENSOR_STRIPS_H_
#define FOVEA_TENSOR_STRIPS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "fovea/data_type.h"

namespace fovea {

inline constexpr std::size_t kStripRows = 16;

/// x86 multiplies unsigned by signed bytes, so there the signed quants of Q8_0 are stored with
/// their top bit flipped: q + 128.
#if defined(__x86_64__) || defined(__i386__)
inline constexpr std::uint8_t kStripQuantFlip = 0x80;
#else
inline constexpr std::uint8_t kStripQuantFlip = 0;
#endif

/// A field of a block type: `bytes` from `offset` on, which travel in units of `unit` bytes.
struct StripField {
  std::size_t offset;
  std::size_t bytes;
  std::size_t unit;       ///< 1, 2 or 4
  std::uint8_t flip = 0;  ///< Xor of every byte.
};

/// The planes of a type in their order; empty if it has no strip layout.
std::span<const StripField> StripFields(DataType type);

inline bool HasStrips(DataType type) {
  return !StripFields(type).empty();
}

/// Where plane `field` begins in a strip of `blocks` blocks per row, in bytes.
std::size_t StripPlane(DataType type, std::size_t field, std::size_t blocks);

/// Rearranges `rows` <= 16 rows of row_bytes each into a strip; missing rows become zero bytes, and
/// so zero weights. strip: 16 * row_bytes; does not overlap the rows. The type has strips.
void PackStrip(DataType type, const std::byte* first_row, std::size_t row_bytes, std::size_t rows,
               std::byte* strip);

/// Block `block` of a strip's row as the file has it. out: BlockBytes(type).
void UnpackStripBlock(DataType type, const std::byte* strip, std::size_t row_bytes, std::size_t row,
                      std::size_t block, std::byte* out);

/// All blocks of a row. out: row_bytes.
void UnpackStripRow(DataType type, const std::byte* strip, std::size_t row_bytes, std::size_t row,
                    std::byte* out);

}  // namespace fovea

#endif  // FOVEA_TENSOR_STRIPS_H_
