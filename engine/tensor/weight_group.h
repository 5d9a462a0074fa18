// What blocks mean, once per type: the scalar definition that decoding and the reference of integer
// products are made from, and that every vector kernel is tested against.
#ifndef FOVEA_TENSOR_WEIGHT_GROUP_H_
#define FOVEA_TENSOR_WEIGHT_GROUP_H_

#include <cstddef>

#include "engine/tensor/blocks.h"
#include "engine/tensor/weight_types.h"

namespace fovea {

/// 32 neighbouring weights of a row as integers: weight i is scale[i / 16] * quants[i], plus
/// minimum[i / 16] if has_minimum. The order of these float operations is part of the definition:
/// other orders round differently.
struct WeightGroup {
  int quants[kSmallBlock];
  float scale[2];
  float minimum[2] = {};
  bool has_minimum = false;
  /// The two halves have scales of their own.
  bool has_halves = false;

  void SetScale(float value) { scale[0] = scale[1] = value; }
  void SetMinimum(float value) {
    minimum[0] = minimum[1] = value;
    has_minimum = true;
  }
};

/// Weights 32 * group … 32 * group + 31 of a block, into a new WeightGroup. One overload per type.
#define FOVEA_DECLARE_READ_GROUP(name, ...) \
  void ReadGroup(const Block##name& block, std::size_t group, WeightGroup* out);
FOVEA_EACH_BLOCK_TYPE(FOVEA_DECLARE_READ_GROUP)
#undef FOVEA_DECLARE_READ_GROUP

/// Weights 32 * group … 32 * group + 31 of a row of blocks at any address. `type` has blocks.
WeightGroup ReadRowGroup(DataType type, const std::byte* row, std::size_t group);

}  // namespace fovea

#endif  // FOVEA_TENSOR_WEIGHT_GROUP_H_
