// Counts the memory that containers hold besides themselves, for the accounts that a tokenizer
// gives.
#ifndef FOVEA_TEXT_HEAP_BYTES_H_
#define FOVEA_TEXT_HEAP_BYTES_H_

#include <cstddef>
#include <string>
#include <vector>

namespace fovea::text {

template <typename T>
std::size_t HeapBytes(const std::vector<T>& values) {
  return values.capacity() * sizeof(T);
}

inline std::size_t HeapBytes(const std::vector<bool>& values) {
  return values.capacity() / 8;
}

/// 0 for a text that fits into the string itself.
inline std::size_t HeapBytes(const std::string& text) {
  constexpr std::size_t kBookkeeping = 2 * sizeof(void*);  // of usual allocators, per block
  const std::size_t within = std::string().capacity();     // What a string holds without memory.
  return text.capacity() <= within ? 0 : text.capacity() + 1 + kBookkeeping;
}

inline std::size_t HeapBytes(const std::vector<std::string>& texts) {
  std::size_t bytes = texts.capacity() * sizeof(std::string);
  for (const std::string& text : texts) bytes += HeapBytes(text);
  return bytes;
}

}  // namespace fovea::text

#endif  // FOVEA_TEXT_HEAP_BYTES_H_
