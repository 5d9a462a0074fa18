#include "engine/quantize/copy_keys.h"

#include <span>
#include <string_view>
#include <vector>

#include "engine/format/gguf_values.h"
#include "fovea/quantize.h"
#include "fovea/status_macros.h"

namespace fovea {
namespace {

using format::GgufValue;
using format::GgufValueType;

constexpr std::string_view kFileType = "general.file_type";
constexpr std::string_view kQuantizationVersion = "general.quantization_version";
constexpr std::uint32_t kCurrentQuantizationVersion = 2;
constexpr std::size_t kDefaultAlignment = 32;

/// A checked value with the lengths that the file has in front of it.
std::span<const std::byte> StoredBytes(const GgufValue& value) {
  constexpr std::size_t kLength = sizeof(std::uint64_t);
  const auto count = static_cast<std::size_t>(value.count);
  if (value.type == GgufValueType::kString) return {value.data - kLength, kLength + count};
  const std::byte* end = value.data + count * format::ValueBytes(value.element);
  if (value.type != GgufValueType::kArray) return {value.data, end};
  if (value.element == GgufValueType::kString && count > 0) {
    const std::string_view last = format::ReadTexts(value).back();
    end = reinterpret_cast<const std::byte*>(last.data() + last.size());
  }
  return {value.data - kLength - sizeof(std::uint32_t), end};
}

}  // namespace

Status CopyKeys(const format::GgufContents& from, DataType type, GgufWriter& to) {
  bool has_file_type = false;
  bool has_version = false;
  const auto add_file_type = [&] {
    has_file_type = true;
    return to.AddNumber(kFileType, FileTypeNumber(type));
  };
  const auto add_version = [&] {
    has_version = true;
    return to.AddNumber(kQuantizationVersion, kCurrentQuantizationVersion);
  };
  for (const format::GgufEntry& entry : from.entries) {
    Status status;
    if (entry.name == kFileType) {
      status = add_file_type();
    } else if (entry.name == kQuantizationVersion) {
      status = add_version();
    } else if (entry.name != "general.alignment" || from.alignment == kDefaultAlignment) {
      status = to.AddRaw(entry.name, static_cast<std::uint32_t>(entry.value.type),
                         StoredBytes(entry.value));
    }
    FOVEA_RETURN_IF_ERROR(status);
  }
  if (!has_file_type) {
    FOVEA_RETURN_IF_ERROR(add_file_type());
  }
  return has_version ? Status() : add_version();
}

}  // namespace fovea
