// Tiled attention over the shapes of small models: plain against observed (with an in-place
// reduction of every row), and decode deep in a context. Reports GFLOP/s and the fraction of the
// multiply-add peak that a register-only loop reaches in the same process.
//
// Example: attention_bench --benchmark_filter='prefill/110M'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bench/machine_limits.h"
#include "engine/attention/tiled_attention.h"
#include "platform/aligned_buffer.h"
#include "platform/thread_pool.h"

namespace fovea::attention {
namespace {

struct Shape {
  const char* name;
  std::size_t heads, kv_heads, head_dim;
};

constexpr Shape kShapes[] = {{"15M", 6, 6, 48},
                             {"110M", 12, 12, 64},
                             {"SmolLM", 9, 3, 64},
                             {"0.5B", 14, 2, 64},
                             {"1.1B", 32, 4, 64}};

/// Adds up what each key of each head receives, as rows stream by.
class Reducer : public AttentionObserver {
 public:
  Reducer(std::size_t heads, std::size_t positions)
      : positions_(positions), received_(heads * positions) {}

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return true; }  // Heads have sums of their own.
  void OnRows(const AttentionRows& rows) override {
    float* received = received_.data() + rows.head * positions_;
    for (std::size_t r = 0; r < rows.query_count; ++r) {
      const float* row = rows.weights + r * rows.stride;
      for (std::size_t k = 0; k < rows.key_count; ++k) received[k] += row[k];
    }
  }

 private:
  AttentionSelection selection_;
  std::size_t positions_;
  std::vector<float> received_;  ///< [heads, positions]
};

/// `tokens` queries after `cached` positions; float16 cache.
void RunAttention(benchmark::State& state, const Shape& shape, std::size_t tokens,
                  std::size_t cached, std::size_t workers, bool observed) {
  const kernels::KernelTable& kernels = *kernels::KernelsFor(BestIsa());
  const auto pool = platform::ThreadPool::Create(workers);
  const std::size_t positions = cached + tokens;
  const std::size_t width = shape.heads * shape.head_dim;
  const std::vector<float> query = bench::RandomFloats(tokens * width);
  std::vector<float> out(tokens * width);
  std::vector<std::uint16_t> cache(2 * shape.kv_heads * positions * shape.head_dim);
  kernels.f32_to_f16(bench::RandomFloats(cache.size()).data(), cache.size(), cache.data());
  const std::byte* keys = reinterpret_cast<const std::byte*>(cache.data());
  Reducer reducer(shape.heads, positions);
  Call call;
  call.tokens = tokens;
  call.heads = shape.heads;
  call.kv_heads = shape.kv_heads;
  call.head_dim = call.value_dim = shape.head_dim;
  call.positions = positions;
  call.query = query.data();
  call.query_stride = call.out_stride = width;
  call.key = {DataType::kF16, keys, positions * shape.head_dim * 2, shape.head_dim * 2};
  call.value = {DataType::kF16, keys + cache.size(), call.key.head_stride,
                call.key.position_stride};
  call.mask = {.kind = Mask::Kind::kCausal, .first_query = cached};
  call.scale = 1.0F / std::sqrt(static_cast<float>(shape.head_dim));
  call.out = out.data();
  call.observer = observed ? &reducer : nullptr;
  const std::size_t floats = ScratchFloats(kernels, {.max_tokens = tokens,
                                                     .max_positions = positions,
                                                     .heads = shape.heads,
                                                     .kv_heads = shape.kv_heads,
                                                     .head_dim = shape.head_dim,
                                                     .value_dim = shape.head_dim,
                                                     .workers = workers,
                                                     .rows = observed});
  const auto scratch = platform::AlignedBuffer::Allocate(floats * sizeof(float));
  const Context context{&kernels, pool.get(), {scratch.As<float>(), floats}};
  for (auto _ : state) {
    Run(context, call);
    benchmark::ClobberMemory();
  }
  // Two products of head_dim multiply-adds per visible cell.
  const double t = static_cast<double>(tokens);
  const double cells = t * static_cast<double>(cached) + t * (t + 1.0) / 2.0;
  const double flops = cells * 4.0 * static_cast<double>(width);
  const double done = flops * static_cast<double>(state.iterations());
  static const double peak = bench::PeakFlops(BestIsa());
  state.counters["FLOP/s/core"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(done / peak, benchmark::Counter::kIsRate);
}

void Register() {
  for (const Shape& shape : kShapes) {
    for (const bool observed : {false, true}) {
      const std::string end = observed ? "/observed" : "/plain";
      for (const std::size_t workers : {1, 2}) {
        const std::string threads = "/threads:" + std::to_string(workers);
        for (const std::size_t tokens : {128, 512, 2048}) {
          benchmark::RegisterBenchmark(
              (std::string("prefill/") + shape.name + "/" + std::to_string(tokens) + threads + end)
                  .c_str(),
              RunAttention, shape, tokens, std::size_t{0}, workers, observed)
              ->MeasureProcessCPUTime();
        }
        benchmark::RegisterBenchmark(
            (std::string("decode/") + shape.name + "/2048" + threads + end).c_str(), RunAttention,
            shape, std::size_t{1}, std::size_t{2047}, workers, observed)
            ->MeasureProcessCPUTime();
      }
    }
  }
}

const bool kRegistered = (Register(), true);

}  // namespace
}  // namespace fovea::attention
