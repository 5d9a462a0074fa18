#include "engine/c_api/structs.h"
#include "fovea/status_macros.h"

namespace fovea::c_api {

Status CheckStructSize(std::size_t size, const char* type) {
  if (size >= sizeof(std::size_t) && size <= kLargestStruct) return Status::Ok();
  return {StatusCode::kInvalidArgument, std::string(type) + ".struct_size is " +
                                            std::to_string(size) + "; it must be sizeof(" + type +
                                            ")"};
}

Status ReadAllocator(const fovea_allocator* given, Memory* memory) {
  *memory = Memory();
  if (given == nullptr) return Status::Ok();
  fovea_allocator allocator;
  FOVEA_RETURN_IF_ERROR(ReadOptions(given, "fovea_allocator", &allocator));
  if (allocator.allocate == nullptr) return NullArgument("fovea_allocator.allocate");
  if (allocator.release == nullptr) return NullArgument("fovea_allocator.release");
  *memory = Memory(allocator);
  return Status::Ok();
}

Status CheckArray(const void* array, std::size_t count, const char* array_name,
                  const char* count_name) {
  if ((array == nullptr) == (count == 0)) return Status::Ok();
  if (array == nullptr) {
    return {StatusCode::kInvalidArgument, std::string(count_name) + " is " + std::to_string(count) +
                                              ", but " + array_name + " is NULL"};
  }
  return {StatusCode::kInvalidArgument,
          std::string(count_name) + " is 0; set " + array_name + " to NULL for all"};
}

Status WriteText(std::string_view text, char* out, std::size_t capacity, std::size_t* length) {
  if (length != nullptr) *length = text.size();
  if (out == nullptr && capacity != 0) return NullArgument("the array for the text");
  if (text.size() >= capacity) {
    return {kBufferTooSmall, "the text needs " + std::to_string(text.size() + 1) +
                                 " bytes, the array has " + std::to_string(capacity)};
  }
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = '\0';
  return Status::Ok();
}

}  // namespace fovea::c_api
