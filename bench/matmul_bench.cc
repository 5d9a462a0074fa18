// Products over the shapes of PERFORMANCE's models: decode (one token) in bytes of weights per
// second against the memory's reading rate, prefill in operations per second against the FMA peak.
// One thread. Decode walks through as many matrices as a model has layers' worth of memory, so that
// weights come from where a model's come from, not from a cache that one matrix happens to fit in.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "bench/machine_limits.h"
#include "bench/random_matrices.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "engine/tensor/dequantize.h"
#include "engine/tensor/packed_panels.h"
#include "engine/tensor/weight_types.h"
#include "platform/aligned_buffer.h"
#include "platform/parallel.h"

namespace fovea::bench {
namespace {

constexpr std::size_t kDecodeBytes = std::size_t{96} << 20;  // beyond every cache of these machines

struct Limits {
  double operations;
  double memory_bytes;
};

void Matmul(benchmark::State& state, const kernels::KernelTable& kernels, DataType type,
            const Shape& shape, Arithmetic arithmetic, Limits limits) {
  const auto tokens = static_cast<std::size_t>(state.range(0));
  const std::size_t matrix_bytes = shape.rows * RowBytes(type, shape.cols);
  const RandomMatrices weights(type, shape, tokens == 1 ? kDecodeBytes / matrix_bytes + 1 : 2,
                               arithmetic == Arithmetic::kFast);
  const std::vector<float> x = RandomFloats(tokens * shape.cols);
  std::vector<float> out(tokens * shape.rows);
  const matmul::ScratchShape scratch_shape = {tokens, shape.cols, 1, kernels.bf16 != nullptr};
  const std::size_t floats = matmul::ScratchFloats(scratch_shape);
  const auto scratch = platform::AlignedBuffer::Allocate(floats * sizeof(float));
  platform::SerialParallel serial;
  const matmul::Context context = {.kernels = &kernels,
                                   .parallel = &serial,
                                   .arithmetic = arithmetic,
                                   .shape = scratch_shape,
                                   .scratch = {scratch.As<float>(), floats}};
  std::size_t next = 0;
  for (auto unused : state) {
    static_cast<void>(unused);
    const matmul::Product product = {weights.views[next], nullptr, out.data(), shape.rows};
    matmul::Multiply(context, {&product, 1}, x.data(), shape.cols, tokens);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
    next = (next + 1) % weights.views.size();
  }
  using Counter = benchmark::Counter;
  const double products = static_cast<double>(state.iterations());
  const double operations = 2.0 * static_cast<double>(shape.rows * shape.cols * tokens) * products;
  const double bytes = static_cast<double>(matrix_bytes) * products;
  state.counters["GFLOP/s"] = Counter(operations / 1e9, Counter::kIsRate);
  if (tokens == 1) {
    state.counters["GB/s"] = Counter(bytes / 1e9, Counter::kIsRate);
    state.counters["of_memory_read"] = Counter(bytes / limits.memory_bytes, Counter::kIsRate);
  } else {
    state.counters["of_peak"] = Counter(operations / limits.operations, Counter::kIsRate);
  }
}

int RegisterAll() {
  for (const Isa isa : AvailableIsas()) {
    if (isa == Isa::kScalar) continue;
    const kernels::KernelTable& kernels = *kernels::KernelsFor(isa);
    const std::string name(IsaName(isa));
    const double memory = ReadBytesPerSecond(kernels, std::size_t{256} << 20);
    const Limits exact = {PeakFlops(isa), memory};
    const Limits bytes = {PeakByteOperations(isa), memory};
    const Limits bf16 = {PeakBf16Operations(isa), memory};
    benchmark::AddCustomContext(name + " FMA peak, GFLOP/s",
                                std::to_string(exact.operations / 1e9));
    benchmark::AddCustomContext(name + " byte product peak, GOP/s",
                                std::to_string(bytes.operations / 1e9));
    benchmark::AddCustomContext(name + " bfloat16 product peak, GFLOP/s",
                                std::to_string(bf16.operations / 1e9));
    benchmark::AddCustomContext(name + " memory read, GB/s", std::to_string(memory / 1e9));
    for (const Shape& shape : kShapes) {
      for (const DataType type : kWeightTypes) {
        if (shape.cols % BlockElements(type) != 0) continue;
        for (const Arithmetic arithmetic : {Arithmetic::kFast, Arithmetic::kExact}) {
          const bool is_fast = arithmetic == Arithmetic::kFast;
          const bool in_bf16 = kernels.bf16 != nullptr && kernels.bf16->takes(type);
          if (is_fast && !HasPackedPanels(type) && !in_bf16) continue;
          const std::string title = "matmul/" + name + "/" + std::string(DataTypeName(type)) + "/" +
                                    shape.model + (is_fast ? "/fast" : "/exact");
          benchmark::RegisterBenchmark(title.c_str(), Matmul, kernels, type, shape, arithmetic,
                                       !is_fast  ? exact
                                       : in_bf16 ? bf16
                                                 : bytes)
              ->ArgName("tokens")
              ->Arg(1)
              ->Arg(4)
              ->Arg(16)
              ->Arg(64)
              ->Arg(512);
        }
      }
    }
  }
  return 0;
}

const int kRegistered = RegisterAll();

}  // namespace
}  // namespace fovea::bench
