#include "engine/text/tokenizer_json/character_map.h"

#include <cstring>

#include "engine/text/tokenizer_json/unicode.h"
#include "engine/text/utf8.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

constexpr std::size_t kLongestGrapheme = 5;
constexpr std::size_t kMaxMapBytes = 16 << 20;
constexpr std::size_t kMaxReplacementBytes = 1024;  // The longest of Unicode has 33.

int Base64Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// A unit of the double array (Darts-clone's layout).
bool HasLeaf(std::uint32_t unit) {
  return ((unit >> 8U) & 1U) == 1;
}
std::uint32_t Label(std::uint32_t unit) {
  return unit & 0x800000FFU;
}
std::uint32_t Offset(std::uint32_t unit) {
  return (unit >> 10U) << ((unit & (1U << 9U)) >> 6U);
}

}  // namespace

Result<CharacterMap> CharacterMap::FromBytes(std::string_view bytes) {
  std::uint32_t trie_bytes = 0;
  const auto wrong = [](const char* what) { return Status(StatusCode::kMalformed, what); };
  if (bytes.size() > kMaxMapBytes) return wrong("the character map has more than 16 MiB");
  if (bytes.size() < sizeof trie_bytes) return wrong("the character map has less than 4 bytes");
  std::memcpy(&trie_bytes, bytes.data(), sizeof trie_bytes);
  bytes.remove_prefix(sizeof trie_bytes);
  if (trie_bytes > bytes.size() || trie_bytes % 4 != 0 || trie_bytes == 0) {
    return wrong("the trie of the character map does not fit into its bytes");
  }
  CharacterMap map;
  map.trie_.resize(trie_bytes / 4);
  std::memcpy(map.trie_.data(), bytes.data(), trie_bytes);
  map.replacements_ = bytes.substr(trie_bytes);
  if (const auto invalid = FirstInvalidUtf8(map.replacements_)) {
    return wrong("the replacements of the character map are not valid UTF-8");
  }
  return map;
}

Result<CharacterMap> CharacterMap::FromBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : text) {
    const int digit = Base64Digit(c);
    if (digit < 0) return Status(StatusCode::kMalformed, "the character map is not base64");
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    bytes += static_cast<char>((bits >> static_cast<unsigned>(bit_count)) & 0xFFU);
  }
  return FromBytes(bytes);
}

std::optional<std::string_view> CharacterMap::Find(std::string_view text) const {
  std::uint32_t node = Offset(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte == 0) return std::nullopt;
    node ^= byte;
    if (node >= trie_.size() || Label(trie_[node]) != byte) return std::nullopt;
    const std::uint32_t unit = trie_[node];
    node ^= Offset(unit);
    if (!HasLeaf(unit)) continue;
    if (node >= trie_.size()) return std::nullopt;
    const std::size_t start = trie_[node] & 0x7FFFFFFFU;
    if (start >= replacements_.size()) return std::nullopt;
    // A start inside a character would give invalid UTF-8.
    if ((static_cast<std::uint8_t>(replacements_[start]) & 0xC0U) == 0x80U) return std::nullopt;
    const std::size_t size = replacements_.find('\0', start) - start;
    if (size > kMaxReplacementBytes) return std::nullopt;
    return std::string_view(replacements_).substr(start, size);
  }
  return std::nullopt;
}

AlignedText CharacterMap::Apply(const AlignedText& text) const {
  AlignedText mapped;
  const std::string_view all = text.text();
  const auto apply = [&](std::size_t begin, std::size_t end) {
    const auto replacement = Find(all.substr(begin, end - begin));
    if (replacement) mapped.Append(*replacement, text.Source(begin, end));
    return replacement.has_value();
  };
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t end = i + GraphemeBytes(all.substr(i));
    if (end - i <= kLongestGrapheme && apply(i, end)) {
      i = end;
      continue;
    }
    while (i < end) {
      const std::size_t next = i + CharacterBytes(all[i]);
      if (!apply(i, next)) mapped.AppendFrom(text, i, next);
      i = next;
    }
  }
  return mapped;
}

}  // namespace fovea::text
