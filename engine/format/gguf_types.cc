#include "engine/format/gguf_types.h"

#include "fovea/data_type.h"

namespace fovea::format {
namespace {

struct ValueTraits {
  std::string_view name;
  std::size_t bytes;
};

// The switch has no default, so that the compiler names a type which is missing here.
ValueTraits Traits(GgufValueType type) {
  switch (type) {
    case GgufValueType::kUint8: return {"u8", 1};
    case GgufValueType::kInt8: return {"i8", 1};
    case GgufValueType::kUint16: return {"u16", 2};
    case GgufValueType::kInt16: return {"i16", 2};
    case GgufValueType::kUint32: return {"u32", 4};
    case GgufValueType::kInt32: return {"i32", 4};
    case GgufValueType::kFloat32: return {"f32", 4};
    case GgufValueType::kBool: return {"bool", 1};
    case GgufValueType::kString: return {"string", 0};
    case GgufValueType::kArray: return {"array", 0};
    case GgufValueType::kUint64: return {"u64", 8};
    case GgufValueType::kInt64: return {"i64", 8};
    case GgufValueType::kFloat64: return {"f64", 8};
  }
  return {"?", 0};
}

struct TensorType {
  std::uint32_t number;
  std::string_view name;
};

/// Types of ggml that had no decoder here when they were written down.
constexpr TensorType kTensorTypes[] = {
    {4, "Q4_2"},    {5, "Q4_3"},     {9, "Q8_1"},        {15, "Q8_K"},       {16, "IQ2_XXS"},
    {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},      {21, "IQ3_S"},      {22, "IQ2_S"},
    {23, "IQ4_XS"}, {24, "I8"},      {25, "I16"},        {26, "I32"},        {27, "I64"},
    {28, "F64"},    {29, "IQ1_M"},   {31, "Q4_0_4_4"},   {32, "Q4_0_4_8"},   {33, "Q4_0_8_8"},
    {34, "TQ1_0"},  {35, "TQ2_0"},   {36, "IQ4_NL_4_4"}, {37, "IQ4_NL_4_8"}, {38, "IQ4_NL_8_8"},
    {39, "MXFP4"},  {40, "NVFP4"},   {41, "Q1_0"},       {42, "Q2_0"},
};

}  // namespace

std::string_view ValueTypeName(GgufValueType type) {
  return Traits(type).name;
}
std::size_t ValueBytes(GgufValueType type) {
  return Traits(type).bytes;
}

bool IsFloat(GgufValueType type) {
  return type == GgufValueType::kFloat32 || type == GgufValueType::kFloat64;
}

bool IsIntegral(GgufValueType type) {
  return ValueBytes(type) != 0 && !IsFloat(type);
}

std::string_view ForeignTensorTypeName(std::uint32_t type) {
  if (BlockElements(static_cast<DataType>(type)) != 0) return {};
  for (const TensorType& foreign : kTensorTypes) {
    if (foreign.number == type) return foreign.name;
  }
  return {};
}

}  // namespace fovea::format
