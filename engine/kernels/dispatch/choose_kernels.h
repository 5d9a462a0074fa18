// The kernels that a caller asked for by the name of an instruction set.
#ifndef FOVEA_KERNELS_DISPATCH_CHOOSE_KERNELS_H_
#define FOVEA_KERNELS_DISPATCH_CHOOSE_KERNELS_H_

#include <optional>

#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/isa.h"
#include "fovea/status.h"

namespace fovea::kernels {

/// The kernels of `isa`; nothing: the best that this CPU has. kUnsupported, naming the instruction
/// set, if the CPU lacks it.
Result<const KernelTable*> ChooseKernels(std::optional<Isa> isa);

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_DISPATCH_CHOOSE_KERNELS_H_
