#include "engine/format/message.h"

#include <charconv>
#include <cstddef>

#include "platform/utf8.h"

namespace fovea::format {
namespace {

/// May be shown as it is: no control character, nothing that reorders or breaks a line.
bool IsPlain(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
  const bool separator_or_direction =
      (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F);
  return !separator_or_direction && c != 0xFEFF;
}

void AppendEscape(unsigned char byte, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  switch (byte) {
    case '\n': *out += "\\n"; return;
    case '\r': *out += "\\r"; return;
    case '\t': *out += "\\t"; return;
    default:
      *out += "\\x";
      *out += kDigits[byte >> 4U];
      *out += kDigits[byte & 15U];
  }
}

template <typename Integer>
std::string ToText(Integer value) {
  char buffer[24];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

}  // namespace

std::string Escaped(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t shown = 0;
  while (!text.empty()) {
    if (shown++ == limit) return out + "…";
    const platform::Utf8Step step = platform::NextUtf8(text);
    const bool valid = step.kind == platform::Utf8Step::Kind::kCharacter;
    const std::string_view character = text.substr(0, valid ? step.size : 1);
    if (valid && IsPlain(platform::DecodeUtf8(character))) {
      out += character;
    } else {
      for (const char c : character) AppendEscape(static_cast<unsigned char>(c), &out);
    }
    text.remove_prefix(character.size());
  }
  return out;
}

std::string Quoted(std::string_view text) {
  return Concat({"'", Escaped(text), "'"});
}

std::string Number(std::uint64_t value) {
  return ToText(value);
}
std::string Number(std::int64_t value) {
  return ToText(value);
}

std::string Concat(std::initializer_list<std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  std::string out;
  out.reserve(size);
  for (const std::string_view piece : pieces) out += piece;
  return out;
}

Status OpenFailure(std::string_view path, const platform::FileError& error) {
  StatusCode code = StatusCode::kIoError;
  if (error.code == platform::FileErrorCode::kNotFound) code = StatusCode::kNotFound;
  if (error.code == platform::FileErrorCode::kOutOfMemory) code = StatusCode::kOutOfMemory;
  return {code, Concat({path, ": ", error.reason})};
}

}  // namespace fovea::format
