#include "engine/text/utf8.h"

#include <algorithm>

#include "engine/text/simd128.h"

namespace fovea::text {
namespace {

/// What may follow a lead byte: how many bytes, and the range of the first of them (the ranges shut
/// out overlong forms, surrogates and code points above U+10FFFF).
struct LeadByte {
  std::size_t continuations = 0;  // 0: not a lead byte of a longer character
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xBF;
};

LeadByte Classify(std::uint8_t lead) {
  if (lead < 0xC2 || lead > 0xF4) return {};
  if (lead < 0xE0) return {.continuations = 1};
  if (lead == 0xE0) return {.continuations = 2, .second_min = 0xA0};
  if (lead == 0xED) return {.continuations = 2, .second_max = 0x9F};
  if (lead < 0xF0) return {.continuations = 2};
  if (lead == 0xF0) return {.continuations = 3, .second_min = 0x90};
  if (lead == 0xF4) return {.continuations = 3, .second_max = 0x8F};
  return {.continuations = 3};
}

#if FOVEA_HAS_SIMD128
Bytes128 LoadBytes(const char* bytes) {
  return Bytes128::load_unaligned(reinterpret_cast<const std::int8_t*>(bytes));
}

/// Bytes at the start of `text` that are known to be ASCII, counted in whole vectors.
std::size_t SkipAsciiVectors(std::string_view text) {
  const Bytes128 zero(std::int8_t{0});
  std::size_t i = 0;
  while (i + kBytesPerVector <= text.size() && !xsimd::any(LoadBytes(text.data() + i) < zero)) {
    i += kBytesPerVector;
  }
  return i;
}
#endif

}  // namespace

Utf8Step NextUtf8(std::string_view text) {
  const auto lead = static_cast<std::uint8_t>(text[0]);
  if (lead < 0x80) return {Utf8Step::Kind::kCharacter, 1};
  const LeadByte rule = Classify(lead);
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

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
#if FOVEA_HAS_SIMD128
    i += SkipAsciiVectors(text.substr(i));
#endif
    // A vector with a longer character in it (or the tail): go character by character until past
    // it.
    const std::size_t stop = std::min(i + kBytesPerVector, text.size());
    while (i < stop) {
      const Utf8Step step = NextUtf8(text.substr(i));
      if (step.kind != Utf8Step::Kind::kCharacter) return i;
      i += step.size;
    }
  }
  return std::nullopt;
}

std::size_t CountByte(std::string_view text, char byte) {
#if FOVEA_HAS_SIMD128
  const Bytes128 wanted(static_cast<std::int8_t>(byte));
  const Bytes128 zero(std::int8_t{0});
  const Bytes128 one(std::int8_t{1});
  std::size_t count = 0;
  std::size_t i = 0;
  while (i + kBytesPerVector <= text.size()) {
    // A lane of 8 bits holds 127 hits before it has to be emptied.
    Bytes128 hits = zero;
    for (int round = 0; round < 127 && i + kBytesPerVector <= text.size(); ++round) {
      hits += xsimd::select(LoadBytes(text.data() + i) == wanted, one, zero);
      i += kBytesPerVector;
    }
    std::int8_t lanes[kBytesPerVector];
    hits.store_unaligned(lanes);
    for (const std::int8_t lane : lanes) count += static_cast<std::size_t>(lane);
  }
  return count + scalar::CountByte(text.substr(i), byte);
#else
  return scalar::CountByte(text, byte);
#endif
}

std::size_t CharacterBytes(char lead) {
  return Classify(static_cast<std::uint8_t>(lead)).continuations + 1;
}

char32_t DecodeUtf8(std::string_view text) {
  const std::size_t size = CharacterBytes(text[0]);
  if (size == 1) return static_cast<std::uint8_t>(text[0]);
  // The lead byte of n bytes keeps 7 - n bits of the code point, every other byte 6.
  char32_t code_point = static_cast<std::uint8_t>(text[0]) & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    code_point = (code_point << 6) | (static_cast<std::uint8_t>(text[i]) & 0x3FU);
  }
  return code_point;
}

void AppendUtf8(char32_t code_point, std::string* text) {
  const auto put = [text](char32_t byte) { text->push_back(static_cast<char>(byte)); };
  const auto put_continuation = [&](int shift) { put(0x80U | ((code_point >> shift) & 0x3FU)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0U | (code_point >> 6));
    put_continuation(0);
  } else if (code_point < 0x10000) {
    put(0xE0U | (code_point >> 12));
    put_continuation(6);
    put_continuation(0);
  } else {
    put(0xF0U | (code_point >> 18));
    put_continuation(12);
    put_continuation(6);
    put_continuation(0);
  }
}

namespace scalar {

std::optional<std::size_t> FirstInvalidUtf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = NextUtf8(text.substr(i));
    if (step.kind != Utf8Step::Kind::kCharacter) return i;
    i += step.size;
  }
  return std::nullopt;
}

std::size_t CountByte(std::string_view text, char byte) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), byte));
}

}  // namespace scalar
}  // namespace fovea::text
