// Tiled attention over the shapes of small models: prefill, decode deep in a context, for every
// type of cache, plain against observed (with an in-place reduction of every row). Prefill reports
// FLOP/s and the fraction of the multiply-add peak that a register-only loop reaches in the same
// process; decode the bytes of keys and values per second and the fraction of what a reading loop
// reaches.
//
// Example: attention_bench --benchmark_filter='prefill/SmolLM/.*/F16/threads:1'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include "bench/machine_limits.h"
#include "engine/attention/kv_cache.h"
#include "engine/attention/scratch_layout.h"
#include "engine/attention/tiled_attention.h"
#include "platform/aligned_buffer.h"
#include "platform/thread_pool.h"

namespace fovea::attention {
namespace {

struct Shape {
  const char* name;
  std::size_t heads, kv_heads, head_dim;
};

constexpr Shape kShapes[] = {{"15M", 6, 6, 48},   {"110M", 12, 12, 64}, {"SmolLM", 9, 3, 64},
                             {"0.5B", 14, 2, 64}, {"1.1B", 32, 4, 64},  {"wide", 8, 4, 128}};

constexpr DataType kTypes[] = {DataType::kF32, DataType::kF16, DataType::kBF16, DataType::kQ8_0};

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

struct Work {
  std::size_t tokens = 1;
  std::size_t cached = 0;  ///< Positions before them.
  std::size_t layers = 1;  ///< Visited in turn, so that caches do not hold what memory would.
  DataType type = DataType::kF16;
  std::size_t workers = 1;
  bool observed = false;
};

/// Bytes of a decode benchmark's keys and values, all layers together.
constexpr std::size_t kDecodeBytes = std::size_t{96} << 20;

attention::KvCache FilledCache(const kernels::KernelTable& kernels, const Shape& shape,
                               const Work& work) {
  const std::size_t positions = work.cached + work.tokens;
  const std::size_t row = shape.kv_heads * shape.head_dim;
  attention::KvCache cache({.type = work.type,
                            .layers = work.layers,
                            .kv_heads = shape.kv_heads,
                            .head_dim = shape.head_dim,
                            .value_dim = shape.head_dim,
                            .positions = positions});
  const std::vector<float> random = bench::RandomFloats(997 * 2 + 2 * row);
  for (std::size_t layer = 0; layer < work.layers; ++layer) {
    for (std::size_t p = 0; p < positions; ++p) {
      const float* key = random.data() + (p + layer) % 997;
      cache.Store(kernels, layer, p, key, key + row + p % 991);
    }
  }
  return cache;
}

void RunAttention(benchmark::State& state, const Shape& shape, Work work) {
  const kernels::KernelTable& kernels = *kernels::KernelsFor(BestIsa());
  const auto pool = platform::ThreadPool::Create(work.workers);
  const std::size_t positions = work.cached + work.tokens;
  const std::size_t width = shape.heads * shape.head_dim;
  const std::size_t layer_bytes = attention::KvCache::Bytes({.type = work.type,
                                                             .layers = 1,
                                                             .kv_heads = shape.kv_heads,
                                                             .head_dim = shape.head_dim,
                                                             .value_dim = shape.head_dim,
                                                             .positions = positions})
                                      .value();
  if (work.tokens == 1) work.layers = kDecodeBytes / layer_bytes + 1;
  const attention::KvCache cache = FilledCache(kernels, shape, work);
  const std::vector<float> query = bench::RandomFloats(work.tokens * width);
  std::vector<float> out(work.tokens * width);
  Reducer reducer(shape.heads, positions);
  Call call;
  call.tokens = work.tokens;
  call.heads = shape.heads;
  call.kv_heads = shape.kv_heads;
  call.head_dim = call.value_dim = shape.head_dim;
  call.positions = positions;
  call.query = query.data();
  call.query_stride = call.out_stride = width;
  call.mask.first_query = work.cached;
  call.scale = 1.0F / std::sqrt(static_cast<float>(shape.head_dim));
  call.out = out.data();
  call.observer = work.observed ? &reducer : nullptr;
  const std::size_t floats = ScratchFloats(kernels, {.batch_size = work.tokens,
                                                     .max_positions = positions,
                                                     .heads = shape.heads,
                                                     .kv_heads = shape.kv_heads,
                                                     .head_dim = shape.head_dim,
                                                     .value_dim = shape.head_dim,
                                                     .workers = work.workers,
                                                     .rows = work.observed});
  const auto scratch = platform::AlignedBuffer::Allocate(floats * sizeof(float));
  const Context context{&kernels, pool.get(), {scratch.As<float>(), floats}};
  std::size_t layer = 0;
  for (auto _ : state) {
    call.key = cache.Keys(layer);
    call.value = cache.Values(layer);
    Run(context, call);
    benchmark::ClobberMemory();
    layer = (layer + 1) % work.layers;
  }
  const double iterations = static_cast<double>(state.iterations());
  if (work.tokens == 1) {
    static const double memory = bench::ReadBytesPerSecond(kernels, std::size_t{256} << 20);
    const double read = static_cast<double>(layer_bytes) * iterations;
    state.counters["KV_bytes/s"] = benchmark::Counter(read, benchmark::Counter::kIsRate);
    state.counters["of_memory"] = benchmark::Counter(read / memory, benchmark::Counter::kIsRate);
    return;
  }
  // Two products of head_dim multiply-adds per visible cell.
  const double t = static_cast<double>(work.tokens);
  const double cells = t * static_cast<double>(work.cached) + t * (t + 1.0) / 2.0;
  const double done = cells * 4.0 * static_cast<double>(width) * iterations;
  static const double peak = bench::PeakFlops(BestIsa());
  const double all = peak * static_cast<double>(work.workers);
  state.counters["FLOP/s"] = benchmark::Counter(done, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(done / all, benchmark::Counter::kIsRate);
}

void Register() {
  for (const Shape& shape : kShapes) {
    for (const DataType type : kTypes) {
      for (const std::size_t workers : std::initializer_list<std::size_t>{1, 2}) {
        for (const bool observed : {false, true}) {
          const std::string end = "/" + std::string(DataTypeName(type)) +
                                  "/threads:" + std::to_string(workers) +
                                  (observed ? "/observed" : "/plain");
          const auto add = [&](const char* what, std::size_t number, const Work& work) {
            const std::string name =
                std::string(what) + "/" + shape.name + "/" + std::to_string(number) + end;
            benchmark::RegisterBenchmark(name.c_str(), RunAttention, shape, work)->UseRealTime();
          };
          Work work{.type = type, .workers = workers, .observed = observed};
          for (const std::size_t tokens : std::initializer_list<std::size_t>{128, 512, 2048}) {
            work.tokens = tokens;
            add("prefill", tokens, work);
          }
          work.tokens = 1;
          for (const std::size_t depth : std::initializer_list<std::size_t>{512, 2048, 8192}) {
            work.cached = depth - 1;
            add("decode", depth, work);
          }
        }
      }
    }
  }
}

const bool kRegistered = (Register(), true);

}  // namespace
}  // namespace fovea::attention
