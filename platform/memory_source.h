// Where large blocks of memory come from: the C library, or functions that the application
// provides.
#ifndef FOVEA_PLATFORM_MEMORY_SOURCE_H_
#define FOVEA_PLATFORM_MEMORY_SOURCE_H_

#include <cstddef>

namespace fovea::platform {

/// Two functions of the application. Without them memory comes from the C library. They must not
/// throw.
struct MemorySource {
  /// `bytes` aligned as malloc does it, with any contents; null if there are none.
  void* (*allocate)(void* user, std::size_t bytes) = nullptr;
  /// Takes back what `allocate` gave for the same number of bytes.
  void (*release)(void* user, void* block, std::size_t bytes) = nullptr;
  void* user = nullptr;

  explicit operator bool() const { return allocate != nullptr; }
};

/// The functions of an object that has Allocate(bytes) and Free(block, bytes), which must outlive
/// every block; null: the C library.
template <typename Allocator>
MemorySource SourceOf(Allocator* allocator) {
  if (allocator == nullptr) return {};
  return {
      .allocate = [](void* user,
                     std::size_t bytes) { return static_cast<Allocator*>(user)->Allocate(bytes); },
      .release = [](void* user, void* block,
                    std::size_t bytes) { static_cast<Allocator*>(user)->Free(block, bytes); },
      .user = allocator};
}

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_MEMORY_SOURCE_H_
