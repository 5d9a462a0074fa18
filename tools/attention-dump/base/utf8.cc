#include "tools/attention-dump/base/utf8.h"

#include "platform/utf8.h"

namespace fovea::dump {
namespace {

constexpr CodePoint kInvalid = {.value = 0xFFFD, .bytes = 1, .valid = false};

}  // namespace

CodePoint DecodeUtf8(std::string_view text, std::size_t offset) {
  const std::string_view rest = text.substr(offset);
  const platform::Utf8Step step = platform::NextUtf8(rest);
  if (step.kind != platform::Utf8Step::Kind::kCharacter) return kInvalid;
  return {.value = platform::DecodeUtf8(rest), .bytes = step.size};
}

bool IsWhiteSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string WithoutInvalidUtf8(std::string_view text) {
  std::string clean(text);
  for (std::size_t i = 0; i < clean.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    if (!c.valid) clean[i] = '?';
    i += c.bytes;
  }
  return clean;
}

}  // namespace fovea::dump
