// Memory of handles, and the application's allocator as the C++ API knows it.
#ifndef FOVEA_C_API_MEMORY_H_
#define FOVEA_C_API_MEMORY_H_

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "fovea/fovea.h"
#include "fovea/resources.h"
#include "fovea/status.h"

namespace fovea::c_api {

/// A copy of the application's functions, or malloc and free.
class Memory final : public Allocator {
 public:
  Memory() = default;
  explicit Memory(const fovea_allocator& host) : host_(host) {}

  void* Allocate(std::size_t bytes) override {
    return host_.allocate == nullptr ? std::malloc(bytes) : host_.allocate(host_.user, bytes);
  }
  void Free(void* block, std::size_t bytes) override {
    if (host_.allocate == nullptr) {
      std::free(block);
    } else {
      host_.release(host_.user, block, bytes);
    }
  }

  /// For the C++ API: null without functions of the application, as it then uses its own.
  Allocator* host() { return host_.allocate == nullptr ? nullptr : this; }

 private:
  fovea_allocator host_ = {};
};

/// Ends a handle, whose member `memory` says where it came from. Null is allowed.
template <typename Handle>
void DeleteHandle(Handle* handle) {
  if (handle == nullptr) return;
  Memory memory = handle->memory;
  handle->~Handle();
  memory.Free(handle, sizeof(Handle));
}

struct HandleDeleter {
  template <typename Handle>
  void operator()(Handle* handle) const {
    DeleteHandle(handle);
  }
};
template <typename Handle>
using HandlePtr = std::unique_ptr<Handle, HandleDeleter>;

/// A handle made in the given memory: Handle(memory, arguments…); null if there is no memory.
template <typename Handle, typename... Arguments>
HandlePtr<Handle> NewHandle(Memory memory, Arguments&&... arguments) {
  const auto release = [&memory](void* block) { memory.Free(block, sizeof(Handle)); };
  std::unique_ptr<void, decltype(release)> block(memory.Allocate(sizeof(Handle)), release);
  if (block == nullptr) return nullptr;
  auto* handle = new (block.get()) Handle(memory, std::forward<Arguments>(arguments)...);
  static_cast<void>(block.release());
  return HandlePtr<Handle>(handle);
}

inline Status NoMemory() {
  return {StatusCode::kOutOfMemory, "not enough memory"};
}

/// Gives a new handle to the caller; kOutOfMemory if there is none.
template <typename Handle>
Status HandOut(HandlePtr<Handle> handle, Handle** out) {
  if (handle == nullptr) return NoMemory();
  *out = handle.release();
  return Status::Ok();
}

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_MEMORY_H_
