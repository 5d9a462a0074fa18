#include "fovea/data_type.h"

#include "engine/tensor/weight_types.h"

namespace fovea {

WeightType WeightTypeOf(DataType type) {
  switch (type) {
#define FOVEA_CASE(name, number, elements, bytes, file_type, largest, narrow) \
  case DataType::k##name: return {#name, elements, bytes, file_type, largest, DataType::k##narrow};
    FOVEA_EACH_WEIGHT_TYPE(FOVEA_CASE)
#undef FOVEA_CASE
  }
  return {"?", 0, 0, 0, 0.0F, type};
}

std::string_view DataTypeName(DataType type) {
  return WeightTypeOf(type).name;
}

std::optional<DataType> DataTypeFromName(std::string_view name) {
  for (const DataType type : kWeightTypes) {
    if (DataTypeName(type) == name) return type;
  }
  return std::nullopt;
}

std::size_t BlockElements(DataType type) {
  return WeightTypeOf(type).elements;
}
std::size_t BlockBytes(DataType type) {
  return WeightTypeOf(type).bytes;
}

}  // namespace fovea
