// Where the planes of a strip (tensor/strips.h) lie in memory. Free of SIMD types. In an anonymous
// namespace, since files that are compiled for one CPU only include it: a function that the linker
// could share would reach CPUs that cannot run it.
#ifndef FOVEA_KERNELS_STRIP_PLANES_H_
#define FOVEA_KERNELS_STRIP_PLANES_H_

#include <cstddef>
#include <cstdint>

#include "engine/tensor/strips.h"

namespace fovea::kernels {
namespace {

constexpr std::size_t kQuantLine = kStripRows * 4;  ///< Bytes of four columns of a strip.

/// The planes of one strip, counted as StripFields does.
struct Planes {
  Planes() = default;
  Planes(DataType type, const std::byte* strip, std::size_t cols) {
    const std::size_t blocks = cols / BlockElements(type);
    for (std::size_t f = 0; f < StripFields(type).size(); ++f) {
      plane[f] = reinterpret_cast<const std::uint8_t*>(strip) + StripPlane(type, f, blocks);
    }
  }
  /// On to the strip that begins so many bytes later.
  void Advance(std::size_t bytes) {
    for (const std::uint8_t*& from : plane) {
      if (from != nullptr) from += bytes;
    }
  }

  const std::uint8_t* plane[5] = {};
};

/// From one strip to the next.
template <class Format>
constexpr std::size_t StripBytes(std::size_t cols) {
  return kStripRows * (cols / BlockElements(Format::kType)) * BlockBytes(Format::kType);
}

}  // namespace
}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_STRIP_PLANES_H_
