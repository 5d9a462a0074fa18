#include "tools/attention-dump/render/label_text.h"

#include <utf8proc.h>

#include "platform/utf8.h"

namespace fovea::dump {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Takes one code point off the front of `text`; an invalid byte counts as U+FFFD.
char32_t TakeCodePoint(std::string_view& text) {
  const platform::Utf8Step step = platform::NextUtf8(text);
  const bool valid = step.kind == platform::Utf8Step::Kind::kCharacter;
  const char32_t code = valid ? platform::DecodeUtf8(text) : kReplacement;
  text.remove_prefix(valid ? step.size : 1);
  return code;
}

bool IsVariationSelector(char32_t code) {
  return (code >= 0xFE00 && code <= 0xFE0F) || (code >= 0xE0100 && code <= 0xE01EF);
}

// What stands for `code` on screen; width 0 and code 0 if nothing does.
DisplayCharacter ForDisplay(char32_t code) {
  if (code < 0x20) return {0x2400 + code, 1};
  if (code == 0x7F) return {0x2421, 1};
  if (IsVariationSelector(code)) return {0, 0};
  const auto signed_code = static_cast<utf8proc_int32_t>(code);
  switch (utf8proc_category(signed_code)) {
    case UTF8PROC_CATEGORY_CF: return {0, 0};
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return {kReplacement, 1};
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME: return {code, 0};
    default: break;
  }
  return {code, utf8proc_charwidth(signed_code) == 2 ? std::size_t{2} : std::size_t{1}};
}

std::vector<DisplayCharacter> ToAscii(std::vector<DisplayCharacter> characters) {
  std::vector<DisplayCharacter> out;
  out.reserve(characters.size());
  for (const DisplayCharacter& c : characters) {
    if (c.width == 0) continue;
    if (c.code == U'⏎') {  // as a line break is written in most languages
      out.push_back({U'\\', 1});
      out.push_back({U'n', 1});
      continue;
    }
    const bool space = c.code == U'␣' || c.code == U'▁';
    out.push_back({space ? U'_' : c.code < 0x7F ? c.code : U'?', 1});
  }
  return out;
}

// The characters that fit, and their width.
std::size_t Cut(std::vector<DisplayCharacter>& characters, std::size_t columns, Alphabet alphabet) {
  std::size_t width = 0;
  for (const DisplayCharacter& c : characters) width += c.width;
  if (width <= columns) return width;
  if (columns == 0) {
    characters.clear();
    return 0;
  }
  while (!characters.empty() && width + 1 > columns) {
    width -= characters.back().width;
    characters.pop_back();
  }
  characters.push_back({alphabet == Alphabet::kAscii ? U'~' : U'…', 1});
  return width + 1;
}

}  // namespace

std::vector<DisplayCharacter> DecodeForDisplay(std::string_view text) {
  constexpr std::size_t kMaxMarks = 2;  // more marks on one letter draw over the lines around it
  std::vector<DisplayCharacter> out;
  std::size_t marks = 0;
  while (!text.empty()) {
    const DisplayCharacter c = ForDisplay(TakeCodePoint(text));
    if (c.code == 0) continue;
    if (c.width == 0) {
      if (out.empty()) out.push_back({U'◌', 1});  // a mark needs something to stand on
      if (++marks > kMaxMarks) continue;
    } else {
      marks = 0;
    }
    out.push_back(c);
  }
  return out;
}

std::string EncodeUtf8(const std::vector<DisplayCharacter>& characters) {
  std::string out;
  for (const DisplayCharacter& c : characters) platform::AppendUtf8(c.code, &out);
  return out;
}

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  for (const DisplayCharacter& c : DecodeForDisplay(text)) width += c.width;
  return width;
}

std::string CutToWidth(std::string_view text, std::size_t columns, Alphabet alphabet) {
  std::vector<DisplayCharacter> characters = DecodeForDisplay(text);
  if (alphabet == Alphabet::kAscii) characters = ToAscii(std::move(characters));
  Cut(characters, columns, alphabet);
  return EncodeUtf8(characters);
}

std::string FitToWidth(std::string_view text, std::size_t columns, Alphabet alphabet) {
  std::vector<DisplayCharacter> characters = DecodeForDisplay(text);
  if (alphabet == Alphabet::kAscii) characters = ToAscii(std::move(characters));
  const std::size_t width = Cut(characters, columns, alphabet);
  return EncodeUtf8(characters) + std::string(columns - width, ' ');
}

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const DisplayCharacter& c : DecodeForDisplay(text)) {
    switch (c.code) {
      case U'&': out += "&amp;"; break;
      case U'<': out += "&lt;"; break;
      case U'>': out += "&gt;"; break;
      case U'"': out += "&quot;"; break;
      case U'\'': out += "&#39;"; break;
      default: platform::AppendUtf8(c.code, &out);
    }
  }
  return out;
}

}  // namespace fovea::dump
