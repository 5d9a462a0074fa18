// Which type takes the place of another: tables alone, so builds without encoders have them too.
#include "engine/tensor/weight_types.h"
#include "fovea/quantize.h"

namespace fovea {

DataType OutputType(DataType wanted) {
  return BlockElements(wanted) == 1 || wanted == DataType::kQ8_0 ? wanted : DataType::kQ6_K;
}

std::uint32_t FileTypeNumber(DataType type) {
  return WeightTypeOf(type).file_type;
}

DataType FittingType(DataType wanted, std::size_t columns) {
  const bool is_narrow = BlockElements(wanted) == kSuperBlock && columns % kSuperBlock != 0;
  const DataType type = is_narrow ? WeightTypeOf(wanted).narrow : wanted;
  const std::size_t block = BlockElements(type);
  return block != 0 && columns % block != 0 ? DataType::kF16 : type;
}

}  // namespace fovea
