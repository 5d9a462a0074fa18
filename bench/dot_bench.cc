// The dot product from each level of memory, and the dequantizing of a row, against the rate of
// reading and the rate of fused multiply-adds.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "bench/machine_limits.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/weight_types.h"

namespace fovea::bench {
namespace {

void Dot(benchmark::State& state, const kernels::KernelTable& kernels, double peak_flops) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const std::vector<float> a = RandomFloats(n);
  const std::vector<float> b = RandomFloats(n);
  for (auto unused : state) {
    static_cast<void>(unused);
    benchmark::DoNotOptimize(kernels.dot(a.data(), b.data(), n));
  }
  const double operations = 2.0 * static_cast<double>(n) * static_cast<double>(state.iterations());
  using Counter = benchmark::Counter;
  state.counters["GFLOP/s"] = Counter(operations / 1e9, Counter::kIsRate);
  state.counters["of_peak"] = Counter(operations / peak_flops, Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(operations) * 4);
}

void Dequantize(benchmark::State& state, const kernels::KernelTable& kernels, DataType type,
                double read_rate) {
  constexpr std::size_t kElements = 2048;
  std::vector<std::byte> row(RowBytes(type, kElements));
  std::mt19937 random(1);
  for (std::byte& byte : row) byte = static_cast<std::byte>(random() & 63U);
  std::vector<float> out(kElements);
  for (auto unused : state) {
    static_cast<void>(unused);
    kernels.dequantize(type, row.data(), kElements, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  const double bytes = static_cast<double>(row.size()) * static_cast<double>(state.iterations());
  using Counter = benchmark::Counter;
  state.counters["values/ns"] =
      Counter(static_cast<double>(kElements) * static_cast<double>(state.iterations()) / 1e9,
              Counter::kIsRate);
  state.counters["of_memory_read"] = Counter(bytes / read_rate, Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

int RegisterAll() {
  for (const Isa isa : AvailableIsas()) {
    if (isa == Isa::kScalar) continue;
    const kernels::KernelTable& kernels = *kernels::KernelsFor(isa);
    const std::string name(IsaName(isa));
    const double peak = PeakFlops(isa);
    benchmark::AddCustomContext(name + " FMA peak, GFLOP/s", std::to_string(peak / 1e9));
    // First cache, second cache, memory.
    benchmark::RegisterBenchmark(("dot/" + name).c_str(), Dot, kernels, peak)
        ->Arg(64)
        ->Arg(288)
        ->Arg(768)
        ->Arg(2048)
        ->Arg(1 << 16)
        ->Arg(1 << 23);
    const double memory = ReadBytesPerSecond(kernels, std::size_t{256} << 20);
    benchmark::AddCustomContext(name + " memory read, GB/s", std::to_string(memory / 1e9));
    for (const DataType type : kWeightTypes) {
      if (type == DataType::kF32) continue;
      benchmark::RegisterBenchmark(
          ("dequantize/" + name + "/" + std::string(DataTypeName(type))).c_str(), Dequantize,
          kernels, type, memory);
    }
  }
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace fovea::bench
