#include "engine/format/json.h"

#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/format/json_parser.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"
#include "platform/file_bytes.h"

namespace fovea::format {
namespace {

template <typename T>
std::optional<T> ParseNumber(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::string_view JsonKindName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return "true or false";
    case JsonKind::kNumber: return "a number";
    case JsonKind::kString: return "a string";
    case JsonKind::kArray: return "an array";
    case JsonKind::kObject: return "an object";
  }
  return "?";
}

JsonKind JsonValue::kind() const {
  return static_cast<JsonKind>(document_->nodes_[index_].kind);
}

std::optional<bool> JsonValue::Bool() const {
  if (kind() != JsonKind::kBool) return std::nullopt;
  return document_->TextOf(document_->nodes_[index_]) == "true";
}

std::optional<std::uint64_t> JsonValue::Unsigned() const {
  if (kind() != JsonKind::kNumber) return std::nullopt;
  return ParseNumber<std::uint64_t>(document_->TextOf(document_->nodes_[index_]));
}

std::optional<std::int64_t> JsonValue::Integer() const {
  if (kind() != JsonKind::kNumber) return std::nullopt;
  return ParseNumber<std::int64_t>(document_->TextOf(document_->nodes_[index_]));
}

std::optional<double> JsonValue::Number() const {
  if (kind() != JsonKind::kNumber) return std::nullopt;
  return ParseNumber<double>(document_->TextOf(document_->nodes_[index_]));
}

std::optional<std::string_view> JsonValue::Text() const {
  if (kind() != JsonKind::kString) return std::nullopt;
  return document_->TextOf(document_->nodes_[index_]);
}

std::size_t JsonValue::size() const {
  return IsArray() || IsObject() ? document_->nodes_[index_].size : 0;
}

JsonRange JsonValue::members() const {
  JsonRange range;
  range.document_ = document_;
  if (!IsArray() && !IsObject()) return range;
  range.first_ = index_ + 1;
  range.last_ = document_->After(index_);
  range.keys_ = IsObject();
  return range;
}

std::optional<JsonValue> JsonValue::Find(std::string_view key) const {
  if (!IsObject()) return std::nullopt;
  for (const auto& [name, value] : members()) {
    if (name == key) return value;
  }
  return std::nullopt;
}

JsonMember JsonRange::Iterator::operator*() const {
  if (!keys_) return {{}, JsonValue(document_, index_)};
  return {document_->TextOf(document_->nodes_[index_]), JsonValue(document_, index_ + 1)};
}

JsonRange::Iterator& JsonRange::Iterator::operator++() {
  index_ = document_->After(keys_ ? index_ + 1 : index_);
  return *this;
}

std::uint32_t JsonDocument::After(std::uint32_t index) const {
  const auto kind = static_cast<JsonKind>(nodes_[index].kind);
  const bool nested = kind == JsonKind::kArray || kind == JsonKind::kObject;
  return nested ? nodes_[index].position : index + 1;
}

Result<JsonDocument> JsonDocument::Parse(std::string text, std::string file,
                                         const JsonLimits& limits) {
  JsonDocument document;
  document.text_ = std::move(text);
  document.file_ = std::move(file);
  return platform::IfMemoryLasts(
      [&]() -> Result<JsonDocument> {
        FOVEA_RETURN_IF_ERROR(JsonParser(&document, limits).Run());
        return std::move(document);
      },
      [&]() -> Result<JsonDocument> {
        return document.Error(StatusCode::kOutOfMemory, "not enough memory for its JSON");
      });
}

Result<JsonDocument> JsonDocument::Read(const std::string& path, const JsonLimits& limits) {
  JsonDocument document;
  document.file_ = path;
  std::error_code ignored;
  const std::uintmax_t bytes = std::filesystem::file_size(path, ignored);
  if (!ignored && bytes > limits.max_bytes) {
    return document.Error(
        StatusCode::kLimitExceeded,
        Concat({"the JSON text has ", Number(std::uint64_t{bytes}), " bytes, the limit is ",
                Number(std::uint64_t{limits.max_bytes})}));
  }
  platform::FileBytes contents;
  platform::FileError error;
  if (!platform::FileBytes::Open(path, platform::FileBytes::Access::kRead, &contents, &error)) {
    return OpenFailure(path, error);
  }
  const auto* text = reinterpret_cast<const char*>(contents.bytes().data());
  return platform::IfMemoryLasts(
      [&] { return Parse(std::string(text, contents.bytes().size()), path, limits); },
      [&]() -> Result<JsonDocument> {
        return document.Error(StatusCode::kOutOfMemory, "not enough memory for its JSON");
      });
}

std::size_t JsonDocument::heap_bytes() const {
  return text_.capacity() + nodes_.capacity() * sizeof(Node);
}

Status JsonDocument::Error(StatusCode code, std::string_view message) const {
  return {code, Concat({file_, ": ", message})};
}

}  // namespace fovea::format
