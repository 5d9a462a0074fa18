// Just enough Unicode for the dump's own needs: walking UTF-8 that may be broken, and white space.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_UTF8_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace fovea::dump {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
  bool valid = true;  ///< False: one byte that begins no character; value is U+FFFD.
};

/// The character that begins at byte `offset` (< text.size()).
CodePoint DecodeUtf8(std::string_view text, std::size_t offset);

/// White_Space of the Unicode character database.
bool IsWhiteSpace(char32_t c);

/// The same text with every invalid byte replaced by '?': valid UTF-8 in which all byte offsets
/// still hold.
std::string WithoutInvalidUtf8(std::string_view text);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_UTF8_H_
