// Random damage to a file, the same for the same seed: flipped bits, extreme numbers, moved, lost
// and doubled blocks.
#ifndef FOVEA_TESTS_FORMAT_MUTATOR_H_
#define FOVEA_TESTS_FORMAT_MUTATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>

#include "tests/format/gguf_builder.h"

namespace fovea::testing {

/// Damages a copy of the file in one to four places among its first `region` bytes.
inline Bytes Mutant(const Bytes& whole, std::size_t region, std::mt19937_64& random) {
  constexpr std::uint64_t kExtremes[] = {0,
                                         1,
                                         0x7F,
                                         0x80,
                                         0xFF,
                                         0x7FFF,
                                         0xFFFF,
                                         0x7FFFFFFF,
                                         0x80000000,
                                         0xFFFFFFFF,
                                         0x100000000,
                                         0x2000000000000000,
                                         0x3FFFFFFFFFFFFFFF,
                                         0x4000000000000000,
                                         0x7FFFFFFFFFFFFFFF,
                                         0x8000000000000000,
                                         0xFFFFFFFFFFFFFFE0,
                                         0xFFFFFFFFFFFFFFFF};
  const auto below = [&](std::size_t limit) {
    return static_cast<std::size_t>(random() % std::max<std::size_t>(limit, 1));
  };
  Bytes bytes = whole;
  const std::size_t damages = 1 + below(4);
  for (std::size_t i = 0; i < damages && bytes.size() > 16; ++i) {
    const std::size_t at = below(std::min(region, bytes.size() - 8));
    switch (below(6)) {
      case 0: bytes[at] ^= std::byte{1} << below(8); break;
      case 1: bytes[at] = static_cast<std::byte>(below(256)); break;
      case 2:
      case 3: {
        const std::uint64_t value = kExtremes[below(std::size(kExtremes))];
        std::memcpy(&bytes[at], &value, below(2) == 0 ? 4 : 8);
        break;
      }
      case 4: {  // a block from elsewhere
        const std::size_t from = below(bytes.size() - 8);
        const std::size_t size = std::min(1 + below(64), bytes.size() - std::max(at, from));
        std::memmove(&bytes[at], &bytes[from], size);
        break;
      }
      default: {  // a block cut out, or put in twice
        const std::size_t size = std::min(1 + below(32), bytes.size() - at);
        const Bytes block(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                          bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
        const auto where = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        if (below(2) == 0) {
          bytes.erase(where, where + static_cast<std::ptrdiff_t>(size));
        } else {
          bytes.insert(where, block.begin(), block.end());
        }
      }
    }
  }
  return bytes;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_FORMAT_MUTATOR_H_
