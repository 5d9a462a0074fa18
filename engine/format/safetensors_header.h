// Reads and checks the JSON header of a safetensors file. Used inside format/ only.
#ifndef FOVEA_FORMAT_SAFETENSORS_HEADER_H_
#define FOVEA_FORMAT_SAFETENSORS_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/format/json.h"
#include "engine/format/safetensors_file.h"
#include "fovea/status.h"

namespace fovea::format {

class SafetensorsHeader {
 public:
  /// data: the bytes after the header.
  SafetensorsHeader(const JsonDocument& json, std::span<const std::byte> data,
                    SafetensorsFile* file)
      : json_(json), data_(data), file_(*file) {}

  /// Fills the file's names, tensors, index and metadata.
  Status Read();

 private:
  struct Entry {
    SafetensorsTensor tensor;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  Status ReadMetadata(const JsonValue& value);
  Status ReadTensor(std::string_view name, const JsonValue& value, Entry* entry) const;
  Status ReadType(std::string_view name, const JsonValue& value, Entry* entry) const;
  Status ReadShape(std::string_view name, const JsonValue& value, Entry* entry) const;
  Status ReadOffsets(std::string_view name, const JsonValue& value, Entry* entry) const;
  /// The tensors' data follow one another from the first byte to the last.
  Status CheckCoverage(const std::vector<Entry>& entries) const;

  const JsonDocument& json_;
  std::span<const std::byte> data_;
  SafetensorsFile& file_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_SAFETENSORS_HEADER_H_
