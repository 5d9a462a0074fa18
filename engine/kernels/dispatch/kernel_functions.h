// Every function of KernelTable but the attention tile, declared for each instruction set. What
// they do is said in kernel_table.h, whose fields they fill. Free of SIMD types.
#ifndef FOVEA_KERNELS_DISPATCH_KERNEL_FUNCTIONS_H_
#define FOVEA_KERNELS_DISPATCH_KERNEL_FUNCTIONS_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/kernels/dispatch/targets.h"

namespace fovea::kernels {

// dot.cc
FOVEA_DECLARE_KERNEL(float, Dot, (const float* a, const float* b, std::size_t n))
// gemm.cc
FOVEA_DECLARE_KERNEL(void, Gemm,
                     (const float* w, std::size_t w_stride, std::size_t rows, const float* x,
                      std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
                      std::size_t out_stride))
// gemm_half.cc
FOVEA_DECLARE_KERNEL(void, GemmHalf,
                     (DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
                      const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
                      float* out, std::size_t out_stride))
// dequantize_row.cc
FOVEA_DECLARE_KERNEL(void, DequantizeRow,
                     (DataType type, const void* blocks, std::size_t elements, float* out))
// norms.cc
FOVEA_DECLARE_KERNEL(void, RmsNorm,
                     (const float* x, const float* weight, float eps, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, LayerNorm,
                     (const float* x, const float* weight, const float* bias, float eps,
                      std::size_t n, float* out))
// rope.cc
FOVEA_DECLARE_KERNEL(void, Rope,
                     (float* x, const float* cosine, const float* sine, std::size_t pairs,
                      RopeLayout layout))
// activations.cc
FOVEA_DECLARE_KERNEL(void, Silu, (const float* x, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, Gelu, (const float* x, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, GeluErf, (const float* x, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, Relu, (const float* x, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, SiluMul, (const float* gate, const float* up, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, GeluMul, (const float* gate, const float* up, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, GeluErfMul,
                     (const float* gate, const float* up, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, ReluMul, (const float* gate, const float* up, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, Softcap, (float cap, std::size_t n, float* x))
// elementwise.cc
FOVEA_DECLARE_KERNEL(void, Add, (const float* a, const float* b, std::size_t n, float* out))
FOVEA_DECLARE_KERNEL(void, Scale, (float factor, std::size_t n, float* x))
// logit_sums.cc
FOVEA_DECLARE_KERNEL(double, SumExp, (const float* x, float shift, std::size_t n))
FOVEA_DECLARE_KERNEL(DivergenceTerms, DivergenceSums,
                     (const float* p, float p_shift, const float* q, float gap, std::size_t n))
// half.cc
FOVEA_DECLARE_KERNEL(void, FloatsToHalves, (const float* x, std::size_t n, std::uint16_t* out))
FOVEA_DECLARE_KERNEL(void, HalvesToFloats, (const std::uint16_t* x, std::size_t n, float* out))

// quantize_row.cc
FOVEA_DECLARE_KERNEL(void, QuantizeRow,
                     (const float* x, std::size_t cols, std::int8_t* quants,
                      ActivationBlock* blocks))
// packed_gemm.cc
FOVEA_DECLARE_KERNEL(void, PackedGemm,
                     (DataType type, const std::byte* panels, std::size_t count, std::size_t cols,
                      const QuantizedRows& x, std::size_t tokens, float* out,
                      std::size_t out_stride))

// Functions of extensions, in files of their own.

using PackedGemmFunction = std::remove_pointer_t<decltype(KernelTable::packed_gemm)>;
using Bf16PrepareFunction = std::remove_pointer_t<decltype(Bf16Products::prepare)>;
using Bf16GemmFunction = std::remove_pointer_t<decltype(Bf16Products::gemm)>;

#if FOVEA_KERNELS_X86
namespace N_AVX3 {
PackedGemmFunction PackedGemmVnni;   // packed_gemm_vnni.cc
PackedGemmFunction PackedGemmAmx;    // packed_gemm_amx.cc
Bf16PrepareFunction Bf16PrepareDot;  // bf16_dot.cc
Bf16GemmFunction Bf16GemmDot;
Bf16PrepareFunction Bf16PrepareAmx;  // bf16_amx.cc
Bf16GemmFunction Bf16GemmAmx;
}  // namespace N_AVX3
#endif

#if FOVEA_KERNELS_ARM64
namespace N_NEON {
PackedGemmFunction PackedGemmDotprod;  // packed_gemm_dotprod.cc
PackedGemmFunction PackedGemmI8mm;     // packed_gemm_i8mm.cc
Bf16PrepareFunction Bf16PrepareMmla;   // bf16_mmla.cc
Bf16GemmFunction Bf16GemmMmla;
}  // namespace N_NEON
namespace sve {
PackedGemmFunction PackedGemm;      // packed_gemm_sve.cc
PackedGemmFunction PackedGemmI8mm;  // packed_gemm_sve_i8mm.cc
// gemm_sve.cc
float Dot(const float* a, const float* b, std::size_t n);
void Gemm(const float* w, std::size_t w_stride, std::size_t rows, const float* x,
          std::size_t x_stride, std::size_t tokens, std::size_t cols, float* out,
          std::size_t out_stride);
void GemmHalf(DataType type, const std::byte* w, std::size_t row_bytes, std::size_t rows,
              const float* x, std::size_t x_stride, std::size_t tokens, std::size_t cols,
              float* out, std::size_t out_stride);
}  // namespace sve
#endif

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_DISPATCH_KERNEL_FUNCTIONS_H_
