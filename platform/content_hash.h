// A fingerprint of bytes: XXH3 with 128 bits (Collet), as the command xxh128sum prints it. It finds
// accidents and tells files apart; it does not protect against people who forge files.
#ifndef FOVEA_PLATFORM_CONTENT_HASH_H_
#define FOVEA_PLATFORM_CONTENT_HASH_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace fovea::platform {

/// The hash of bytes that come in pieces; the pieces' sizes do not matter.
class ContentHash {
 public:
  ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;
  ~ContentHash();

  void Add(std::span<const std::byte> bytes);
  /// Of everything so far, as 32 lower-case hex digits.
  std::string HexDigits() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of bytes in memory.
std::string HexContentHash(std::span<const std::byte> bytes);

/// Of a file mapped by FileBytes (Access::kMap), without keeping its pages resident: they are given
/// back block by block, as by ReleaseMappedPages.
std::string HexContentHashOfMapped(std::span<const std::byte> mapped);

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_CONTENT_HASH_H_
