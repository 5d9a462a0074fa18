// Element types of weight tensors, numbered as GGUF numbers them.
#ifndef FOVEA_DATA_TYPE_H_
#define FOVEA_DATA_TYPE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fovea {

/// The numbers are GGUF's tensor type ids. Example:
/// @code
/// static_assert(static_cast<std::uint32_t>(DataType::kQ8_0) == 8);
/// std::cout << DataTypeName(DataType::kQ8_0) << ' ' << BlockBytes(DataType::kQ8_0) << '\n';
/// @endcode
enum class DataType : std::uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ2_K = 10,
  kQ3_K = 11,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kIQ4_NL = 20,
  kIQ4_XS = 23,
  kBF16 = 30,
};

/// Name as GGUF tools print it ("Q4_K"), or "?" for a value that is no DataType.
std::string_view DataTypeName(DataType type);

/// The type with this name; empty if there is none.
std::optional<DataType> DataTypeFromName(std::string_view name);

/// Elements that one block holds: 1 for float types, 32 or 256 for quantized ones. 0 if unknown.
std::size_t BlockElements(DataType type);

/// Bytes of one block. 0 if unknown.
std::size_t BlockBytes(DataType type);

}  // namespace fovea

#endif  // FOVEA_DATA_TYPE_H_
