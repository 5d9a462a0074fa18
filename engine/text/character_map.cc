#include "engine/text/character_map.h"

#include <algorithm>
#include <cstring>

#include "engine/text/base64.h"
#include "engine/text/utf8.h"

namespace fovea::text {
namespace {

constexpr std::size_t kMaxMapBytes = 16 << 20;
constexpr std::size_t kMaxReplacementBytes = 1024;  // The longest of Unicode has 33.
/// A damaged trie may lead in circles, which must not make a text's time quadratic.
constexpr std::size_t kMaxKeyBytes = 256;

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
  const auto bytes = DecodeBase64(text);
  if (!bytes) return Status(StatusCode::kMalformed, "the character map is not base64");
  return FromBytes(*bytes);
}

/// Calls visit(match) for every text of the map that `text` begins with, shortest first, until it
/// returns false. A damaged map ends the search.
template <typename Visit>
void CharacterMap::ForEach(std::string_view text, const Visit& visit) const {
  std::uint32_t node = Offset(trie_[0]);
  const std::size_t longest = std::min(text.size(), kMaxKeyBytes);
  for (std::size_t i = 0; i < longest; ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte == 0) return;
    node ^= byte;
    if (node >= trie_.size() || Label(trie_[node]) != byte) return;
    const std::uint32_t unit = trie_[node];
    node ^= Offset(unit);
    if (!HasLeaf(unit)) continue;
    if (node >= trie_.size()) return;
    const std::size_t start = trie_[node] & 0x7FFFFFFFU;
    if (start >= replacements_.size()) return;
    // A start inside a character would give invalid UTF-8.
    if ((static_cast<std::uint8_t>(replacements_[start]) & 0xC0U) == 0x80U) return;
    const std::size_t size =
        std::min(replacements_.find('\0', start), replacements_.size()) - start;
    if (size > kMaxReplacementBytes) return;
    if (!visit(Match{std::string_view(replacements_).substr(start, size), i + 1})) return;
  }
}

std::optional<CharacterMap::Match> CharacterMap::Shortest(std::string_view text) const {
  std::optional<Match> found;
  ForEach(text, [&found](const Match& match) {
    found = match;
    return false;
  });
  return found;
}

std::optional<CharacterMap::Match> CharacterMap::Longest(std::string_view text) const {
  std::optional<Match> found;
  ForEach(text, [&found](const Match& match) {
    found = match;
    return true;
  });
  return found;
}

}  // namespace fovea::text
