// UTF-8: checking, reading and writing of characters. The scanning functions work on 128-bit
// vectors; their readable scalar twins in namespace `scalar` are what the tests compare them with.
#ifndef FOVEA_TEXT_UTF8_H_
#define FOVEA_TEXT_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fovea::text {

/// Offset of the first byte that does not belong to a well-formed character (no overlong forms, no
/// surrogates, nothing above U+10FFFF), or nothing.
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);

/// How many bytes of `text` are `byte`.
std::size_t CountByte(std::string_view text, char byte);

/// What the bytes at the start of a text are.
struct Utf8Step {
  enum class Kind : std::uint8_t {
    kCharacter,   ///< A whole character of `size` bytes.
    kUnfinished,  ///< The text ends inside a character; `size` bytes of it are there.
    kInvalid,     ///< `size` bytes (1 to 3) that no valid continuation could save.
  };
  Kind kind = Kind::kInvalid;
  std::size_t size = 0;
};
/// text must not be empty. An invalid run is as long as the longest valid beginning of a character
/// in it (the "maximal subpart" of the Unicode Standard), so each becomes one U+FFFD.
Utf8Step NextUtf8(std::string_view text);

/// Bytes of the character that begins with `lead`; 1 for anything that cannot begin one.
std::size_t CharacterBytes(char lead);

/// The code point of the character that `text` starts with, which must be well-formed.
char32_t DecodeUtf8(std::string_view text);

/// Appends a code point up to U+10FFFF.
void AppendUtf8(char32_t code_point, std::string* text);

/// U+FFFD, which stands for bytes that are no text.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

namespace scalar {
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);
std::size_t CountByte(std::string_view text, char byte);
}  // namespace scalar

}  // namespace fovea::text

#endif  // FOVEA_TEXT_UTF8_H_
