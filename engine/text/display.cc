#include "engine/text/display.h"

#include <cstdint>

#include "engine/text/utf8.h"

namespace fovea::text {
namespace {

void AppendByteName(char c, std::string* out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<std::uint8_t>(c);
  *out += "<0x";
  *out += kDigits[byte >> 4];
  *out += kDigits[byte & 15];
  *out += '>';
}

/// C0 and C1 control characters and DEL: nothing that a terminal or a page should receive.
bool IsControl(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

}  // namespace

std::string DisplayText(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Utf8Step step = NextUtf8(bytes);
    const std::string_view part = bytes.substr(0, step.size);
    bytes.remove_prefix(step.size);
    if (part == " ") {
      out += "␣";
    } else if (part == "\n") {
      out += "⏎";
    } else if (part == "\t") {
      out += "⇥";
    } else if (part == "\r") {
      out += "␍";
    } else if (step.kind == Utf8Step::Kind::kCharacter && !IsControl(DecodeUtf8(part))) {
      out += part;
    } else {
      for (const char c : part) AppendByteName(c, &out);
    }
  }
  return out;
}

}  // namespace fovea::text
