// Native products beside oneDNN's over the shapes of PERFORMANCE's models, one thread each, so that
// the plan knows whether a provider made of oneDNN would pay. oneDNN gets the easier task: weights
// prepacked for it, one scale for a whole matrix instead of one per 32 columns, activations already
// rounded. Ours include rounding and packing nothing. Built with -DFOVEA_BENCH_ONEDNN=ON.
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>
#include <vector>

#include "bench/machine_limits.h"
#include "bench/random_matrices.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "engine/matmul/matmul.h"
#include "platform/aligned_buffer.h"
#include "platform/parallel.h"

namespace fovea::bench {
namespace {

constexpr std::size_t kTokens[] = {1, 8, 64, 512};
constexpr int kRounds = 7;

/// Billions of operations per second: the best of a few runs, each long enough for the clock.
template <typename Function>
double Rate(double operations, const Function& function) {
  const auto repeats =
      std::max<std::size_t>(1, static_cast<std::size_t>(2e9 / std::max(operations, 1.0)));
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < repeats; ++i) function();
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    best = std::min(best, time.count() / static_cast<double>(repeats));
  }
  return operations / best / 1e9;
}

double Operations(const Shape& shape, std::size_t tokens) {
  return 2.0 * static_cast<double>(shape.rows * shape.cols * tokens);
}

double Native(DataType type, const Shape& shape, std::size_t tokens) {
  const kernels::KernelTable& kernels = *kernels::KernelsFor(BestIsa());
  const RandomMatrices weights(type, shape, 1, /*packed=*/true);
  const std::vector<float> x = RandomFloats(tokens * shape.cols);
  std::vector<float> out(tokens * shape.rows);
  const matmul::ScratchShape scratch_shape = {
      .batch_size = tokens, .max_cols = shape.cols, .workers = 1, .bf16 = kernels.bf16 != nullptr};
  const std::size_t floats = matmul::ScratchFloats(scratch_shape);
  const auto scratch = platform::AlignedBuffer::Allocate(floats * sizeof(float));
  platform::SerialParallel serial;
  const matmul::Context context = {.kernels = &kernels,
                                   .parallel = &serial,
                                   .arithmetic = Arithmetic::kFast,
                                   .shape = scratch_shape,
                                   .scratch = {scratch.As<float>(), floats}};
  const matmul::Product product = {weights.views[0], nullptr, out.data(), shape.rows};
  return Rate(Operations(shape, tokens), [&] {
    matmul::Multiply(context, {&product, 1}, x.data(), shape.cols, tokens);
  });
}

/// 0 where oneDNN has no such product on this CPU.
double OneDnn(dnnl::memory::data_type type, const Shape& shape, std::size_t tokens) {
  using Memory = dnnl::memory;
  const bool bytes = type == Memory::data_type::s8;
  const auto dim = [](std::size_t n) { return static_cast<Memory::dim>(n); };
  try {
    dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    dnnl::stream stream(engine);
    const Memory::desc x({dim(tokens), dim(shape.cols)}, type, Memory::format_tag::ab);
    const Memory::desc w({dim(shape.cols), dim(shape.rows)}, type, Memory::format_tag::any);
    const Memory::desc out({dim(tokens), dim(shape.rows)},
                           bytes ? Memory::data_type::s32 : Memory::data_type::f32,
                           Memory::format_tag::ab);
    const dnnl::matmul::primitive_desc plan(dnnl::matmul::desc(x, w, out), engine);
    Memory x_memory(plan.src_desc(), engine);
    Memory w_memory(plan.weights_desc(), engine);
    Memory out_memory(plan.dst_desc(), engine);
    // Small numbers in every type: bytes of 1 to 7, or floats made of two or four such bytes.
    for (Memory* memory : {&x_memory, &w_memory}) {
      auto* data = static_cast<std::uint8_t*>(memory->get_data_handle());
      for (std::size_t i = 0; i < memory->get_desc().get_size(); ++i) {
        data[i] = static_cast<std::uint8_t>(1 + i % 7 + (bytes ? 0 : 0x38 * (i % 2)));
      }
    }
    const dnnl::matmul product(plan);
    return Rate(Operations(shape, tokens), [&] {
      product.execute(
          stream,
          {{DNNL_ARG_SRC, x_memory}, {DNNL_ARG_WEIGHTS, w_memory}, {DNNL_ARG_DST, out_memory}});
      stream.wait();
    });
  } catch (const dnnl::error&) {
    return 0;
  }
}

void PrintTable() {
  std::printf("%s, one thread, billions of operations per second\n\n",
              std::string(IsaName(BestIsa())).c_str());
  std::printf("%-8s %6s | %8s %8s %8s %8s | %8s %8s %8s | %s\n", "shape", "tokens", "Q8_0", "Q4_0",
              "BF16", "F32", "dnnl s8", "bf16", "f32", "Q8_0 / s8");
  for (const Shape& shape : kShapes) {
    for (const std::size_t tokens : kTokens) {
      const double q8 = Native(DataType::kQ8_0, shape, tokens);
      const double q4 = Native(DataType::kQ4_0, shape, tokens);
      const double bf16 = Native(DataType::kBF16, shape, tokens);
      const double f32 = Native(DataType::kF32, shape, tokens);
      using Type = dnnl::memory::data_type;
      const double dnnl_s8 = OneDnn(Type::s8, shape, tokens);
      const double dnnl_bf16 = OneDnn(Type::bf16, shape, tokens);
      const double dnnl_f32 = OneDnn(Type::f32, shape, tokens);
      std::printf("%-8s %6zu | %8.0f %8.0f %8.0f %8.0f | %8.0f %8.0f %8.0f | %.2f\n", shape.model,
                  tokens, q8, q4, bf16, f32, dnnl_s8, dnnl_bf16, dnnl_f32,
                  dnnl_s8 > 0 ? q8 / dnnl_s8 : 0.0);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace fovea::bench

int main() {
  omp_set_num_threads(1);  // oneDNN's threads are OpenMP's.
  fovea::bench::PrintTable();
  return 0;
}
