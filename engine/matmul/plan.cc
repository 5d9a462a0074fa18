#include "engine/matmul/plan.h"

#include <array>

#include "engine/matmul/native_providers.h"

namespace fovea::matmul {
namespace {

constexpr std::array kProviders = {
    Provider{"direct f32", AcceptsDirectF32, MultiplyDirectF32},
    Provider{"dequantized panel", AcceptsDequantizedPanel, MultiplyDequantizedPanel},
};

}  // namespace

std::span<const Provider> Providers() {
  return kProviders;
}

const Provider& Plan(const Problem& problem) {
  for (const Provider& provider : kProviders) {
    if (provider.accepts(problem)) return provider;
  }
  return kProviders.back();
}

}  // namespace fovea::matmul
