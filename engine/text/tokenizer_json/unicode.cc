#include "engine/text/tokenizer_json/unicode.h"

#include <utf8proc.h>

#include <algorithm>

namespace fovea::text {
namespace {

utf8proc_category_t Category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

int CombiningClass(char32_t c) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

struct Character {
  char32_t code_point = 0;
  int combining_class = 0;
  ByteRange source;
  std::size_t order = 0;  // Where it stood before sorting.
};

void AppendDecomposition(char32_t c, bool compatible, ByteRange source,
                         std::vector<Character>* characters) {
  utf8proc_int32_t parts[32] = {};
  int boundary = 0;
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  const utf8proc_ssize_t count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts, 32, options, &boundary);
  for (utf8proc_ssize_t i = 0; i < count && i < 32; ++i) {
    const auto part = static_cast<char32_t>(parts[i]);
    characters->push_back({part, CombiningClass(part), source, characters->size()});
  }
}

/// What two characters compose to, or 0. No second character below U+0300 composes.
char32_t Composition(char32_t first, char32_t second) {
  if (second < 0x300) return 0;
  utf8proc_int32_t pair[2] = {static_cast<utf8proc_int32_t>(first),
                              static_cast<utf8proc_int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  return utf8proc_normalize_utf32(pair, 2, options) == 1 ? static_cast<char32_t>(pair[0]) : 0;
}

/// The canonical composition algorithm of the Unicode Standard.
void Compose(std::vector<Character>* characters) {
  std::vector<Character>& c = *characters;
  constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t starter = kNone;
  std::size_t kept = 0;
  int last_class = -1;  // Of the last character kept behind the starter; -1: none.
  for (std::size_t i = 0; i < c.size(); ++i) {
    const bool blocked = last_class >= 0 && last_class >= c[i].combining_class;
    const char32_t composed = starter == kNone || blocked
                                  ? char32_t{0}
                                  : Composition(c[starter].code_point, c[i].code_point);
    if (composed != 0) {
      c[starter].code_point = composed;
      c[starter].source.end = std::max(c[starter].source.end, c[i].source.end);
      continue;
    }
    c[kept] = c[i];
    if (c[i].combining_class == 0) {
      starter = kept;
      last_class = -1;
    } else {
      last_class = c[i].combining_class;
    }
    ++kept;
  }
  c.resize(kept);
}

}  // namespace

bool IsWhiteSpace(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return (c >= '\t' && c <= '\r') || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
         category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool IsMark(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

bool IsNonspacing(char32_t c) {
  return Category(c) == UTF8PROC_CATEGORY_MN;
}

bool IsNumeric(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool IsPunctuation(char32_t c) {
  if (c < 0x80) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
  }
  const utf8proc_category_t category = Category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool IsControl(char32_t c) {
  const utf8proc_category_t category = Category(c);
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS;
}

bool IsWordCharacter(char32_t c) {
  const utf8proc_category_t category = Category(c);
  const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
  const bool circled = (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
                       (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
  return letter || circled || IsMark(c) || category == UTF8PROC_CATEGORY_ND ||
         category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_PC || c == 0x200C ||
         c == 0x200D;
}

void AppendLowercase(char32_t c, ByteRange source, AlignedText* text) {
  if (c == 0x130) {  // The one character whose lower case has two.
    text->Append(U'i', source);
    text->Append(char32_t{0x307}, source);
    return;
  }
  text->Append(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), source);
}

AlignedText Normalized(const AlignedText& text, NormalizationForm form) {
  const bool compatible = form == NormalizationForm::kNfkc || form == NormalizationForm::kNfkd;
  std::vector<Character> characters;
  characters.reserve(text.size());
  ForEachCharacter(text.text(), [&](char32_t c, std::size_t begin, std::size_t end) {
    if (c < 0x80) {
      characters.push_back({c, 0, text.Source(begin, end), characters.size()});
    } else {
      AppendDecomposition(c, compatible, text.Source(begin, end), &characters);
    }
  });
  for (auto run = characters.begin(); run != characters.end();) {
    const auto marks = std::find_if(run, characters.end(),
                                    [](const Character& c) { return c.combining_class != 0; });
    run = std::find_if(marks, characters.end(),
                       [](const Character& c) { return c.combining_class == 0; });
    std::sort(marks, run, [](const Character& a, const Character& b) {
      return a.combining_class != b.combining_class ? a.combining_class < b.combining_class
                                                    : a.order < b.order;
    });
  }
  if (form == NormalizationForm::kNfc || form == NormalizationForm::kNfkc) Compose(&characters);
  AlignedText normalized;
  for (const Character& c : characters) normalized.Append(c.code_point, c.source);
  return normalized;
}

std::size_t GraphemeBytes(std::string_view text) {
  std::size_t end = CharacterBytes(text[0]);
  auto before = static_cast<utf8proc_int32_t>(DecodeUtf8(text));
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    const auto next = static_cast<utf8proc_int32_t>(DecodeUtf8(text.substr(end)));
    if (utf8proc_grapheme_break_stateful(before, next, &state)) break;
    end += CharacterBytes(text[end]);
    before = next;
  }
  return end;
}

}  // namespace fovea::text
