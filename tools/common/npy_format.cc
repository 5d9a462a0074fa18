#include "tools/common/npy_format.h"

namespace fovea::tools {

// numpy.lib.format: magic, version, length of the dictionary (two bytes, little-endian), the
// dictionary padded with spaces and ended by a newline. The longest dictionary has 4 lengths of 20
// digits: 49 + 4 * 21 characters, so 192 bytes hold it.
std::string NpyHeader(std::string_view type_code, std::span<const std::uint64_t> shape) {
  std::string dictionary =
      "{'descr': '" + std::string(type_code) + "', 'fortran_order': False, 'shape': (";
  for (const std::uint64_t length : shape) dictionary += std::to_string(length) + ",";
  if (shape.size() > 1) dictionary.pop_back();
  dictionary += "), }";
  constexpr std::size_t kPrefix = 10;
  dictionary.resize(kNpyHeaderBytes - kPrefix, ' ');
  dictionary.back() = '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header.push_back(static_cast<char>(dictionary.size() & 0xFF));
  header.push_back(static_cast<char>(dictionary.size() >> 8U));
  return header + dictionary;
}

}  // namespace fovea::tools
