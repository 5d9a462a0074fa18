// Memory aligned to a cache line, owned, without initialisation cost beyond zeroing.
#ifndef FOVEA_PLATFORM_ALIGNED_BUFFER_H_
#define FOVEA_PLATFORM_ALIGNED_BUFFER_H_

#include <cstddef>
#include <utility>

#include "platform/memory_source.h"

namespace fovea::platform {

inline constexpr std::size_t kAlignment = 64;

class AlignedBuffer {
 public:
  /// kHuge asks the system for large pages, which it may refuse: for megabytes that are filled at
  /// once and then read from end to end again and again.
  enum class Pages { kUsual, kHuge };

  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        source_(other.source_) {}
  AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(source_, other.source_);
    return *this;
  }
  ~AlignedBuffer();

  /// `bytes` of zeroed memory aligned to kAlignment; empty (data() == nullptr) if there is none or
  /// bytes is 0. Never throws. `source` must outlive the buffer; it is asked for a few bytes more
  /// than `bytes`, for the alignment.
  static AlignedBuffer Allocate(std::size_t bytes, Pages pages = Pages::kUsual,
                                const MemorySource& source = {}) noexcept;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  explicit operator bool() const { return data_ != nullptr; }

  /// The memory at `offset` bytes as floats (or another trivial type).
  template <typename T>
  T* As(std::size_t offset = 0) const {
    return reinterpret_cast<T*>(data_ + offset);
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  MemorySource source_;
};

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_ALIGNED_BUFFER_H_
