#include "fovea/isa.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "engine/kernels/dispatch/kernel_table.h"
#include "platform/cpu_features.h"
#include "platform/tile_permission.h"

namespace fovea {
namespace {

TEST(Isa, NamesAreUniqueAndGoBothWays) {
  for (const Isa isa : AllIsas()) {
    EXPECT_EQ(IsaFromName(IsaName(isa)), isa);
  }
  EXPECT_EQ(IsaName(Isa::kAvx512), "avx512");
  EXPECT_EQ(IsaFromName("sse9"), std::nullopt);
  EXPECT_EQ(IsaFromName(""), std::nullopt);
  EXPECT_EQ(IsaFromName("AVX2"), std::nullopt);
}

TEST(Isa, AllAreThereOnceAndTheAvailableOnesAmongThem) {
  std::vector<Isa> all = AllIsas();
  for (const Isa isa : AvailableIsas()) {
    EXPECT_EQ(std::count(all.begin(), all.end(), isa), 1) << IsaName(isa);
  }
  // Enumerators count from 0 without a gap.
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(all[i]), i);
}

TEST(Isa, ListsTheScalarOneFirstAndTheBestOneLast) {
  const std::vector<Isa> available = AvailableIsas();
  ASSERT_FALSE(available.empty());
  EXPECT_EQ(available.front(), Isa::kScalar);
  EXPECT_EQ(available.back(), BestIsa());
}

TEST(Isa, FollowsTheCpu) {
  const platform::CpuFeatures cpu = platform::DetectCpuFeatures();
  const std::vector<Isa> available = AvailableIsas();
  const auto expect = [&available](Isa isa, bool expected) {
    EXPECT_EQ(std::count(available.begin(), available.end(), isa), expected ? 1 : 0)
        << IsaName(isa);
  };
  expect(Isa::kAvx2, cpu.avx2_fma_f16c);
  expect(Isa::kAvx512, cpu.avx512);
  expect(Isa::kNeon, cpu.neon);
  expect(Isa::kAvx512Vnni, cpu.avx512_vnni);
  expect(Isa::kAvx512Bf16, cpu.avx512_vnni && cpu.avx512_bf16);
  expect(Isa::kAmx, cpu.avx512_vnni && cpu.avx512_bf16 && cpu.amx_int8 && cpu.amx_bf16 &&
                        platform::RequestTilePermission());
  expect(Isa::kNeonDotprod, cpu.dotprod);
  expect(Isa::kNeonI8mm, cpu.dotprod && cpu.i8mm && cpu.bf16);
  expect(Isa::kSve, cpu.sve);
  expect(Isa::kSveI8mm, cpu.sve && cpu.sve_i8mm && cpu.bf16);
}

TEST(KernelsFor, GivesTheTableThatWasAskedForOrNone) {
  const std::vector<Isa> available = AvailableIsas();
  for (const Isa isa : AllIsas()) {
    const kernels::KernelTable* table = kernels::KernelsFor(isa);
    if (std::count(available.begin(), available.end(), isa) == 0) {
      EXPECT_EQ(table, nullptr) << IsaName(isa);
    } else {
      ASSERT_NE(table, nullptr) << IsaName(isa);
      EXPECT_EQ(table->isa, isa);
    }
  }
}

// A forced instruction set is worth nothing if its table holds another one's functions.
TEST(KernelsFor, GivesEachInstructionSetItsOwnFunctions) {
  const std::vector<Isa> available = AvailableIsas();
  const auto is_base = [](Isa isa) {
    return isa == Isa::kScalar || isa == Isa::kAvx2 || isa == Isa::kAvx512 || isa == Isa::kNeon;
  };
  for (const Isa a : available) {
    for (const Isa b : available) {
      if (a == b || !is_base(a) || !is_base(b)) continue;
      const kernels::KernelTable& x = *kernels::KernelsFor(a);
      const kernels::KernelTable& y = *kernels::KernelsFor(b);
      EXPECT_NE(x.dot, y.dot);
      EXPECT_NE(x.gemm, y.gemm);
      EXPECT_NE(x.gemm_half, y.gemm_half);
      EXPECT_NE(x.dequantize, y.dequantize);
      EXPECT_NE(x.rms_norm, y.rms_norm);
      EXPECT_NE(x.layer_norm, y.layer_norm);
      EXPECT_NE(x.rope, y.rope);
      EXPECT_NE(x.silu, y.silu);
      EXPECT_NE(x.gelu, y.gelu);
      EXPECT_NE(x.silu_mul, y.silu_mul);
      EXPECT_NE(x.gelu_mul, y.gelu_mul);
      EXPECT_NE(x.add, y.add);
      EXPECT_NE(x.scale, y.scale);
      EXPECT_NE(x.softcap, y.softcap);
      EXPECT_NE(x.f32_to_f16, y.f32_to_f16);
      EXPECT_NE(x.f16_to_f32, y.f16_to_f32);
      EXPECT_NE(x.attend_tile, y.attend_tile);
    }
  }
}

// An extension shares most functions with what it extends, but not what it is there for.
TEST(KernelsFor, GivesEachExtensionProductsOfItsOwn) {
  const std::vector<Isa> available = AvailableIsas();
  for (const Isa a : available) {
    for (const Isa b : available) {
      if (a == b) continue;
      const kernels::KernelTable& x = *kernels::KernelsFor(a);
      const kernels::KernelTable& y = *kernels::KernelsFor(b);
      EXPECT_TRUE(x.packed_gemm != y.packed_gemm || x.bf16 != y.bf16)
          << IsaName(a) << " and " << IsaName(b);
    }
  }
}

}  // namespace
}  // namespace fovea
