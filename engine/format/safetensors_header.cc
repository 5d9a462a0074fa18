#include "engine/format/safetensors_header.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/format/checked_size.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::format {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kMaxRank = 4;
constexpr std::size_t kMaxNameBytes = 65'535;

struct TypeRow {
  SafetensorsType type;
  std::string_view name;
  std::size_t bytes;
};
constexpr TypeRow kTypes[] = {
    {SafetensorsType::kBool, "BOOL", 1},      {SafetensorsType::kU8, "U8", 1},
    {SafetensorsType::kI8, "I8", 1},          {SafetensorsType::kF8E5M2, "F8_E5M2", 1},
    {SafetensorsType::kF8E4M3, "F8_E4M3", 1}, {SafetensorsType::kI16, "I16", 2},
    {SafetensorsType::kU16, "U16", 2},        {SafetensorsType::kF16, "F16", 2},
    {SafetensorsType::kBF16, "BF16", 2},      {SafetensorsType::kI32, "I32", 4},
    {SafetensorsType::kU32, "U32", 4},        {SafetensorsType::kF32, "F32", 4},
    {SafetensorsType::kI64, "I64", 8},        {SafetensorsType::kU64, "U64", 8},
    {SafetensorsType::kF64, "F64", 8},
};

const TypeRow& RowOf(SafetensorsType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

}  // namespace

std::string_view SafetensorsTypeName(SafetensorsType type) {
  return RowOf(type).name;
}

std::size_t SafetensorsTypeBytes(SafetensorsType type) {
  return RowOf(type).bytes;
}

Status SafetensorsHeader::Read() {
  const JsonValue root = json_.root();
  if (!root.IsObject()) return file_.Error(StatusCode::kMalformed, "its header is no JSON object");
  std::size_t name_bytes = 0;
  for (const auto& [name, value] : root.members()) name_bytes += name.size();
  file_.names_ = std::make_unique<std::string>();
  file_.names_->reserve(name_bytes);

  std::vector<Entry> entries;
  entries.reserve(root.size());
  for (const auto& [name, value] : root.members()) {
    if (name == kMetadata) {
      FOVEA_RETURN_IF_ERROR(ReadMetadata(value));
      continue;
    }
    Entry entry;
    FOVEA_RETURN_IF_ERROR(ReadTensor(name, value, &entry));
    const std::size_t start = file_.names_->size();
    *file_.names_ += name;
    entry.tensor.name = std::string_view(*file_.names_).substr(start);
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  FOVEA_RETURN_IF_ERROR(CheckCoverage(entries));
  file_.tensors_.reserve(entries.size());
  for (const Entry& entry : entries) file_.tensors_.push_back(entry.tensor);
  file_.index_.Build(file_.tensors_);  // The JSON parser has refused duplicate names.
  return {};
}

Status SafetensorsHeader::ReadMetadata(const JsonValue& value) {
  if (!value.IsObject()) {
    return file_.Error(StatusCode::kMalformed, "__metadata__ must be an object of strings");
  }
  for (const auto& [key, text] : value.members()) {
    if (!text.Text()) {
      return file_.Error(StatusCode::kMalformed,
                         Concat({"__metadata__: ", Quoted(key), " is ", JsonKindName(text.kind()),
                                 ", not a string"}));
    }
    file_.metadata_.emplace_back(key, *text.Text());
  }
  return {};
}

Status SafetensorsHeader::ReadTensor(std::string_view name, const JsonValue& value,
                                     Entry* entry) const {
  const auto malformed = [&](std::string_view message) {
    return file_.TensorError(StatusCode::kMalformed, name, message);
  };
  if (name.empty() || name.size() > kMaxNameBytes) {
    return malformed("a name must have 1 to 65535 bytes");
  }
  if (!value.IsObject()) return malformed("its description is no JSON object");
  for (const auto& [field, unused] : value.members()) {
    if (field != "dtype" && field != "shape" && field != "data_offsets") {
      return malformed(Concat({"its description has an unknown field ", Quoted(field)}));
    }
  }
  const auto type = value.Find("dtype");
  const auto shape = value.Find("shape");
  const auto offsets = value.Find("data_offsets");
  if (!type) return malformed("dtype is missing");
  if (!shape) return malformed("shape is missing");
  if (!offsets) return malformed("data_offsets are missing");
  FOVEA_RETURN_IF_ERROR(ReadType(name, *type, entry));
  FOVEA_RETURN_IF_ERROR(ReadShape(name, *shape, entry));
  return ReadOffsets(name, *offsets, entry);
}

Status SafetensorsHeader::ReadType(std::string_view name, const JsonValue& value,
                                   Entry* entry) const {
  const auto text = value.Text();
  if (!text) return file_.TensorError(StatusCode::kMalformed, name, "dtype is no string");
  for (const TypeRow& row : kTypes) {
    if (row.name != *text) continue;
    entry->tensor.type = row.type;
    return {};
  }
  return file_.TensorError(StatusCode::kUnsupported, name,
                           Concat({"its type ", Quoted(*text), " is not known"}));
}

Status SafetensorsHeader::ReadShape(std::string_view name, const JsonValue& value,
                                    Entry* entry) const {
  if (!value.IsArray()) return file_.TensorError(StatusCode::kMalformed, name, "shape is no array");
  if (value.size() > kMaxRank) {
    return file_.TensorError(
        StatusCode::kLimitExceeded, name,
        Concat({"it has ", Number(std::uint64_t{value.size()}), " dimensions, the limit is 4"}));
  }
  SafetensorsTensor& tensor = entry->tensor;
  for (const auto& [unused, size] : value.members()) {
    const auto number = size.Unsigned();
    if (!number) {
      return file_.TensorError(StatusCode::kMalformed, name,
                               "a dimension is not an integer from 0 to 2^64 - 1");
    }
    tensor.shape[tensor.rank++] = *number;
  }
  return {};
}

Status SafetensorsHeader::ReadOffsets(std::string_view name, const JsonValue& value,
                                      Entry* entry) const {
  std::array<std::uint64_t, 2> range{};
  std::size_t count = 0;
  for (const auto& [unused, offset] : value.members()) {
    const auto number = offset.Unsigned();
    if (count == range.size() || !number) {
      count = 0;
      break;
    }
    range[count++] = *number;
  }
  if (!value.IsArray() || count != range.size()) {
    return file_.TensorError(StatusCode::kMalformed, name,
                             "data_offsets are not two integers from 0 to 2^64 - 1");
  }
  entry->begin = range[0];
  entry->end = range[1];
  SafetensorsTensor& tensor = entry->tensor;
  if (entry->begin > entry->end) {
    return file_.TensorError(StatusCode::kMalformed, name,
                             Concat({"its data_offsets ", Number(range[0]), " and ",
                                     Number(range[1]), " are in the wrong order"}));
  }
  std::size_t elements = 0;
  const bool fits = CheckedProduct(tensor.shape, &elements);
  const Placement place = Place(
      {.offset = entry->begin, .count = elements, .item_bytes = SafetensorsTypeBytes(tensor.type)},
      data_.size());
  if (!fits || place.fault == PlaceFault::kOverflow) {
    return file_.TensorError(StatusCode::kMalformed, name, "its size or offset overflows");
  }
  if (entry->end - entry->begin != place.bytes) {
    return file_.TensorError(
        StatusCode::kMalformed, name,
        Concat({"its shape and type make ", Number(std::uint64_t{place.bytes}),
                " bytes, but data_offsets give it ", Number(entry->end - entry->begin)}));
  }
  if (!place.ok()) {
    return file_.TensorError(StatusCode::kMalformed, name,
                             Concat({"its data end at byte ", Number(entry->end), " of the ",
                                     Number(std::uint64_t{data_.size()}),
                                     " that follow the header (truncated download?)"}));
  }
  tensor.data = data_.subspan(place.offset, place.bytes);
  return {};
}

Status SafetensorsHeader::CheckCoverage(const std::vector<Entry>& entries) const {
  std::uint64_t covered = 0;
  std::string_view before;
  for (const Entry& entry : entries) {
    if (entry.begin < covered) {
      return file_.TensorError(StatusCode::kMalformed, entry.tensor.name,
                               Concat({"its data overlaps that of tensor ", Quoted(before)}));
    }
    if (entry.begin > covered) {
      return file_.TensorError(StatusCode::kMalformed, entry.tensor.name,
                               Concat({"the ", Number(entry.begin - covered),
                                       " bytes before its data belong to no tensor"}));
    }
    covered = entry.end;
    before = entry.tensor.name;
  }
  if (covered == data_.size()) return {};
  return file_.Error(StatusCode::kMalformed,
                     Concat({"its last ", Number(std::uint64_t{data_.size()} - covered),
                             " bytes belong to no tensor"}));
}

}  // namespace fovea::format
