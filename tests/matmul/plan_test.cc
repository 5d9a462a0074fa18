#include "engine/matmul/plan.h"

#include <gtest/gtest.h>

namespace fovea::matmul {
namespace {

TEST(Plan, MultipliesQuantizedWeightsInIntegersUnlessAskedToBeExact) {
  for (const std::size_t tokens : {std::size_t{1}, std::size_t{64}}) {
    for (const Isa isa : AvailableIsas()) {
      for (const Arithmetic arithmetic : {Arithmetic::kFast, Arithmetic::kExact}) {
        EXPECT_EQ(Plan({DataType::kF32, tokens, isa, arithmetic}).name, "direct f32");
        EXPECT_EQ(Plan({DataType::kQ2_K, tokens, isa, arithmetic}).name, "dequantized panel");
      }
      for (const DataType type : {DataType::kQ8_0, DataType::kQ4_0, DataType::kQ5_1,
                                  DataType::kQ4_K, DataType::kQ6_K, DataType::kIQ4_NL}) {
        EXPECT_EQ(Plan({type, tokens, isa, Arithmetic::kExact}).name, "dequantized panel");
        const Provider& fast = Plan({type, tokens, isa, Arithmetic::kFast});
        EXPECT_EQ(fast.name, "integer panels");
        EXPECT_TRUE(fast.quantizes);
      }
    }
  }
}

TEST(Plan, MultipliesHalvesInBfloat16WhereTheKernelsHaveProductsForThem) {
  for (const Isa isa : AvailableIsas()) {
    const kernels::Bf16Products* bf16 = kernels::KernelsFor(isa)->bf16;
    for (const DataType type : {DataType::kF16, DataType::kBF16}) {
      const bool takes = bf16 != nullptr && bf16->takes(type);
      for (const std::size_t tokens : {std::size_t{1}, std::size_t{500}}) {
        const Provider& fast = Plan({type, tokens, isa, Arithmetic::kFast, bf16});
        EXPECT_EQ(fast.name == "bfloat16", takes);
        EXPECT_EQ(fast.rounds, takes);
        EXPECT_NE(Plan({type, tokens, isa, Arithmetic::kFast, nullptr}).name, "bfloat16");
        EXPECT_NE(Plan({type, tokens, isa, Arithmetic::kExact, bf16}).name, "bfloat16");
      }
    }
    EXPECT_EQ(Plan({DataType::kF16, 1, isa, Arithmetic::kExact, bf16}).name, "direct half");
    EXPECT_EQ(Plan({DataType::kF16, 500, isa, Arithmetic::kExact, bf16}).name, "dequantized panel");
  }
}

TEST(Plan, EndsWithAProviderThatAcceptsEverything) {
  ASSERT_FALSE(Providers().empty());
  const Provider& last = Providers().back();
  EXPECT_TRUE(last.accepts({DataType::kF32, 1, Isa::kScalar}));
  EXPECT_TRUE(last.accepts({DataType::kQ2_K, 1000, BestIsa()}));
}

}  // namespace
}  // namespace fovea::matmul
