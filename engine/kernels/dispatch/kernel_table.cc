#include "engine/kernels/dispatch/kernel_table.h"

#include "engine/kernels/attention/attend_overrides.h"
#include "engine/kernels/attention/attend_tile.h"
#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/dispatch/targets.h"
#include "platform/cpu_features.h"
#include "platform/tile_permission.h"

namespace fovea::kernels {
namespace {

// clang-format off
#define FOVEA_KERNEL_TABLE(isa_value, target)            \
  {                                                      \
    .isa = (isa_value),                                  \
    .dot = target::Dot,                                  \
    .gemm = target::Gemm,                                \
    .gemm_half = target::GemmHalf,                       \
    .dequantize = target::DequantizeRow,                 \
    .rms_norm = target::RmsNorm,                         \
    .layer_norm = target::LayerNorm,                     \
    .rope = target::Rope,                                \
    .silu = target::Silu,                                \
    .gelu = target::Gelu,                                \
    .silu_mul = target::SiluMul,                         \
    .gelu_mul = target::GeluMul,                         \
    .add = target::Add,                                  \
    .scale = target::Scale,                              \
    .softcap = target::Softcap,                          \
    .sum_exp = target::SumExp,                           \
    .divergence_sums = target::DivergenceSums,           \
    .f32_to_f16 = target::FloatsToHalves,                \
    .f16_to_f32 = target::HalvesToFloats,                \
    .quantize_row = target::QuantizeRow,                 \
    .packed_gemm = target::PackedGemm,                     \
    .attend_scratch_floats = target::AttendScratchFloats, \
    .attend_tile = target::AttendTile,                   \
    .attend_merge = target::AttendMerge,                 \
  }
// clang-format on

/// `base` with what an extension of its instruction set makes faster; it shares all other
/// functions.
[[maybe_unused]] constexpr KernelTable Extended(KernelTable base, Isa isa,
                                                PackedGemmFunction* packed_gemm,
                                                const Bf16Products* bf16) {
  base.isa = isa;
  base.packed_gemm = packed_gemm;
  base.bf16 = bf16;
  return base;
}

constexpr KernelTable kScalar = FOVEA_KERNEL_TABLE(Isa::kScalar, scalar);
#if FOVEA_KERNELS_AVX2
constexpr KernelTable kAvx2 = FOVEA_KERNEL_TABLE(Isa::kAvx2, N_AVX2);
#endif
#if FOVEA_KERNELS_AVX512
constexpr KernelTable kAvx512 = FOVEA_KERNEL_TABLE(Isa::kAvx512, N_AVX3);

#if FOVEA_KERNELS_AVX512VNNI
constexpr KernelTable kAvx512Vnni =
    Extended(kAvx512, Isa::kAvx512Vnni, N_AVX3::PackedGemmVnni, nullptr);
#endif

#if FOVEA_KERNELS_AVX512BF16
constexpr Bf16Products kBf16Dots = {
    .takes = [](DataType type) { return type == DataType::kBF16; },
    .prepare = N_AVX3::Bf16PrepareDot,
    .gemm = N_AVX3::Bf16GemmDot,
};
constexpr KernelTable kAvx512Bf16 =
    Extended(kAvx512Vnni, Isa::kAvx512Bf16, N_AVX3::PackedGemmVnni, &kBf16Dots);
#endif

#if FOVEA_KERNELS_AMX
constexpr Bf16Products kBf16OnTiles = {
    .takes = [](DataType type) { return type == DataType::kF16 || type == DataType::kBF16; },
    .prepare = N_AVX3::Bf16PrepareAmx,
    .gemm = N_AVX3::Bf16GemmAmx,
};
constexpr KernelTable kAmx = Extended(kAvx512Bf16, Isa::kAmx, N_AVX3::PackedGemmAmx, &kBf16OnTiles);

/// Whether this CPU has all that kAmx's functions use, and the operating system lets us.
bool HasTiles(const platform::CpuFeatures& cpu) {
  return cpu.avx512_vnni && cpu.avx512_bf16 && cpu.amx_int8 && cpu.amx_bf16 &&
         platform::RequestTilePermission();
}
#endif
#endif
#if FOVEA_KERNELS_NEON
constexpr KernelTable kNeon = FOVEA_KERNEL_TABLE(Isa::kNeon, N_NEON);

#if FOVEA_KERNELS_NEON_DOTPROD
constexpr KernelTable kNeonDotprod =
    Extended(kNeon, Isa::kNeonDotprod, N_NEON::PackedGemmDotprod, nullptr);
#endif

#if FOVEA_KERNELS_NEON_I8MM || FOVEA_KERNELS_SVE_I8MM
/// With matrix products, which multiply two tokens at once.
constexpr KernelTable InPairs(KernelTable base) {
  base.pairs_tokens = true;
  return base;
}

constexpr Bf16Products kBf16Mmla = {
    .takes = [](DataType type) { return type == DataType::kBF16; },
    .prepare = N_NEON::Bf16PrepareMmla,
    .gemm = N_NEON::Bf16GemmMmla,
};
#endif

#if FOVEA_KERNELS_NEON_I8MM
constexpr KernelTable kNeonI8mm =
    InPairs(Extended(kNeonDotprod, Isa::kNeonI8mm, N_NEON::PackedGemmI8mm, &kBf16Mmla));
#endif

// SVE does not bring dot products or matrix products of NEON along.

#if FOVEA_KERNELS_SVE
constexpr KernelTable WithLongVectors(KernelTable base) {
  base.dot = sve::Dot;
  base.gemm = sve::Gemm;
  base.gemm_half = sve::GemmHalf;
  base.attend_tile = sve::AttendTile;
  return base;
}
constexpr KernelTable kSve = Extended(WithLongVectors(kNeon), Isa::kSve, sve::PackedGemm, nullptr);
#endif

#if FOVEA_KERNELS_SVE_I8MM
constexpr KernelTable kSveI8mm =
    InPairs(Extended(kSve, Isa::kSveI8mm, sve::PackedGemmI8mm, &kBf16Mmla));
#endif
#endif

}  // namespace

const KernelTable* KernelsFor(Isa isa) {
  if (isa == Isa::kScalar) return &kScalar;
  return KernelsFor(isa, platform::DetectCpuFeatures());
}

const KernelTable* KernelsFor(Isa isa, [[maybe_unused]] const platform::CpuFeatures& cpu) {
  if (isa == Isa::kScalar) return &kScalar;
#if FOVEA_KERNELS_AVX2
  if (isa == Isa::kAvx2 && cpu.avx2_fma_f16c) return &kAvx2;
#endif
#if FOVEA_KERNELS_AVX512
  if (isa == Isa::kAvx512 && cpu.avx512) return &kAvx512;
#endif
#if FOVEA_KERNELS_AVX512VNNI
  if (isa == Isa::kAvx512Vnni && cpu.avx512_vnni) return &kAvx512Vnni;
#endif
#if FOVEA_KERNELS_AVX512BF16
  if (isa == Isa::kAvx512Bf16 && cpu.avx512_vnni && cpu.avx512_bf16) return &kAvx512Bf16;
#endif
#if FOVEA_KERNELS_AMX
  if (isa == Isa::kAmx && HasTiles(cpu)) return &kAmx;
#endif
#if FOVEA_KERNELS_NEON
  if (isa == Isa::kNeon && cpu.neon) return &kNeon;
#endif
#if FOVEA_KERNELS_NEON_DOTPROD
  if (isa == Isa::kNeonDotprod && cpu.dotprod) return &kNeonDotprod;
#endif
#if FOVEA_KERNELS_NEON_I8MM
  if (isa == Isa::kNeonI8mm && cpu.dotprod && cpu.i8mm && cpu.bf16) return &kNeonI8mm;
#endif
#if FOVEA_KERNELS_SVE
  if (isa == Isa::kSve && cpu.sve) return &kSve;
#endif
#if FOVEA_KERNELS_SVE_I8MM
  if (isa == Isa::kSveI8mm && cpu.sve && cpu.sve_i8mm && cpu.bf16) return &kSveI8mm;
#endif
  return nullptr;
}

}  // namespace fovea::kernels
