#include "engine/format/gguf_file.h"

#include <cmath>
#include <limits>
#include <utility>

#include "engine/format/gguf_contents.h"
#include "engine/format/gguf_values.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"
#include "platform/content_hash.h"
#include "platform/file_bytes.h"

namespace fovea::format {

struct GgufFile::Impl {
  std::string path;
  platform::FileBytes storage;  ///< Empty when the bytes are the caller's.
  std::span<const std::byte> bytes;
  GgufContents contents;

  const GgufValue* Find(std::string_view key) const {
    const GgufEntry* entry = contents.entry_index.Find(contents.entries, key);
    return entry == nullptr ? nullptr : &entry->value;
  }
};

namespace {

std::string TypeText(const GgufValue& value) {
  if (value.type != GgufValueType::kArray) return std::string(ValueTypeName(value.type));
  return Concat({"array of ", ValueTypeName(value.element)});
}

Status WrongType(const GgufFile& file, std::string_view key, const GgufValue& value,
                 std::string_view wanted) {
  return file.Error(StatusCode::kMalformed,
                    Concat({"key ", Quoted(key), " must be ", wanted, ", not ", TypeText(value)}));
}

/// kLimitExceeded for a value above the largest allowed one, kMalformed for one below the smallest.
Status CheckRange(const GgufFile& file, std::string_view key, const Integer& value,
                  const Integer& min, const Integer& max) {
  const bool above = Compare(value, max) > 0;
  if (!above && Compare(value, min) >= 0) return {};
  return file.Error(above ? StatusCode::kLimitExceeded : StatusCode::kMalformed,
                    Concat({"key ", Quoted(key), " is ", ToText(value), ", but must be from ",
                            ToText(min), " to ", ToText(max)}));
}

/// As a finite float; an error otherwise.
Status ToFloat(const GgufFile& file, std::string_view key, double number, float* out) {
  // Also false for NaN. Doubles beyond the largest float would be infinite as floats.
  if (std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max())) {
    *out = static_cast<float>(number);
    return {};
  }
  return file.Error(StatusCode::kMalformed,
                    Concat({"key ", Quoted(key), " holds a number that is not a finite float"}));
}

}  // namespace

GgufFile::GgufFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GgufFile::GgufFile(GgufFile&&) noexcept = default;
GgufFile& GgufFile::operator=(GgufFile&&) noexcept = default;
GgufFile::~GgufFile() = default;

Result<GgufFile> GgufFile::Open(const std::string& path, Access access,
                                const platform::MemorySource& source) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  const auto how = access == Access::kMap ? platform::FileBytes::Access::kMap
                                          : platform::FileBytes::Access::kRead;
  platform::FileError error;
  if (!platform::FileBytes::Open(path, how, &impl->storage, &error, source)) {
    return OpenFailure(path, error);
  }
  impl->bytes = impl->storage.bytes();
  FOVEA_RETURN_IF_ERROR(ParseGguf(impl->bytes, impl->path, &impl->contents));
  return GgufFile(std::move(impl));
}

Result<GgufFile> GgufFile::FromBuffer(std::span<const std::byte> bytes, std::string name) {
  auto impl = std::make_unique<Impl>();
  impl->path = std::move(name);
  impl->bytes = bytes;
  FOVEA_RETURN_IF_ERROR(ParseGguf(bytes, impl->path, &impl->contents));
  return GgufFile(std::move(impl));
}

Result<GgufFile> GgufFile::FromCopy(std::span<const std::byte> bytes, std::string name,
                                    const platform::MemorySource& source) {
  auto impl = std::make_unique<Impl>();
  impl->path = std::move(name);
  if (!platform::FileBytes::Copy(bytes, &impl->storage, source)) {
    return Status(StatusCode::kOutOfMemory,
                  Concat({impl->path, ": not enough memory for a copy of ",
                          Number(std::uint64_t{bytes.size()}), " bytes"}));
  }
  impl->bytes = impl->storage.bytes();
  FOVEA_RETURN_IF_ERROR(ParseGguf(impl->bytes, impl->path, &impl->contents));
  return GgufFile(std::move(impl));
}

const std::string& GgufFile::path() const {
  return impl_->path;
}
std::uint32_t GgufFile::version() const {
  return impl_->contents.version;
}
std::span<std::byte> GgufFile::mutable_bytes() {
  return impl_->storage.mutable_bytes();
}
std::span<const std::byte> GgufFile::bytes() const {
  return impl_->bytes;
}
bool GgufFile::is_mapped() const {
  return impl_->storage.mapped();
}
std::size_t GgufFile::heap_bytes() const {
  const GgufContents& contents = impl_->contents;
  return contents.entries.capacity() * sizeof(GgufEntry) +
         contents.tensors.capacity() * sizeof(SourceTensor) + contents.entry_index.heap_bytes() +
         contents.tensor_index.heap_bytes();
}

const std::vector<SourceTensor>& GgufFile::tensors() const {
  return impl_->contents.tensors;
}

const SourceTensor* GgufFile::FindTensor(std::string_view name) const {
  return impl_->contents.tensor_index.Find(impl_->contents.tensors, name);
}

bool GgufFile::HasKey(std::string_view key) const {
  return impl_->Find(key) != nullptr;
}

std::vector<std::string_view> GgufFile::Keys() const {
  std::vector<std::string_view> keys;
  keys.reserve(impl_->contents.entries.size());
  for (const GgufEntry& entry : impl_->contents.entries) keys.push_back(entry.name);
  return keys;
}

Result<std::optional<std::uint64_t>> GgufFile::FindUint(std::string_view key, std::uint64_t min,
                                                        std::uint64_t max) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::optional<std::uint64_t>();
  if (!IsIntegral(value->type)) return WrongType(*this, key, *value, "an integer");
  const Integer number = ReadInteger(*value, 0);
  if (Status s = CheckRange(*this, key, number, {false, min}, {false, max}); !s.ok()) return s;
  return std::optional(number.magnitude);
}

Result<std::optional<float>> GgufFile::FindFloat(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::optional<float>();
  if (!IsFloat(value->type)) return WrongType(*this, key, *value, "a float");
  float number = 0.0F;
  FOVEA_RETURN_IF_ERROR(ToFloat(*this, key, ReadFloat(*value, 0), &number));
  return std::optional(number);
}

Result<std::optional<bool>> GgufFile::FindBool(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::optional<bool>();
  if (value->type != GgufValueType::kBool) return WrongType(*this, key, *value, "a bool");
  return std::optional(ReadInteger(*value, 0).magnitude != 0);
}

Result<std::optional<std::string_view>> GgufFile::FindString(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::optional<std::string_view>();
  if (value->type != GgufValueType::kString) return WrongType(*this, key, *value, "a string");
  return std::optional(ReadText(*value));
}

Result<std::vector<std::string_view>> GgufFile::FindStringArray(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::vector<std::string_view>();
  if (value->type != GgufValueType::kArray || value->element != GgufValueType::kString) {
    return WrongType(*this, key, *value, "an array of strings");
  }
  return ReadTexts(*value);
}

Result<std::vector<float>> GgufFile::FindFloatArray(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::vector<float>();
  if (value->type != GgufValueType::kArray || !IsFloat(value->element)) {
    return WrongType(*this, key, *value, "an array of floats");
  }
  std::vector<float> numbers(static_cast<std::size_t>(value->count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    FOVEA_RETURN_IF_ERROR(ToFloat(*this, key, ReadFloat(*value, i), &numbers[i]));
  }
  return numbers;
}

Result<std::vector<std::int64_t>> GgufFile::FindIntArray(std::string_view key, std::int64_t min,
                                                         std::int64_t max) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::vector<std::int64_t>();
  if (!IsIntegral(value->element)) return WrongType(*this, key, *value, "an array of integers");
  // Bytes grow eightfold here; the limit keeps loading inside its promised memory.
  constexpr std::uint64_t kMaxByteItems = std::uint64_t{1} << 21U;
  if (ValueBytes(value->element) == 1 && value->count > kMaxByteItems) {
    return Error(StatusCode::kLimitExceeded,
                 Concat({"key ", Quoted(key), " has ", Number(value->count),
                         " one-byte elements; the limit is ", Number(kMaxByteItems)}));
  }
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(value->count));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const Integer number = ReadInteger(*value, i);
    FOVEA_RETURN_IF_ERROR(CheckRange(*this, key, number, ToInteger(min), ToInteger(max)));
    const std::uint64_t bits = number.negative ? ~number.magnitude + 1 : number.magnitude;
    numbers[i] = static_cast<std::int64_t>(bits);
  }
  return numbers;
}

bool GgufFile::IsArray(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  return value != nullptr && value->type == GgufValueType::kArray;
}

std::uint64_t GgufFile::ArrayLength(std::string_view key) const {
  return IsArray(key) ? impl_->Find(key)->count : 0;
}

Result<std::span<const std::byte>> GgufFile::FindBytes(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  if (value == nullptr) return std::span<const std::byte>();
  if (value->type != GgufValueType::kArray ||
      (value->element != GgufValueType::kUint8 && value->element != GgufValueType::kInt8)) {
    return WrongType(*this, key, *value, "an array of 8-bit integers");
  }
  return std::span(value->data, static_cast<std::size_t>(value->count));
}

std::string GgufFile::ContentHash() const {
  return is_mapped() ? platform::HexContentHashOfMapped(bytes())
                     : platform::HexContentHash(bytes());
}

std::string GgufFile::Describe(std::string_view key) const {
  const GgufValue* value = impl_->Find(key);
  return value == nullptr ? std::string() : DescribeValue(*value);
}

}  // namespace fovea::format
