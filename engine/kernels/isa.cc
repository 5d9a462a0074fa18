#include "fovea/isa.h"

#include <array>

#include "engine/kernels/kernel_table.h"
#include "platform/cpu_features.h"

namespace fovea {
namespace {

/// Slowest first, where SVE's vectors are longer than NEON's.
constexpr std::array<Isa, 11> kAllIsas = {
    Isa::kScalar, Isa::kNeon,   Isa::kNeonDotprod, Isa::kNeonI8mm,   Isa::kSve, Isa::kSveI8mm,
    Isa::kAvx2,   Isa::kAvx512, Isa::kAvx512Vnni,  Isa::kAvx512Bf16, Isa::kAmx,
};

/// The same elsewhere.
constexpr std::array<Isa, 11> kAllIsasOfShortSve = {
    Isa::kScalar, Isa::kSve,    Isa::kNeon,       Isa::kNeonDotprod, Isa::kSveI8mm, Isa::kNeonI8mm,
    Isa::kAvx2,   Isa::kAvx512, Isa::kAvx512Vnni, Isa::kAvx512Bf16,  Isa::kAmx,
};

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
  for (const Isa isa : kAllIsas) {
    if (IsaName(isa) == name) return isa;
  }
  return std::nullopt;
}

std::vector<Isa> AvailableIsas() {
  constexpr std::size_t kNeonBits = 128;
  const bool long_sve = platform::DetectCpuFeatures().sve_vector_bits > kNeonBits;
  std::vector<Isa> available;
  for (const Isa isa : long_sve ? kAllIsas : kAllIsasOfShortSve) {
    if (kernels::KernelsFor(isa) != nullptr) available.push_back(isa);
  }
  return available;
}

Isa BestIsa() {
  return AvailableIsas().back();
}

}  // namespace fovea
