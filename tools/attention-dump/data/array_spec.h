// Named arrays as a dump plans them: type and shape, before any number exists.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_ARRAY_SPEC_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_ARRAY_SPEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

enum class ElementType : std::uint8_t { kF16, kF32, kI32 };

std::size_t ElementBytes(ElementType type);

using Shape = std::vector<std::uint64_t>;

/// What a dimension counts. All but kFixed may be shorter in the end than planned.
enum class Axis : std::uint8_t { kFixed, kTokens, kBlocks, kGenerated };

/// One array, row-major. The shape is the largest that the array may have in the end.
struct ArraySpec {
  std::string name;
  ElementType type = ElementType::kF32;
  Shape shape;
  std::vector<Axis> axes = {};  ///< Of every dimension; empty: all are fixed.
};

/// Bytes of an array; kLimitExceeded if they do not fit 63 bits.
Result<std::uint64_t> ArrayBytes(ElementType type, const Shape& shape);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_ARRAY_SPEC_H_
