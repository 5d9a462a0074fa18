// The one list of weight types. Names, sizes, switches over types and declarations of one function
// per type are made from it, here and in the rooms above; what is written by hand for each type is
// named in CONTRIBUTING.md, "A weight type". Free of SIMD types.
#ifndef FOVEA_TENSOR_WEIGHT_TYPES_H_
#define FOVEA_TENSOR_WEIGHT_TYPES_H_

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/tensor/blocks.h"
#include "fovea/data_type.h"

// Calls ROW(X, panels, name, number, elements, bytes, file type, largest, narrow) for every type,
// in the order in which users are shown them. The columns:
//   panels     PANELS if the type has packed panels (blocks.h names their sections), else NO_PANELS
//   name       of DataType::k##name, of struct Block##name and as GGUF tools print it
//   number     GGUF's number of the type
//   elements   of one block: 1, 32 or 256
//   bytes      of one block
//   file type  what general.file_type says in files of mostly this type
//   largest    magnitude that can be encoded; 0 if the type can only be decoded
//   narrow     the type that takes its place in matrices whose columns make no whole blocks of 256
// clang-format off
#define FOVEA_WEIGHT_TYPES(ROW, X)                                                             \
  ROW(X, NO_PANELS, F32,     0,   1,   4,  0, FLT_MAX,                    F32)                 \
  ROW(X, NO_PANELS, F16,     1,   1,   2,  1, kLargestHalf,               F16)                 \
  ROW(X, NO_PANELS, BF16,   30,   1,   2, 32, 0x1.FEp127F,                BF16)                \
  ROW(X, PANELS,    Q8_0,    8,  32,  34,  7, kLargestHalf * 127,         Q8_0)                \
  ROW(X, PANELS,    Q6_K,   14, 256, 210, 18, kLargestHalf * 128 * 31,    Q8_0)                \
  ROW(X, PANELS,    Q5_K,   13, 256, 176, 16, kLargestHalf * 63,          Q5_1)                \
  ROW(X, PANELS,    Q5_1,    7,  32,  24,  9, kLargestHalf,               Q5_1)                \
  ROW(X, PANELS,    Q5_0,    6,  32,  22,  8, kLargestHalf * 16,          Q5_0)                \
  ROW(X, PANELS,    Q4_K,   12, 256, 144, 14, kLargestHalf * 63,          Q5_0)                \
  ROW(X, PANELS,    Q4_1,    3,  32,  20,  3, kLargestHalf,               Q4_1)                \
  ROW(X, PANELS,    Q4_0,    2,  32,  18,  2, kLargestHalf * 8,           Q4_0)                \
  ROW(X, PANELS,    IQ4_NL, 20,  32,  18, 25, kLargestHalf * 127,         IQ4_NL)              \
  ROW(X, PANELS,    IQ4_XS, 23, 256, 136, 30, kLargestHalf * 32 * 127,    IQ4_NL)              \
  ROW(X, NO_PANELS, Q3_K,   11, 256, 110, 11, 0,                          Q5_0)                \
  ROW(X, NO_PANELS, Q2_K,   10, 256,  84, 10, 0,                          Q5_0)
// clang-format on

/// Calls X(name, number, elements, bytes, file type, largest, narrow) for every type.
#define FOVEA_EACH_WEIGHT_TYPE(X) FOVEA_WEIGHT_TYPES(FOVEA_ROW_OF_ANY, X)
/// The same for the types with blocks of 32 elements, and for those with blocks of 256.
#define FOVEA_EACH_SMALL_BLOCK_TYPE(X) FOVEA_WEIGHT_TYPES(FOVEA_ROW_OF_SMALL, X)
#define FOVEA_EACH_SUPER_BLOCK_TYPE(X) FOVEA_WEIGHT_TYPES(FOVEA_ROW_OF_SUPER, X)
/// All types with blocks.
#define FOVEA_EACH_BLOCK_TYPE(X) FOVEA_EACH_SMALL_BLOCK_TYPE(X) FOVEA_EACH_SUPER_BLOCK_TYPE(X)
/// Calls X(name) for the types with packed panels. Each instruction set has a class Format##name
/// that reads such panels.
#define FOVEA_EACH_PACKED_TYPE(X) FOVEA_WEIGHT_TYPES(FOVEA_ROW_OF_PACKED, X)

#define FOVEA_ROW_OF_ANY(X, panels, ...) X(__VA_ARGS__)
#define FOVEA_ROW_OF_SMALL(X, panels, name, number, elements, ...) \
  FOVEA_IF_32_IS_##elements(X(name, number, elements, __VA_ARGS__))
#define FOVEA_ROW_OF_SUPER(X, panels, name, number, elements, ...) \
  FOVEA_IF_256_IS_##elements(X(name, number, elements, __VA_ARGS__))
#define FOVEA_ROW_OF_PACKED(X, panels, name, ...) FOVEA_IF_PACKED_##panels(X(name))

#define FOVEA_IF_32_IS_1(row)
#define FOVEA_IF_32_IS_32(row) row
#define FOVEA_IF_32_IS_256(row)
#define FOVEA_IF_256_IS_1(row)
#define FOVEA_IF_256_IS_32(row)
#define FOVEA_IF_256_IS_256(row) row
#define FOVEA_IF_PACKED_PANELS(row) row
#define FOVEA_IF_PACKED_NO_PANELS(row)

namespace fovea {

inline constexpr float kLargestHalf = 65504.0F;

/// A row of the list.
struct WeightType {
  std::string_view name;
  std::size_t elements;
  std::size_t bytes;
  std::uint32_t file_type;
  float largest;
  DataType narrow;
};

/// "?" and zeros for a number that is no type.
WeightType WeightTypeOf(DataType type);

/// All types in the order of the list.
inline constexpr DataType kWeightTypes[] = {
#define FOVEA_NAME(name, ...) DataType::k##name,
    FOVEA_EACH_WEIGHT_TYPE(FOVEA_NAME)
#undef FOVEA_NAME
};

// The numbers are those that files have, and so are the structs.
#define FOVEA_CHECK_NUMBER(name, number, ...) \
  static_assert(static_cast<std::uint32_t>(DataType::k##name) == number);
FOVEA_EACH_WEIGHT_TYPE(FOVEA_CHECK_NUMBER)
#undef FOVEA_CHECK_NUMBER
#define FOVEA_CHECK_SIZE(name, number, elements, bytes, ...) \
  static_assert(sizeof(Block##name) == bytes && alignof(Block##name) <= alignof(std::uint16_t));
FOVEA_EACH_BLOCK_TYPE(FOVEA_CHECK_SIZE)
#undef FOVEA_CHECK_SIZE

}  // namespace fovea

#endif  // FOVEA_TENSOR_WEIGHT_TYPES_H_
