// Base64 to bytes.
#ifndef FOVEA_TEXT_BASE64_H_
#define FOVEA_TEXT_BASE64_H_

#include <optional>
#include <string>
#include <string_view>

namespace fovea::text {

/// The bytes; nothing if a character is no digit of base64. Padding may be missing.
inline std::optional<std::string> DecodeBase64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 3);
  unsigned bits = 0;
  unsigned bit_count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<unsigned>(digit);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes += static_cast<char>((bits >> bit_count) & 0xFFU);
  }
  return bytes;
}

}  // namespace fovea::text

#endif  // FOVEA_TEXT_BASE64_H_
