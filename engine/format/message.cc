#include "engine/format/message.h"

#include <charconv>
#include <cstddef>

namespace fovea::format {
namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;

struct CodePoint {
  char32_t value = kInvalid;
  std::size_t bytes = 1;
};

/// The UTF-8 code point at the start of `text` (not empty); kInvalid, one byte long, if there is
/// none.
CodePoint Decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  char32_t value = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {};
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {};
  return {value, bytes};
}

/// May be shown as it is: no control character, nothing that reorders or breaks a line.
bool IsPlain(char32_t c) {
  if (c == kInvalid || c < 0x20 || (c >= 0x7F && c < 0xA0)) return false;
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
    const CodePoint point = Decode(text);
    if (IsPlain(point.value)) {
      out += text.substr(0, point.bytes);
    } else {
      for (const char c : text.substr(0, point.bytes)) {
        AppendEscape(static_cast<unsigned char>(c), &out);
      }
    }
    text.remove_prefix(point.bytes);
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

}  // namespace fovea::format
