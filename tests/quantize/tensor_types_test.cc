// Which type a tensor gets.
#include "engine/quantize/tensor_types.h"

#include <gtest/gtest.h>

#include "fovea/quantize.h"

namespace fovea {
namespace {

TEST(FittingType, FallsBackWhereColumnsMakeNoWholeBlocks) {
  EXPECT_EQ(FittingType(DataType::kQ4_K, 768), DataType::kQ4_K);
  EXPECT_EQ(FittingType(DataType::kQ4_K, 288), DataType::kQ5_0);
  EXPECT_EQ(FittingType(DataType::kQ5_K, 288), DataType::kQ5_1);
  EXPECT_EQ(FittingType(DataType::kQ6_K, 288), DataType::kQ8_0);
  EXPECT_EQ(FittingType(DataType::kIQ4_XS, 768), DataType::kIQ4_XS);
  EXPECT_EQ(FittingType(DataType::kIQ4_XS, 288), DataType::kIQ4_NL);
  EXPECT_EQ(FittingType(DataType::kQ8_0, 288), DataType::kQ8_0);
  for (const DataType type :
       {DataType::kQ8_0, DataType::kQ4_0, DataType::kQ4_K, DataType::kIQ4_XS, DataType::kF16}) {
    EXPECT_EQ(FittingType(type, 172), DataType::kF16);
  }
  EXPECT_EQ(FittingType(DataType::kF32, 172), DataType::kF32);
  EXPECT_EQ(FittingType(DataType::kBF16, 1), DataType::kBF16);
}

TEST(OutputType, KeepsAtLeastSixBits) {
  EXPECT_EQ(OutputType(DataType::kQ4_0), DataType::kQ6_K);
  EXPECT_EQ(OutputType(DataType::kQ4_K), DataType::kQ6_K);
  EXPECT_EQ(OutputType(DataType::kQ5_K), DataType::kQ6_K);
  EXPECT_EQ(OutputType(DataType::kIQ4_XS), DataType::kQ6_K);
  EXPECT_EQ(OutputType(DataType::kQ6_K), DataType::kQ6_K);
  EXPECT_EQ(OutputType(DataType::kQ8_0), DataType::kQ8_0);
  EXPECT_EQ(OutputType(DataType::kF16), DataType::kF16);
}

TEST(TypeForTensor, QuantizesMatricesAndKeepsTheRest) {
  const auto type_of = [](std::string_view name, std::size_t rank, DataType from) {
    format::SourceTensor tensor;
    tensor.name = name;
    tensor.type = from;
    tensor.rank = rank;
    tensor.shape = {256, 4, 1, 1};
    return TypeForTensor(tensor, DataType::kQ4_K, "output.weight", DataType::kQ6_K);
  };
  const DataType f16 = DataType::kF16;
  EXPECT_EQ(type_of("blk.0.attn_q.weight", 2, f16), DataType::kQ4_K);
  EXPECT_EQ(type_of("blk.0.ffn_up_exps.weight", 3, f16), DataType::kQ4_K);
  EXPECT_EQ(type_of("token_embd.weight", 2, f16), DataType::kQ4_K);
  EXPECT_EQ(type_of("output.weight", 2, f16), DataType::kQ6_K);
  EXPECT_EQ(type_of("blk.0.attn_norm.weight", 1, f16), DataType::kF32);
  EXPECT_EQ(type_of("blk.0.attn_q.bias", 1, f16), DataType::kF32);
  EXPECT_EQ(type_of("blk.0.attn_q_norm.weight", 2, f16), f16);
  EXPECT_EQ(type_of("position_embd.weight", 2, f16), f16);
  EXPECT_EQ(type_of("token_types.weight", 2, f16), f16);
  EXPECT_EQ(type_of("blk.0.ffn_gate_inp.weight", 2, f16), f16);
  EXPECT_EQ(type_of("blk.0.attn_rel_b.weight", 2, f16), f16);
  EXPECT_EQ(type_of("blk.0.something", 2, f16), f16);
}

}  // namespace
}  // namespace fovea
