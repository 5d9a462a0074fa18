#include "fovea/data_type.h"

#include "engine/tensor/blocks.h"

namespace fovea {
namespace {

struct TypeTraits {
  std::string_view name;
  std::size_t elements;
  std::size_t bytes;
};

// The switch has no default, so that the compiler names a type which is missing here.
TypeTraits Traits(DataType type) {
  switch (type) {
    case DataType::kF32: return {"F32", 1, 4};
    case DataType::kF16: return {"F16", 1, 2};
    case DataType::kBF16: return {"BF16", 1, 2};
    case DataType::kQ4_0: return {"Q4_0", kSmallBlock, sizeof(BlockQ4_0)};
    case DataType::kQ4_1: return {"Q4_1", kSmallBlock, sizeof(BlockQ4_1)};
    case DataType::kQ5_0: return {"Q5_0", kSmallBlock, sizeof(BlockQ5_0)};
    case DataType::kQ5_1: return {"Q5_1", kSmallBlock, sizeof(BlockQ5_1)};
    case DataType::kQ8_0: return {"Q8_0", kSmallBlock, sizeof(BlockQ8_0)};
    case DataType::kQ2_K: return {"Q2_K", kSuperBlock, sizeof(BlockQ2_K)};
    case DataType::kQ3_K: return {"Q3_K", kSuperBlock, sizeof(BlockQ3_K)};
    case DataType::kQ4_K: return {"Q4_K", kSuperBlock, sizeof(BlockQ4_K)};
    case DataType::kQ5_K: return {"Q5_K", kSuperBlock, sizeof(BlockQ5_K)};
    case DataType::kQ6_K: return {"Q6_K", kSuperBlock, sizeof(BlockQ6_K)};
    case DataType::kIQ4_NL: return {"IQ4_NL", kSmallBlock, sizeof(BlockIQ4_NL)};
  }
  return {"?", 0, 0};
}

}  // namespace

std::string_view DataTypeName(DataType type) {
  return Traits(type).name;
}
std::size_t BlockElements(DataType type) {
  return Traits(type).elements;
}
std::size_t BlockBytes(DataType type) {
  return Traits(type).bytes;
}

}  // namespace fovea
