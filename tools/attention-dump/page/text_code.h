// Bytes as text that may stand inside an HTML script element: 13 bits in two characters, where
// base64 has 12. The symbols are the printable ASCII characters '!' to '~' without '&', '<' and
// '\', in that order; a value v < 8192 is symbol[v % 91], symbol[v / 91].
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TEXT_CODE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TEXT_CODE_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fovea::dump {

/// Characters that `bytes` bytes take: two per 13 bits begun.
constexpr std::size_t TextCodeLength(std::size_t bytes) {
  return (bytes * 8 + 12) / 13 * 2;
}

/// Appends the bytes, least significant bits first; the last value is padded with zero bits.
void AppendTextCode(std::string_view bytes, std::string* text);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_TEXT_CODE_H_
