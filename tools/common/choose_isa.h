// Which kernels to use, as the user says.
#ifndef FOVEA_TOOLS_COMMON_CHOOSE_ISA_H_
#define FOVEA_TOOLS_COMMON_CHOOSE_ISA_H_

#include <optional>
#include <string>

#include <fovea/isa.h>
#include <fovea/status.h>

namespace fovea::tools {

/// `option` is --isa's value, `variable` that of FOVEA_ISA (the option goes before it); both may be
/// empty: nothing chosen. The error names which of the two it was and lists what this CPU has.
Result<std::optional<Isa>> ChooseIsa(const std::string& option, const std::string& variable);

/// The names that --isa takes: "scalar, avx2, …, sve or sve-i8mm".
std::string IsaNames();

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_CHOOSE_ISA_H_
