#include "engine/kernels/dispatch/choose_kernels.h"

#include <string>

namespace fovea::kernels {

Result<const KernelTable*> ChooseKernels(std::optional<Isa> isa) {
  const Isa chosen = isa.value_or(BestIsa());
  const KernelTable* kernels = KernelsFor(chosen);
  if (kernels == nullptr) {
    return Status(StatusCode::kUnsupported,
                  "instruction set '" + std::string(IsaName(chosen)) + "' cannot run on this CPU");
  }
  return kernels;
}

}  // namespace fovea::kernels
