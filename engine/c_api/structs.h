// Structs that carry their own size, so that callers and libraries of different versions understand
// each other: what one side does not know is zero.
#ifndef FOVEA_C_API_STRUCTS_H_
#define FOVEA_C_API_STRUCTS_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>

#include "engine/c_api/errors.h"
#include "engine/c_api/memory.h"
#include "fovea/fovea.h"
#include "fovea/status.h"
#include "fovea/status_macros.h"

namespace fovea::c_api {

/// No struct of this API will ever be larger: a size beyond it was never set.
inline constexpr std::size_t kLargestStruct = 4096;

/// kInvalidArgument for a struct_size that cannot be one.
Status CheckStructSize(std::size_t size, const char* type);

/// Copies an option struct of the caller's version into one of ours. Null gives defaults. `type` is
/// the struct's name. kUnsupported if a field that we do not know is not zero.
template <typename Struct>
Status ReadOptions(const Struct* given, const char* type, Struct* options) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, struct_size) == 0);
  *options = Struct();
  if (given == nullptr) return Status::Ok();
  const std::size_t size = given->struct_size;
  FOVEA_RETURN_IF_ERROR(CheckStructSize(size, type));
  std::memcpy(options, given, std::min(size, sizeof(Struct)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof(Struct); i < size; ++i) {
    if (bytes[i] != 0) {
      return {StatusCode::kUnsupported, std::string(type) + " has a field at byte " +
                                            std::to_string(i) +
                                            " that this library, which is older, does not know"};
    }
  }
  return Status::Ok();
}

/// The reverse: fills a struct of the caller's version; its fields that we do not know become zero.
template <typename Struct>
Status WriteStruct(const Struct& filled, const char* type, Struct* out) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, struct_size) == 0);
  if (out == nullptr) return NullArgument(type);
  const std::size_t size = out->struct_size;
  FOVEA_RETURN_IF_ERROR(CheckStructSize(size, type));
  auto* bytes = reinterpret_cast<unsigned char*>(out);
  std::memcpy(bytes, &filled, std::min(size, sizeof(Struct)));
  if (size > sizeof(Struct)) std::memset(bytes + sizeof(Struct), 0, size - sizeof(Struct));
  out->struct_size = size;
  return Status::Ok();
}

/// The application's allocator, or malloc and free for null.
Status ReadAllocator(const fovea_allocator* given, Memory* memory);

/// The selection of an observer, a recorder, or statistics: names are those of the fields.
Status CheckArray(const void* array, std::size_t count, const char* array_name,
                  const char* count_name);

/// Stores a text of the library in an array of the caller, as fovea_detokenize documents it.
Status WriteText(std::string_view text, char* out, std::size_t capacity, std::size_t* length);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_STRUCTS_H_
