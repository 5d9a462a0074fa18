// Instruction sets that the kernels are compiled for, and which of them this machine can run.
#ifndef FOVEA_ISA_H_
#define FOVEA_ISA_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "fovea/status.h"

namespace fovea {

namespace kernels {
struct KernelTable;
}

/// What kernels are compiled for. Example:
/// @code
/// for (Isa isa : AvailableIsas()) std::cout << IsaName(isa) << '\n';
/// auto session = Session::Create(model, {.isa = IsaFromName("scalar")});
/// @endcode
enum class Isa : std::uint8_t {
  kScalar,       ///< Portable C++, the oracle of the tests. Name "scalar".
  kAvx2,         ///< x86 AVX2 + FMA + F16C. Name "avx2".
  kAvx512,       ///< x86 AVX-512 F/BW/CD/DQ/VL. Name "avx512".
  kNeon,         ///< ARM Advanced SIMD. Name "neon".
  kAvx512Vnni,   ///< kAvx512 with VNNI's integer dot products. Name "avx512vnni".
  kAvx512Bf16,   ///< kAvx512Vnni with bfloat16 dot products. Name "avx512bf16".
  kAmx,          ///< kAvx512Bf16 with AMX tiles (int8 and bfloat16). Name "amx".
  kNeonDotprod,  ///< kNeon with integer dot products (ARMv8.2 DotProd). Name "neon-dotprod".
  kNeonI8mm,     ///< kNeonDotprod with matrix products (ARMv8.6 I8MM, BF16). Name "neon-i8mm".
  kSve,          ///< ARM SVE, vectors of any length. Name "sve".
  kSveI8mm,      ///< kSve with its matrix products of integers and of bfloat16. Name "sve-i8mm".
};

/// All of Isa in the order of its architectures and then of speed, for lists of names.
std::vector<Isa> AllIsas();

/// The name that Isa gives above.
std::string_view IsaName(Isa isa);

/// The reverse of IsaName; nothing for an unknown name.
std::optional<Isa> IsaFromName(std::string_view name);

/// Instruction sets that are compiled in and that this CPU runs, slowest first; never empty. Those
/// of SVE count as faster than those of NEON only where its vectors are longer than NEON's 128
/// bits.
std::vector<Isa> AvailableIsas();

/// The last of AvailableIsas().
Isa BestIsa();

/// The kernels of one instruction set, chosen once: asking the CPU takes up to some tenths of a
/// millisecond, longer than many computations do. Copies are as cheap as those of a pointer;
/// thread-safe. Example:
/// @code
/// const Kernels kernels = session.kernels();
/// const double loss = NegativeLogLikelihood(logits, ids[1], kernels);
/// @endcode
class Kernels {
 public:
  /// The best that this CPU has.
  static Kernels Best();
  /// Those of `isa`, or the best if it names none. kUnsupported if this CPU or this build lacks
  /// them.
  static Result<Kernels> For(std::optional<Isa> isa);

  /// What they are compiled for.
  Isa isa() const;

  /// For the engine itself.
  explicit Kernels(const kernels::KernelTable& table) : table_(&table) {}
  /// For the engine itself.
  const kernels::KernelTable& table() const { return *table_; }

 private:
  const kernels::KernelTable* table_;
};

}  // namespace fovea

#endif  // FOVEA_ISA_H_
