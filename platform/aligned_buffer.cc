#include "platform/aligned_buffer.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace fovea::platform {
namespace {

/// What a block has beyond its bytes: room to align it, and its own address.
constexpr std::size_t kOverhead = kAlignment + sizeof(void*);

void AskForHugePages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  // Whole pages only; a refusal costs speed, nothing else.
  constexpr std::uintptr_t kHugePage = std::uintptr_t{2} << 20;
  const std::uintptr_t begin =
      (reinterpret_cast<std::uintptr_t>(block) + kHugePage - 1) / kHugePage * kHugePage;
  const std::uintptr_t end =
      (reinterpret_cast<std::uintptr_t>(block) + bytes) / kHugePage * kHugePage;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

}  // namespace

AlignedBuffer AlignedBuffer::Allocate(std::size_t bytes, Pages pages,
                                      const MemorySource& source) noexcept {
  AlignedBuffer buffer;
  // No object may be larger than a ptrdiff_t counts.
  constexpr auto kMaxValue = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
  if (bytes == 0 || bytes > kMaxValue - 2 * kAlignment) return buffer;
  // calloc, because large blocks come from the system already zeroed and are touched only when
  // used. The block's own address is kept just below the aligned one: free() needs it.
  void* block =
      source ? source.allocate(source.user, bytes + kOverhead) : std::calloc(bytes + kOverhead, 1);
  if (block == nullptr) return buffer;
  if (source) std::memset(block, 0, bytes + kOverhead);
  if (pages == Pages::kHuge) AskForHugePages(block, bytes);
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(block) + sizeof(void*);
  const std::size_t skip = (kAlignment - first % kAlignment) % kAlignment + sizeof(void*);
  std::byte* data = static_cast<std::byte*>(block) + skip;
  std::memcpy(data - sizeof(void*), &block, sizeof(void*));
  buffer.data_ = data;
  buffer.size_ = bytes;
  buffer.source_ = source;
  return buffer;
}

AlignedBuffer::~AlignedBuffer() {
  if (data_ == nullptr) return;
  void* block = nullptr;
  std::memcpy(&block, data_ - sizeof(void*), sizeof(void*));
  if (source_) {
    source_.release(source_.user, block, size_ + kOverhead);
  } else {
    std::free(block);
  }
}

}  // namespace fovea::platform
