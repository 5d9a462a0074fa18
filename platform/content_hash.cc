#include "platform/content_hash.h"

// Everything of the library becomes static functions of this file: nothing has to be linked.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstdint>

#include "platform/mapped_pages.h"

namespace fovea::platform {
namespace {

/// Of a mapped file at a time: large beside a page and small beside the memory of a board.
constexpr std::size_t kMappedBlock = std::size_t{1} << 20;

/// As xxh128sum prints it: the most significant byte first.
std::string HexDigitsOf(const XXH128_hash_t& hash) {
  static constexpr char kDigits[] = "0123456789abcdef";
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  std::string text;
  text.reserve(2 * sizeof(canonical.digest));
  for (const unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

}  // namespace

struct ContentHash::State {
  XXH3_state_t xxh3;
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->xxh3);
}
ContentHash::~ContentHash() = default;

void ContentHash::Add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(&state_->xxh3, bytes.data(), bytes.size());
}

std::string ContentHash::HexDigits() const {
  return HexDigitsOf(XXH3_128bits_digest(&state_->xxh3));
}

std::string HexContentHash(std::span<const std::byte> bytes) {
  return HexDigitsOf(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string HexContentHashOfMapped(std::span<const std::byte> mapped) {
  ContentHash hash;
  while (!mapped.empty()) {
    const std::span<const std::byte> block = mapped.first(std::min(kMappedBlock, mapped.size()));
    hash.Add(block);
    ReleaseMappedPages(block);
    mapped = mapped.subspan(block.size());
  }
  return hash.HexDigits();
}

}  // namespace fovea::platform
