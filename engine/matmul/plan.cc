#include "engine/matmul/plan.h"

#include <algorithm>
#include <span>

#include "engine/matmul/bf16_provider.h"
#include "engine/matmul/native_providers.h"
#include "engine/matmul/packed_provider.h"

namespace fovea::matmul {
namespace {

constexpr Provider kProviders[] = {
    Provider{"integer panels", AcceptsPacked, MultiplyPacked, /*quantizes=*/true},
    Provider{"direct f32", AcceptsDirectF32, MultiplyDirectF32},
    Provider{"bfloat16", AcceptsBf16, MultiplyBf16, /*quantizes=*/false, /*rounds=*/true},
    Provider{"direct half", AcceptsDirectHalf, MultiplyDirectHalf},
    Provider{"dequantized panel", AcceptsDequantizedPanel, MultiplyDequantizedPanel},
};

/// Half of a usual second-level cache of 512 KiB, so that a row of inputs and the block being
/// decoded fit beside it.
constexpr std::size_t kPanelFloats = 64 * 1024;
static_assert(kPanelFloats * sizeof(float) >= kernels::kBf16ScratchBytes);

/// A panel has at least this many rows, whatever their length: with fewer, register tiles would not
/// be full. A panel of quantized rows and its outputs need less.
constexpr std::size_t kMinPanelRows = 8;
constexpr std::size_t kPanelOutputs = 64 * 16;

}  // namespace

std::size_t PanelFloats(std::size_t max_cols) {
  const std::size_t floats = std::max(kPanelFloats, kMinPanelRows * max_cols + kPanelOutputs);
  constexpr std::size_t kLineFloats = 16;  // Panels of two workers never share a cache line.
  return (floats + kLineFloats - 1) / kLineFloats * kLineFloats;
}

std::span<const Provider> Providers() {
  return kProviders;
}

const Provider& Plan(const Problem& problem) {
  for (const Provider& provider : kProviders) {
    if (provider.accepts(problem)) return provider;
  }
  return std::span(kProviders).back();
}

}  // namespace fovea::matmul
