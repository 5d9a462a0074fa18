// Sums over a row of logits: its softmax denominator, and what the divergence of two rows takes.
#include "engine/kernels/dispatch/kernel_functions.h"

#include "engine/kernels/dispatch/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/elementwise/logit_sums.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "engine/kernels/elementwise/softmax-inl.h"
#include "engine/kernels/simd/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET

/// Vectors whose terms are added in float before they go on in double.
inline constexpr std::size_t kRun = 8;

/// One double per lane.
class LaneSums {
 public:
  HWY_INLINE void Add(F32 terms) {
    float lanes[kLanes];
    hn::StoreU(terms, F32Tag(), lanes);
    for (std::size_t i = 0; i < kLanes; ++i) sums_[i] += static_cast<double>(lanes[i]);
  }
  HWY_INLINE double Total() const {
    double total = 0.0;
    for (const double sum : sums_) total += sum;
    return total;
  }

 private:
  double sums_[kLanes] = {};
};

/// Calls body(offset, count) for each vector of n elements, count < kLanes for the last only, and
/// after_run() after every kRun of them and at the end.
template <typename Body, typename AfterRun>
HWY_INLINE void ForRuns(std::size_t n, const Body& body, const AfterRun& after_run) {
  for (std::size_t begin = 0; begin < n;) {
    for (std::size_t v = 0; v < kRun && begin < n; ++v, begin += kLanes) {
      body(begin, n - begin < kLanes ? n - begin : kLanes);
    }
    after_run();
  }
}

HWY_INLINE F32 LoadUpTo(const float* from, std::size_t count) {
  const F32Tag d;
  return count == kLanes ? hn::LoadU(d, from) : LoadFirst(d, from, count);
}

/// exp(x - shift), 0 beyond the first `count` lanes.
HWY_INLINE F32 PowerOf(F32 x, F32 shift, std::size_t count) {
  const F32Tag d;
  const F32 power = ExpNonPositive(hn::Sub(x, shift));
  return count == kLanes ? power : hn::IfThenElseZero(hn::FirstN(d, count), power);
}

double SumExp(const float* x, float shift, std::size_t n) {
  const F32Tag d;
  const F32 shifts = hn::Set(d, shift);
  LaneSums sums;
  F32 run = hn::Zero(d);
  ForRuns(
      n,
      [&](std::size_t at, std::size_t count)
          HWY_ATTR { run = hn::Add(run, PowerOf(LoadUpTo(x + at, count), shifts, count)); },
      [&]() HWY_ATTR {
        sums.Add(run);
        run = hn::Zero(d);
      });
  return sums.Total();
}

DivergenceTerms DivergenceSums(const float* p, float p_shift, const float* q, float gap,
                               std::size_t n) {
  const F32Tag d;
  const F32 shifts = hn::Set(d, p_shift);
  const F32 gaps = hn::Set(d, gap);
  LaneSums masses, logs;
  F32 mass_run = hn::Zero(d);
  F32 log_run = hn::Zero(d);
  ForRuns(
      n,
      [&](std::size_t at, std::size_t count) HWY_ATTR {
        const F32 x = LoadUpTo(p + at, count);
        const F32 ratio = hn::Add(hn::Sub(x, LoadUpTo(q + at, count)), gaps);
        const F32 mass = PowerOf(x, shifts, count);
        mass_run = hn::Add(mass_run, mass);
        log_run = hn::MulAdd(mass, ratio, log_run);
      },
      [&]() HWY_ATTR {
        masses.Add(mass_run);
        logs.Add(log_run);
        mass_run = hn::Zero(d);
        log_run = hn::Zero(d);
      });
  return {.mass = masses.Total(), .log_ratio = logs.Total()};
}

#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
