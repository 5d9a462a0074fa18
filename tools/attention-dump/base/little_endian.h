// Little-endian integers appended to byte strings, whatever the machine's own order.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_BASE_LITTLE_ENDIAN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_BASE_LITTLE_ENDIAN_H_

#include <concepts>
#include <cstddef>
#include <string>

namespace fovea::dump {

template <std::unsigned_integral T>
void AppendLittleEndian(T value, std::string* out) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out->push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
  }
}

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_BASE_LITTLE_ENDIAN_H_
