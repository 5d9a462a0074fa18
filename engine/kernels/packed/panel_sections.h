// Where the sections of a panel (tensor/packed_panels.h) lie in memory. Free of SIMD types. In an
// anonymous namespace, since files that are compiled for one CPU only include it: a function that
// the linker could share would reach CPUs that cannot run it.
#ifndef FOVEA_KERNELS_PACKED_PANEL_SECTIONS_H_
#define FOVEA_KERNELS_PACKED_PANEL_SECTIONS_H_

#include <cstddef>
#include <cstdint>

#include "engine/tensor/packed_panels.h"

namespace fovea::kernels {
namespace {

constexpr std::size_t kQuantLine = kPanelRows * 4;  ///< Bytes of four columns of a panel.

/// Where each section of one panel begins, in the order of PanelFields.
struct Sections {
  Sections() = default;
  Sections(DataType type, const std::byte* panel, std::size_t cols) {
    const std::size_t blocks = cols / BlockElements(type);
    for (std::size_t f = 0; f < PanelFields(type).size(); ++f) {
      begin[f] = reinterpret_cast<const std::uint8_t*>(panel) + PanelSection(type, f, blocks);
    }
  }
  /// Moves on to a panel that begins so many bytes later.
  void Advance(std::size_t bytes) {
    for (const std::uint8_t*& section : begin) {
      if (section != nullptr) section += bytes;
    }
  }

  const std::uint8_t* begin[5] = {};  ///< Null beyond the last section.
};

/// From one panel to the next.
template <class Format>
constexpr std::size_t PanelBytes(std::size_t cols) {
  return kPanelRows * (cols / BlockElements(Format::kType)) * BlockBytes(Format::kType);
}

}  // namespace
}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_PACKED_PANEL_SECTIONS_H_
