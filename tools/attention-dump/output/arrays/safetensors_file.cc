// .safetensors: an 8-byte header length, a JSON header (shapes, offsets, the sidecar in
// __metadata__) padded with spaces to a multiple of 8, then all arrays without gaps. Arrays of
// 4-byte elements come before those of 2, so that each is aligned to its elements.
#include "tools/attention-dump/output/arrays/safetensors_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/little_endian.h"

namespace fovea::dump {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;  // what readers accept

const char* TypeName(ElementType type) {
  switch (type) {
    case ElementType::kF16: return "F16";
    case ElementType::kF32: return "F32";
    case ElementType::kI32: return "I32";
  }
  return "";
}

std::uint64_t RoundUp8(std::uint64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

class SafetensorsFile final : public ArrayFile {
 public:
  SafetensorsFile(platform::AtomicFile file, std::vector<ArraySpec> arrays, std::uint64_t reserve)
      : ArrayFile(std::move(file), std::move(arrays)), header_bytes_(RoundUp8(reserve)) {}
  using ArrayFile::Preallocate;

 private:
  Status Place(std::vector<Placement>* arrays) const override {
    std::uint64_t end = kLengthBytes + header_bytes_;
    for (Placement& array : *arrays) {
      array.offset = end;
      end += array.bytes;
    }
    return Status::Ok();
  }

  Result<std::uint64_t> Complete(std::vector<Placement>* arrays,
                                 const std::string& metadata) override {
    const std::uint64_t begin = kLengthBytes + header_bytes_;
    std::uint64_t data_bytes = 0;
    nlohmann::ordered_json header;
    header["__metadata__"] = {{"format", "fovea-attention"}, {"metadata", metadata}};
    for (const Placement& array : *arrays) {
      const std::uint64_t offset = array.offset - begin;
      header[array.spec.name] = {{"dtype", TypeName(array.spec.type)},
                                 {"shape", array.spec.shape},
                                 {"data_offsets", {offset, offset + array.bytes}}};
      data_bytes = offset + array.bytes;
    }
    std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::uint64_t needed = RoundUp8(text.size());
    if (needed > kMaxHeaderBytes) {
      return Status(StatusCode::kLimitExceeded,
                    "the sidecar is larger than the 100 MB that .safetensors allows");
    }
    if (needed > header_bytes_) {
      FOVEA_RETURN_IF_ERROR(Move(begin, kLengthBytes + needed, data_bytes));
      header_bytes_ = needed;
    }
    text.resize(static_cast<std::size_t>(header_bytes_), ' ');
    std::string length;
    AppendLittleEndian(header_bytes_, &length);
    FOVEA_RETURN_IF_ERROR(Write(0, length + text));
    return kLengthBytes + header_bytes_ + data_bytes;
  }

  std::uint64_t header_bytes_;
};

}  // namespace

Result<std::unique_ptr<ArrayFile>> MakeSafetensors(platform::AtomicFile file,
                                                   std::vector<ArraySpec> arrays,
                                                   std::uint64_t header_reserve) {
  std::vector<ArraySpec> ordered;
  for (const std::size_t element_bytes : {4U, 2U}) {
    for (const ArraySpec& array : arrays) {
      if (ElementBytes(array.type) == element_bytes) ordered.push_back(array);
    }
  }
  auto file_of_tensors = std::make_unique<SafetensorsFile>(
      std::move(file), std::move(ordered), std::min(header_reserve, kMaxHeaderBytes));
  FOVEA_RETURN_IF_ERROR(file_of_tensors->Preallocate());
  return std::unique_ptr<ArrayFile>(std::move(file_of_tensors));
}

}  // namespace fovea::dump
