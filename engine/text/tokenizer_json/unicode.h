// Classes of characters and the four normalization forms, by utf8proc.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_UNICODE_H_
#define FOVEA_TEXT_TOKENIZER_JSON_UNICODE_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "engine/text/aligned_text.h"

namespace fovea::text {

bool IsWhiteSpace(char32_t c);     ///< White_Space.
bool IsMark(char32_t c);           ///< Mn, Mc, Me.
bool IsNonspacing(char32_t c);     ///< Mn.
bool IsNumeric(char32_t c);        ///< Nd, Nl, No.
bool IsPunctuation(char32_t c);    ///< P*, and all ASCII punctuation and symbols.
bool IsControl(char32_t c);        ///< Cc, Cf, Co, Cs.
bool IsWordCharacter(char32_t c);  ///< Alphabetic, marks, decimal digits, connectors.

/// The full lower case of a character (of one, two characters: U+0130).
void AppendLowercase(char32_t c, ByteRange source, AlignedText* text);

enum class NormalizationForm { kNfc, kNfd, kNfkc, kNfkd };
AlignedText Normalized(const AlignedText& text, NormalizationForm form);

/// Bytes of the first extended grapheme cluster of a text that is not empty.
std::size_t GraphemeBytes(std::string_view text);

/// Calls visit(code point, begin, end) for every character.
template <typename Visit>
void ForEachCharacter(std::string_view text, const Visit& visit);

}  // namespace fovea::text

#include "engine/text/utf8.h"

template <typename Visit>
void fovea::text::ForEachCharacter(std::string_view text, const Visit& visit) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t size = CharacterBytes(text[i]);
    visit(DecodeUtf8(text.substr(i)), i, i + size);
    i += size;
  }
}

#endif  // FOVEA_TEXT_TOKENIZER_JSON_UNICODE_H_
