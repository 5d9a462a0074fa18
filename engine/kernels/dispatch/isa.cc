#include "fovea/isa.h"

#include <algorithm>
#include <array>
#include <string>

#include "engine/kernels/dispatch/kernel_table.h"
#include "platform/cpu_features.h"

namespace fovea {
namespace {

using IsaOrder = std::array<Isa, 11>;

/// Slowest first, where SVE's vectors are longer than NEON's.
constexpr IsaOrder kOrder = {
    Isa::kScalar, Isa::kNeon,   Isa::kNeonDotprod, Isa::kNeonI8mm,   Isa::kSve, Isa::kSveI8mm,
    Isa::kAvx2,   Isa::kAvx512, Isa::kAvx512Vnni,  Isa::kAvx512Bf16, Isa::kAmx,
};

/// The same elsewhere.
constexpr IsaOrder kOrderOfShortSve = {
    Isa::kScalar, Isa::kSve,    Isa::kNeon,       Isa::kNeonDotprod, Isa::kSveI8mm, Isa::kNeonI8mm,
    Isa::kAvx2,   Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Bf16,  Isa::kAmx,
};

const IsaOrder& OrderOn(const platform::CpuFeatures& cpu) {
  constexpr std::size_t kNeonBits = 128;
  return cpu.sve_vector_bits > kNeonBits ? kOrder : kOrderOfShortSve;
}

Isa BestOn(const platform::CpuFeatures& cpu) {
  const IsaOrder& order = OrderOn(cpu);
  // The scalar kernels are always there.
  return *std::find_if(order.rbegin(), order.rend(),
                       [&](Isa isa) { return kernels::KernelsFor(isa, cpu) != nullptr; });
}

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
    case Isa::kNeonDotprod: return "neon-dotprod";
    case Isa::kNeonI8mm: return "neon-i8mm";
    case Isa::kSve: return "sve";
    case Isa::kSveI8mm: return "sve-i8mm";
  }
  return "?";
}

std::optional<Isa> IsaFromName(std::string_view name) {
  for (const Isa isa : kOrder) {
    if (IsaName(isa) == name) return isa;
  }
  return std::nullopt;
}

std::vector<Isa> AvailableIsas() {
  const platform::CpuFeatures cpu = platform::DetectCpuFeatures();
  std::vector<Isa> available;
  for (const Isa isa : OrderOn(cpu)) {
    if (kernels::KernelsFor(isa, cpu) != nullptr) available.push_back(isa);
  }
  return available;
}

Isa BestIsa() {
  return BestOn(platform::DetectCpuFeatures());
}

Kernels Kernels::Best() {
  const platform::CpuFeatures cpu = platform::DetectCpuFeatures();
  return Kernels(*kernels::KernelsFor(BestOn(cpu), cpu));
}

Result<Kernels> Kernels::For(std::optional<Isa> isa) {
  if (!isa) return Best();
  const kernels::KernelTable* table = kernels::KernelsFor(*isa);
  if (table != nullptr) return Kernels(*table);
  return Status(StatusCode::kUnsupported,
                "instruction set '" + std::string(IsaName(*isa)) + "' cannot run on this CPU");
}

Isa Kernels::isa() const {
  return table_->isa;
}

}  // namespace fovea
