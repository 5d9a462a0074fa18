#include "fovea/isa.h"

#include <array>

#include "engine/kernels/kernel_table.h"

namespace fovea {
namespace {

/// Slowest first.
constexpr std::array kAllIsas = {Isa::kScalar,     Isa::kNeon,       Isa::kAvx2, Isa::kAvx512,
                                 Isa::kAvx512Vnni, Isa::kAvx512Bf16, Isa::kAmx};

}  // namespace

std::string_view IsaName(Isa isa) {
  switch (isa) {
    case Isa::kScalar: return "scalar";
    case Isa::kAvx2: return "avx2";
    case Isa::kAvx512: return "avx512";
    case Isa::kNeon: return "neon";
    case Isa::kAvx512Vnni: return "avx512vnni";
    case Isa::kAvx512Bf16: return "avx512bf16";
    case Isa::kAmx: return "amx";
  }
  return "?";
}

std::optional<Isa> IsaFromName(std::string_view name) {
  for (const Isa isa : kAllIsas) {
    if (IsaName(isa) == name) return isa;
  }
  return std::nullopt;
}

std::vector<Isa> AvailableIsas() {
  std::vector<Isa> available;
  for (const Isa isa : kAllIsas) {
    if (kernels::KernelsFor(isa) != nullptr) available.push_back(isa);
  }
  return available;
}

Isa BestIsa() {
  Isa best = Isa::kScalar;
  for (const Isa isa : kAllIsas) {
    if (kernels::KernelsFor(isa) != nullptr) best = isa;
  }
  return best;
}

}  // namespace fovea
