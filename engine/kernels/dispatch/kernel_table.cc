#include "engine/kernels/dispatch/kernel_table.h"

#include "engine/kernels/attention/attend_overrides.h"
#include "engine/kernels/attention/attend_tile.h"
#include "engine/kernels/dispatch/kernel_functions.h"
#include "engine/kernels/dispatch/targets.h"
#include "platform/cpu_features.h"
#include "platform/tile_permission.h"

namespace fovea::kernels {
namespace {

/// The table whose functions are all in namespace `target`.
// clang-format off
#define FOVEA_KERNELS_OF(target)                         \
  KernelTable{                                           \
    .isa = Isa::kScalar, /* The list's row decides. */   \
    .dot = target::Dot,                                  \
    .gemm = target::Gemm,                                \
    .gemm_half = target::GemmHalf,                       \
    .dequantize = target::DequantizeRow,                 \
    .rms_norm = target::RmsNorm,                         \
    .layer_norm = target::LayerNorm,                     \
    .rope = target::Rope,                                \
    .silu = target::Silu,                                \
    .gelu = target::Gelu,                                \
    .gelu_erf = target::GeluErf,                         \
    .relu = target::Relu,                                \
    .silu_mul = target::SiluMul,                         \
    .gelu_mul = target::GeluMul,                         \
    .gelu_erf_mul = target::GeluErfMul,                  \
    .relu_mul = target::ReluMul,                         \
    .add = target::Add,                                  \
    .scale = target::Scale,                              \
    .softcap = target::Softcap,                          \
    .sum_exp = target::SumExp,                           \
    .divergence_sums = target::DivergenceSums,           \
    .f32_to_f16 = target::FloatsToHalves,                \
    .f16_to_f32 = target::HalvesToFloats,                \
    .quantize_row = target::QuantizeRow,                 \
    .packed_gemm = target::PackedGemm,                   \
    .attend_scratch_floats = target::AttendScratchFloats,\
    .attend_tile = target::AttendTile,                   \
    .attend_merge = target::AttendMerge,                 \
  }
// clang-format on

/// `base` but for what `change` makes of it.
template <class Change>
[[maybe_unused]] constexpr KernelTable Extended(KernelTable base, const Change& change) {
  change(base);
  return base;
}

[[maybe_unused]] constexpr bool IsBf16(DataType type) {
  return type == DataType::kBF16;
}
[[maybe_unused]] constexpr bool IsHalfOrBf16(DataType type) {
  return type == DataType::kF16 || type == DataType::kBF16;
}

/// Products in bfloat16 of an extension.
template <auto kTakes, auto kPrepare, auto kGemm>
constexpr Bf16Products kBf16 = {.takes = kTakes, .prepare = kPrepare, .gemm = kGemm};

constexpr KernelTable WithIsa(Isa isa, KernelTable table) {
  table.isa = isa;
  return table;
}

#define FOVEA_ISA_KERNELS(enumerator, cpu_has_it, ...) \
  constexpr KernelTable k##enumerator = WithIsa(Isa::k##enumerator, __VA_ARGS__);
#include "engine/kernels/dispatch/isa_list.h"

}  // namespace

const KernelTable* KernelsFor(Isa isa) {
  if (isa == Isa::kScalar) return &kScalar;
  return KernelsFor(isa, platform::DetectCpuFeatures());
}

const KernelTable* KernelsFor(Isa isa, [[maybe_unused]] const platform::CpuFeatures& cpu) {
  switch (isa) {
#define FOVEA_ISA_KERNELS(enumerator, cpu_has_it, ...) \
  case Isa::k##enumerator:                             \
    return (cpu_has_it) ? &k##enumerator : nullptr;
#include "engine/kernels/dispatch/isa_list.h"
    default: return nullptr;  // Not compiled in.
  }
}

}  // namespace fovea::kernels
