#include "engine/matmul/plan.h"

#include <gtest/gtest.h>

namespace fovea::matmul {
namespace {

TEST(Plan, TakesFloatWeightsDirectlyAndDecodesTheRest) {
  for (const std::size_t tokens : {std::size_t{1}, std::size_t{64}}) {
    for (const Isa isa : AvailableIsas()) {
      EXPECT_EQ(Plan({DataType::kF32, tokens, isa}).name, "direct f32");
      for (const DataType type : {DataType::kF16, DataType::kBF16, DataType::kQ8_0, DataType::kQ4_0,
                                  DataType::kQ4_K, DataType::kIQ4_NL}) {
        EXPECT_EQ(Plan({type, tokens, isa}).name, "dequantized panel");
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
