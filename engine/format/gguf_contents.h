// What a GGUF file holds once it has been checked, and the function that checks it. Names, strings
// and arrays stay where they are in the file's bytes.
#ifndef FOVEA_FORMAT_GGUF_CONTENTS_H_
#define FOVEA_FORMAT_GGUF_CONTENTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/format/gguf_file.h"
#include "engine/format/gguf_types.h"
#include "engine/format/name_index.h"
#include "fovea/status.h"

namespace fovea::format {

/// A metadata value. Numbers lie at `data`, little-endian, at any alignment; a string's bytes lie
/// there; an array of strings is a row of 64-bit lengths, each followed by its bytes.
struct GgufValue {
  GgufValueType type = GgufValueType::kUint8;
  GgufValueType element = GgufValueType::kUint8;  ///< Of an array; else the same as type.
  std::uint64_t count = 0;  ///< Elements of an array, bytes of a string, else 1.
  const std::byte* data = nullptr;
};

struct GgufEntry {
  std::string_view name;
  GgufValue value;
};

struct GgufContents {
  std::uint32_t version = 0;
  std::size_t alignment = 32;
  std::vector<GgufEntry> entries;
  std::vector<SourceTensor> tensors;
  NameIndex entry_index;
  NameIndex tensor_index;
};

/// Checks everything; `file` stands for the path in messages.
Status ParseGguf(std::span<const std::byte> bytes, std::string_view file, GgufContents* contents);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_GGUF_CONTENTS_H_
