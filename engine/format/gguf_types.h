// The numbers that GGUF gives to kinds of metadata values and to tensor types, and their names.
#ifndef FOVEA_FORMAT_GGUF_TYPES_H_
#define FOVEA_FORMAT_GGUF_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fovea::format {

enum class GgufValueType : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

/// "u8", "string", …; "?" for a number that is none of the above.
std::string_view ValueTypeName(GgufValueType type);

/// Bytes of one value; 0 for strings, arrays and unknown types.
std::size_t ValueBytes(GgufValueType type);

/// Integer types and bool.
bool IsIntegral(GgufValueType type);
bool IsFloat(GgufValueType type);

/// The name of a tensor type that ggml knows but this engine cannot decode ("IQ2_XXS"); empty if
/// the number means nothing to us.
std::string_view ForeignTensorTypeName(std::uint32_t type);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_GGUF_TYPES_H_
