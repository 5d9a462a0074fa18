// UTF-8, one character at a time: the one decoder and encoder of the project. Every room may use
// it: error messages in format/, tokenizers in text/, labels in the tools.
#ifndef FOVEA_PLATFORM_UTF8_H_
#define FOVEA_PLATFORM_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fovea::platform {

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

/// What may follow a lead byte: how many bytes, and the range of the first of them (the ranges shut
/// out overlong forms, surrogates and code points above U+10FFFF).
struct Utf8LeadByte {
  std::size_t continuations = 0;  ///< 0: not the lead byte of a longer character.
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

constexpr Utf8LeadByte ClassifyUtf8Lead(std::uint8_t lead) {
  if (lead < 0xC2 || lead > 0xF4) return {};
  if (lead < 0xE0) return {.continuations = 1};
  if (lead == 0xE0) return {.continuations = 2, .second_min = 0xA0};
  if (lead == 0xED) return {.continuations = 2, .second_max = 0x9F};
  if (lead < 0xF0) return {.continuations = 2};
  if (lead == 0xF0) return {.continuations = 3, .second_min = 0x90};
  if (lead == 0xF4) return {.continuations = 3, .second_max = 0x8F};
  return {.continuations = 3};
}

/// text must not be empty. An invalid run is as long as the longest valid beginning of a character
/// in it (the "maximal subpart" of the Unicode Standard), so each becomes one U+FFFD.
constexpr Utf8Step NextUtf8(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  if (lead < 0x80) return {Utf8Step::Kind::kCharacter, 1};
  const Utf8LeadByte rule = ClassifyUtf8Lead(lead);
  if (rule.continuations == 0) return {Utf8Step::Kind::kInvalid, 1};
  for (std::size_t i = 1; i <= rule.continuations; ++i) {
    if (i == text.size()) return {Utf8Step::Kind::kUnfinished, i};
    const auto byte = static_cast<std::uint8_t>(text[i]);
    const std::uint8_t min = i == 1 ? rule.second_min : std::uint8_t{0x80};
    const std::uint8_t max = i == 1 ? rule.second_max : std::uint8_t{0xBF};
    if (byte < min || byte > max) return {Utf8Step::Kind::kInvalid, i};
  }
  return {Utf8Step::Kind::kCharacter, rule.continuations + 1};
}

/// Bytes of the character that begins with `lead`; 1 for anything that cannot begin one.
constexpr std::size_t CharacterBytes(char lead) {
  return ClassifyUtf8Lead(static_cast<std::uint8_t>(lead)).continuations + 1;
}

/// The code point of the character that `text` starts with, which must be well-formed.
constexpr char32_t DecodeUtf8(std::string_view text) {
  const std::size_t size = CharacterBytes(text[0]);
  if (size == 1) return static_cast<std::uint8_t>(text[0]);
  // The lead byte of n bytes keeps 7 - n bits of the code point, every other byte 6.
  char32_t code_point = static_cast<std::uint8_t>(text[0]) & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    code_point = (code_point << 6U) | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
  }
  return code_point;
}

/// Appends a code point up to U+10FFFF.
inline void AppendUtf8(char32_t code_point, std::string* text) {
  const auto append = [text](char32_t byte) { text->push_back(static_cast<char>(byte)); };
  const auto append_continuation = [&](unsigned shift) {
    append(0x80U | ((code_point >> shift) & 0x3FU));
  };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0U | (code_point >> 6U));
    append_continuation(0);
  } else if (code_point < 0x10000) {
    append(0xE0U | (code_point >> 12U));
    append_continuation(6);
    append_continuation(0);
  } else {
    append(0xF0U | (code_point >> 18U));
    append_continuation(12);
    append_continuation(6);
    append_continuation(0);
  }
}

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_UTF8_H_
