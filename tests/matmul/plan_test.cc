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
        EXPECT_EQ(fast.name, "integer strips");
        EXPECT_TRUE(fast.quantizes);
      }
    }
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
