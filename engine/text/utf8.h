// Scanning UTF-8 text in 128-bit vectors, on top of the decoder in platform/utf8.h. The scalar
// reference implementations in namespace `scalar` are what the tests compare with.
#ifndef FOVEA_TEXT_UTF8_H_
#define FOVEA_TEXT_UTF8_H_

#include <cstddef>
#include <optional>
#include <string_view>

#include "platform/utf8.h"

namespace fovea::text {

/// Offset of the first byte that does not belong to a well-formed character (no overlong forms, no
/// surrogates, nothing above U+10FFFF), or nothing.
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);

/// How many bytes of `text` are `byte`.
std::size_t CountByte(std::string_view text, char byte);

using platform::AppendUtf8;
using platform::CharacterBytes;
using platform::DecodeUtf8;
using platform::NextUtf8;
using platform::Utf8Step;

/// U+FFFD, which stands for bytes that are no text.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

namespace scalar {
std::optional<std::size_t> FirstInvalidUtf8(std::string_view text);
std::size_t CountByte(std::string_view text, char byte);
}  // namespace scalar

}  // namespace fovea::text

#endif  // FOVEA_TEXT_UTF8_H_
