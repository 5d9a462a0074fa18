// The instruction sets, each written down once: names, order of speed, tables of kernels, the
// tools' help, the build (tools/cmake/parts.cmake reads these rows) and the tests follow from this
// list. A set comes after the one that it extends, and after the slower ones of its architecture.
//
// The file is included several times and has no guard. Before it, define one or both of
//   FOVEA_ISA(enumerator, name, base, short_rank): every set, also those that are not compiled in.
//     base: what it extends and therefore brings along; Scalar if nothing.
//     short_rank: its place in the order of speed on CPUs whose SVE vectors are as short as NEON's.
//     On all others the list itself is the order.
//   FOVEA_ISA_KERNELS(enumerator, cpu_has_it, table): those that are compiled in.
//     cpu_has_it: whether `cpu`, platform::CpuFeatures, runs all that the table's functions use.
//     table: its KernelTable, in terms of kernel_table.cc.
#ifndef FOVEA_ISA
#define FOVEA_ISA(enumerator, name, base, short_rank)
#endif
#ifndef FOVEA_ISA_KERNELS
#define FOVEA_ISA_KERNELS(enumerator, cpu_has_it, ...)
#endif

// clang-format off
FOVEA_ISA(Scalar, "scalar", Scalar, 0)
FOVEA_ISA_KERNELS(Scalar, true, FOVEA_KERNELS_OF(scalar))

FOVEA_ISA(Avx2, "avx2", Scalar, 6)
#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX2)
FOVEA_ISA_KERNELS(Avx2, cpu.avx2_fma_f16c, FOVEA_KERNELS_OF(N_AVX2))
#endif

FOVEA_ISA(Avx512, "avx512", Scalar, 7)
#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX512)
FOVEA_ISA_KERNELS(Avx512, cpu.avx512, FOVEA_KERNELS_OF(N_AVX3))
#endif

FOVEA_ISA(Avx512Vnni, "avx512vnni", Avx512, 8)
#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX512VNNI)
FOVEA_ISA_KERNELS(Avx512Vnni, cpu.avx512_vnni,
  Extended(kAvx512, [](KernelTable& table) { table.packed_gemm = N_AVX3::PackedGemmVnni; }))
#endif

FOVEA_ISA(Avx512Bf16, "avx512bf16", Avx512Vnni, 9)
#if FOVEA_KERNELS_X86 && !defined(FOVEA_WITHOUT_AVX512BF16)
FOVEA_ISA_KERNELS(Avx512Bf16, cpu.avx512_vnni && cpu.avx512_bf16,
  Extended(kAvx512Vnni, [](KernelTable& table) {
    table.bf16 = &kBf16<IsBf16, N_AVX3::Bf16PrepareDot, N_AVX3::Bf16GemmDot>;
  }))
#endif

FOVEA_ISA(Amx, "amx", Avx512Bf16, 10)
#if FOVEA_KERNELS_AMX
FOVEA_ISA_KERNELS(Amx, cpu.avx512_vnni && cpu.avx512_bf16 && cpu.amx_int8 && cpu.amx_bf16 &&
                       platform::RequestTilePermission(),
  Extended(kAvx512Bf16, [](KernelTable& table) {
    table.packed_gemm = N_AVX3::PackedGemmAmx;
    table.bf16 = &kBf16<IsHalfOrBf16, N_AVX3::Bf16PrepareAmx, N_AVX3::Bf16GemmAmx>;
  }))
#endif

FOVEA_ISA(Neon, "neon", Scalar, 2)
#if FOVEA_KERNELS_NEON
FOVEA_ISA_KERNELS(Neon, cpu.neon, FOVEA_KERNELS_OF(N_NEON))
#endif

FOVEA_ISA(NeonDotprod, "neon-dotprod", Neon, 3)
#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_NEON_DOTPROD)
FOVEA_ISA_KERNELS(NeonDotprod, cpu.dotprod,
  Extended(kNeon, [](KernelTable& table) { table.packed_gemm = N_NEON::PackedGemmDotprod; }))
#endif

FOVEA_ISA(NeonI8mm, "neon-i8mm", NeonDotprod, 5)
#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_NEON_I8MM)
FOVEA_ISA_KERNELS(NeonI8mm, cpu.dotprod && cpu.i8mm && cpu.bf16,
  Extended(kNeonDotprod, [](KernelTable& table) {
    table.packed_gemm = N_NEON::PackedGemmI8mm;
    table.pairs_tokens = true;
    table.bf16 = &kBf16<IsBf16, N_NEON::Bf16PrepareMmla, N_NEON::Bf16GemmMmla>;
  }))
#endif

// SVE does not bring NEON's dot products or matrix products along.
FOVEA_ISA(Sve, "sve", Neon, 1)
#if FOVEA_KERNELS_SVE
FOVEA_ISA_KERNELS(Sve, cpu.sve,
  Extended(kNeon, [](KernelTable& table) {
    table.dot = sve::Dot;
    table.gemm = sve::Gemm;
    table.gemm_half = sve::GemmHalf;
    table.packed_gemm = sve::PackedGemm;
    table.attend_tile = sve::AttendTile;
  }))
#endif

FOVEA_ISA(SveI8mm, "sve-i8mm", Sve, 4)
#if FOVEA_KERNELS_ARM64 && !defined(FOVEA_WITHOUT_SVE_I8MM)
FOVEA_ISA_KERNELS(SveI8mm, cpu.sve && cpu.sve_i8mm && cpu.bf16,
  Extended(kSve, [](KernelTable& table) {
    table.packed_gemm = sve::PackedGemmI8mm;
    table.pairs_tokens = true;
    table.bf16 = &kBf16<IsBf16, N_NEON::Bf16PrepareMmla, N_NEON::Bf16GemmMmla>;
  }))
#endif
// clang-format on

#undef FOVEA_ISA
#undef FOVEA_ISA_KERNELS
