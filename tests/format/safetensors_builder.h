// Builds safetensors files for tests: a header as text, and data.
#ifndef FOVEA_TESTS_FORMAT_SAFETENSORS_BUILDER_H_
#define FOVEA_TESTS_FORMAT_SAFETENSORS_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::testing {

/// The header behind its length, then `data_bytes` bytes 0, 1, 2, …
inline std::vector<std::byte> SafetensorsBytes(std::string_view header, std::size_t data_bytes,
                                               std::uint64_t header_bytes) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  std::memcpy(bytes.data(), &header_bytes, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data_bytes; ++i) {
    bytes[8 + header.size() + i] = static_cast<std::byte>(i);
  }
  return bytes;
}

inline std::vector<std::byte> SafetensorsBytes(std::string_view header, std::size_t data_bytes) {
  return SafetensorsBytes(header, data_bytes, header.size());
}

/// `"name":{"dtype":…,"shape":…,"data_offsets":…}`
inline std::string TensorEntry(std::string_view name, std::string_view type, std::string_view shape,
                               std::string_view offsets) {
  return '"' + std::string(name) + R"(":{"dtype":")" + std::string(type) + R"(","shape":)" +
         std::string(shape) + R"(,"data_offsets":)" + std::string(offsets) + '}';
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_FORMAT_SAFETENSORS_BUILDER_H_
