#include "engine/format/safetensors_file.h"

#include <utility>

#include "engine/format/byte_reader.h"
#include "engine/format/file_kind.h"
#include "engine/format/json.h"
#include "engine/format/message.h"
#include "engine/format/safetensors_header.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::format {

Result<SafetensorsFile> SafetensorsFile::Open(const std::string& path, Access access,
                                              const platform::MemorySource& source) {
  SafetensorsFile file;
  file.path_ = path;
  platform::FileError error;
  if (!platform::FileBytes::Open(path, access, &file.storage_, &error, source)) {
    return OpenFailure(path, error);
  }
  file.bytes_ = file.storage_.bytes();
  FOVEA_RETURN_IF_ERROR(file.Parse());
  return file;
}

Result<SafetensorsFile> SafetensorsFile::FromBuffer(std::span<const std::byte> bytes,
                                                    std::string name) {
  SafetensorsFile file;
  file.path_ = std::move(name);
  file.bytes_ = bytes;
  FOVEA_RETURN_IF_ERROR(file.Parse());
  return file;
}

Status SafetensorsFile::Parse() {
  ByteReader reader(bytes_);
  std::uint64_t header_bytes = 0;
  const auto truncated = [&](std::string_view what) {
    return Error(StatusCode::kMalformed,
                 Concat({"truncated: ", what, " does not fit into the file's ",
                         Number(std::uint64_t{bytes_.size()}), " bytes"}));
  };
  if (!reader.Read(&header_bytes)) return truncated("the header's length (8 bytes)");
  if (reader.remaining() > 0 && *reader.here() != std::byte{'{'}) {
    return Error(StatusCode::kMalformed,
                 Concat({"not a safetensors file (the header does not begin with '{'); it looks "
                         "like ",
                         GuessFileKind(bytes_)}));
  }
  if (header_bytes > kMaxSafetensorsHeader) {
    return Error(StatusCode::kLimitExceeded,
                 Concat({"its header has ", Number(header_bytes), " bytes, the limit is ",
                         Number(std::uint64_t{kMaxSafetensorsHeader})}));
  }
  const auto* text = reinterpret_cast<const char*>(reader.here());
  if (!reader.Skip(header_bytes, 1)) {
    return truncated(Concat({"the header of ", Number(header_bytes), " bytes"}));
  }
  const std::span<const std::byte> data = bytes_.subspan(reader.position());
  const auto size = static_cast<std::size_t>(header_bytes);
  return platform::IfMemoryLasts(
      [&]() -> Status {
        // The least that a tensor can be described with is 50 bytes for 9 values, so this limit
        // stops only headers that would cost more memory than a description needs.
        const JsonLimits limits = {.max_bytes = kMaxSafetensorsHeader, .max_values = size / 4 + 64};
        const auto json = JsonDocument::Parse(std::string(text, size), path_, limits);
        FOVEA_RETURN_IF_ERROR(json);
        return SafetensorsHeader(*json, data, this).Read();
      },
      [&] { return Error(StatusCode::kOutOfMemory, "not enough memory for its header"); });
}

Result<const SafetensorsTensor*> SafetensorsFile::Require(std::string_view name) const {
  const SafetensorsTensor* tensor = Find(name);
  if (tensor == nullptr) return TensorError(StatusCode::kNotFound, name, "missing");
  const SafetensorsType type = tensor->type;
  if (type != SafetensorsType::kF32 && type != SafetensorsType::kF16 &&
      type != SafetensorsType::kBF16) {
    return TensorError(
        StatusCode::kUnsupported, name,
        Concat({"its type is ", SafetensorsTypeName(type), "; supported are F32, F16 and BF16"}));
  }
  return tensor;
}

std::size_t SafetensorsFile::heap_bytes() const {
  std::size_t bytes = tensors_.capacity() * sizeof(SafetensorsTensor) + index_.heap_bytes() +
                      metadata_.capacity() * sizeof(metadata_[0]);
  if (names_) bytes += names_->capacity();
  for (const auto& [key, text] : metadata_) bytes += key.capacity() + text.capacity();
  return bytes;
}

Status SafetensorsFile::Error(StatusCode code, std::string_view message) const {
  return {code, Concat({path_, ": ", message})};
}

Status SafetensorsFile::TensorError(StatusCode code, std::string_view name,
                                    std::string_view message) const {
  return Error(code, Concat({"tensor ", Quoted(name), ": ", message}));
}

}  // namespace fovea::format
