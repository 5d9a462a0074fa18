// Lists of weight types for tests that hold for all of a kind.
#ifndef FOVEA_TESTS_TENSOR_TYPE_LISTS_H_
#define FOVEA_TESTS_TENSOR_TYPE_LISTS_H_

#include <algorithm>
#include <vector>

#include "engine/tensor/packed_panels.h"
#include "engine/tensor/weight_types.h"

namespace fovea::testing {

inline std::vector<DataType> AllTypes() {
  return {std::begin(kWeightTypes), std::end(kWeightTypes)};
}

inline std::vector<DataType> PackedTypes() {
  std::vector<DataType> types;
  std::copy_if(std::begin(kWeightTypes), std::end(kWeightTypes), std::back_inserter(types),
               HasPackedPanels);
  return types;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_TENSOR_TYPE_LISTS_H_
