#include "engine/text/bert_normalizer.h"

#include <utf8proc.h>

namespace fovea::text {
namespace {

char32_t FirstOfDecomposition(char32_t code_point) {
  utf8proc_int32_t parts[8] = {};
  int last_class = 0;
  const utf8proc_ssize_t count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point),
                                                         parts, 8, UTF8PROC_DECOMPOSE, &last_class);
  return count > 0 ? static_cast<char32_t>(parts[0]) : code_point;
}

bool IsChinese(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  // The blocks that BERT's own tokenizer names; the sixth begins where its Rust version begins it.
  constexpr Range kRanges[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF},
                               {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF},
                               {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  for (const Range& range : kRanges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

bool IsWhiteSpace(char32_t c, utf8proc_category_t category) {
  return (c >= '\t' && c <= '\r') || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
         category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

bool IsControl(utf8proc_category_t category) {
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
         category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS;
}

bool IsMark(utf8proc_category_t category) {
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

bool IsPunctuation(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool IsSymbol(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO;
}

}  // namespace

NormalizedCharacter NormalizeForBert(char32_t code_point, const BertNormalization& options) {
  using Role = NormalizedCharacter::Role;
  const char32_t c = options.strip_accents ? FirstOfDecomposition(code_point) : code_point;
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  if (IsWhiteSpace(c, category)) return {Role::kSpace, c};
  if (c == 0 || c == 0xFFFD || IsControl(category)) return {Role::kDropped, c};
  if (options.strip_accents && IsMark(category)) return {Role::kDropped, c};
  const bool alone = IsPunctuation(category) || (c < 0x7F && IsSymbol(category)) || IsChinese(c);
  const auto lower = options.lowercase
                         ? static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)))
                         : c;
  return {alone ? Role::kAlone : Role::kInWord, lower};
}

}  // namespace fovea::text
