// What this machine can do at most, measured in the same process as the kernels, so that a
// benchmark can say which part of the limit it reaches. One thread; each figure is the best of
// several short runs.
#ifndef FOVEA_BENCH_MACHINE_LIMITS_H_
#define FOVEA_BENCH_MACHINE_LIMITS_H_

#include <time.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "bench/tile_limits.h"
#include "engine/kernels/dispatch/kernel_table.h"

namespace fovea::bench {

inline std::vector<float> RandomFloats(std::size_t n) {
  std::mt19937 random(42);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> values(n);
  for (float& value : values) value = uniform(random);
  return values;
}

/// Seconds of processor time that this thread has used: on a machine shared with others, waiting
/// for a core is no property of a kernel. Google Benchmark's rates are taken over processor time
/// too.
inline double ThreadSeconds() {
  timespec time = {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// Shortest time of `runs` calls.
template <typename Function>
double BestSeconds(int runs, const Function& function) {
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const double begin = ThreadSeconds();
    function();
    best = std::min(best, ThreadSeconds() - begin);
  }
  return best;
}

// A loop of fused multiply-adds on sums that wait for nothing but themselves; enough of them to
// hide the latency on any machine of today. Written with the compiler's intrinsics: Highway stays
// inside engine/kernels.
#define FOVEA_FMA_LOOP(Vector, Set, Fma, Store)                      \
  constexpr int kSums = 12;                                          \
  constexpr int kSteps = 200'000;                                    \
  constexpr std::size_t kWidth = sizeof(Vector) / sizeof(float);     \
  Vector sums[kSums];                                                \
  _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) sums[i] = \
      Set(seed + static_cast<float>(i));                             \
  const Vector factor = Set(0.999F);                                 \
  const Vector addend = Set(seed * 0.001F);                          \
  for (int step = 0; step < kSteps; ++step) {                        \
    _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {       \
      sums[i] = Fma(sums[i], factor, addend);                        \
    }                                                                \
  }                                                                  \
  float lanes[kWidth];                                               \
  _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {         \
    Store(lanes, sums[i]);                                           \
    *sink += lanes[0];                                               \
  }                                                                  \
  return 2.0 * kWidth * kSums * kSteps;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) inline double FmaLoopAvx512(float seed, float* sink) {
  FOVEA_FMA_LOOP(__m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_storeu_ps)
}
__attribute__((target("avx2,fma"))) inline double FmaLoopAvx2(float seed, float* sink) {
  FOVEA_FMA_LOOP(__m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_storeu_ps)
}
#elif defined(__aarch64__)
inline float32x4_t FmaNeon(float32x4_t a, float32x4_t b, float32x4_t c) {
  return vfmaq_f32(c, a, b);
}
inline double FmaLoopNeon(float seed, float* sink) {
  FOVEA_FMA_LOOP(float32x4_t, vdupq_n_f32, FmaNeon, vst1q_f32)
}
#endif

/// Operations per second of a loop that takes a seed the compiler cannot know.
template <typename Seed>
double LoopRate(double (*loop)(Seed, float*), Seed known) {
  volatile Seed seed = known;
  volatile float result = 0;
  double operations = 0;
  const double seconds = BestSeconds(9, [&] {
    float sink = 0;
    operations = loop(seed, &sink);
    result = sink;
  });
  return operations / seconds;
}

/// FLOP per second of that loop; 0 for an instruction set without one.
inline double PeakFlops(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512 || isa > Isa::kNeon) return LoopRate(FmaLoopAvx512, 0.5F);
  if (isa == Isa::kAvx2) return LoopRate(FmaLoopAvx2, 0.5F);
#elif defined(__aarch64__)
  if (isa != Isa::kScalar) return LoopRate(FmaLoopNeon, 0.5F);
#endif
  return 0;
}

#if defined(__x86_64__)
/// The same with VNNI's products of bytes, two operations each.
__attribute__((target("avx512f,avx512vnni"))) inline double ByteProductLoop(int seed, float* sink) {
  constexpr int kSums = 12;
  constexpr int kSteps = 200'000;
  __m512i sums[kSums];
  _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) sums[i] = _mm512_set1_epi32(i);
  const __m512i left = _mm512_set1_epi32(seed);
  const __m512i right = _mm512_set1_epi32(seed + 1);
  for (int step = 0; step < kSteps; ++step) {
    _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {
      sums[i] = _mm512_dpbusd_epi32(sums[i], left, right);
    }
  }
  int lanes[16];
  _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {
    _mm512_storeu_si512(lanes, sums[i]);
    *sink += static_cast<float>(lanes[0]);
  }
  return 2.0 * 64 * kSums * kSteps;
}
#endif

/// Operations per second of products of bytes with the best instruction of `isa`; the FMA peak
/// where there is none that is faster.
inline double PeakByteOperations(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAmx) {
    double operations = 0;
    const double seconds = BestSeconds(9, [&] { operations = TileByteLoop(); });
    return operations / seconds;
  }
  if (isa == Isa::kAvx512Vnni || isa == Isa::kAvx512Bf16)
    return LoopRate(ByteProductLoop, 0x01020304);
#endif
  return PeakFlops(isa);
}

#if defined(__x86_64__)
/// The same with AVX512-BF16's products of pairs.
__attribute__((target("avx512f,avx512bf16"))) inline double Bf16ProductLoop(int seed, float* sink) {
  constexpr int kSums = 12;
  constexpr int kSteps = 200'000;
  __m512 sums[kSums];
  _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {
    sums[i] = _mm512_set1_ps(static_cast<float>(i));
  }
  const auto left = (__m512bh)_mm512_set1_epi32(seed);
  const auto right = (__m512bh)_mm512_set1_epi32(seed + 1);
  for (int step = 0; step < kSteps; ++step) {
    _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {
      sums[i] = _mm512_dpbf16_ps(sums[i], left, right);
    }
  }
  float lanes[16];
  _Pragma("GCC unroll 12") for (int i = 0; i < kSums; ++i) {
    _mm512_storeu_ps(lanes, sums[i]);
    *sink += lanes[0];
  }
  return 2.0 * 32 * kSums * kSteps;
}
#endif

/// Operations per second of products of bfloat16 with the best instruction of `isa`; the FMA peak
/// where there is none that is faster.
inline double PeakBf16Operations(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAmx) {
    double operations = 0;
    const double seconds = BestSeconds(9, [&] { operations = TileBf16Loop(); });
    return operations / seconds;
  }
  if (isa == Isa::kAvx512Bf16) return LoopRate(Bf16ProductLoop, 0x3C013C01);
#endif
  return PeakFlops(isa);
}

/// Bytes per second of reading `bytes` again and again with the dot kernel: from whatever cache
/// they fit in, or from memory.
inline double ReadBytesPerSecond(const kernels::KernelTable& kernels, std::size_t bytes) {
  const std::size_t n = bytes / sizeof(float) / 2;
  const std::vector<float> values = RandomFloats(2 * n);
  volatile float sink = 0;
  const int repeats = static_cast<int>(std::max<std::size_t>(1, (std::size_t{64} << 20) / bytes));
  const double seconds = BestSeconds(7, [&] {
    for (int i = 0; i < repeats; ++i)
      sink = sink + kernels.dot(values.data(), values.data() + n, n);
  });
  return static_cast<double>(bytes) * repeats / seconds;
}

}  // namespace fovea::bench

#endif  // FOVEA_BENCH_MACHINE_LIMITS_H_
