#include "tools/common/choose_isa.h"

#include <algorithm>
#include <vector>

namespace fovea::tools {

Result<std::optional<Isa>> ChooseIsa(const std::string& option, const std::string& variable) {
  const std::string& name = option.empty() ? variable : option;
  if (name.empty()) return std::optional<Isa>();
  const std::vector<Isa> available = AvailableIsas();
  const std::optional<Isa> isa = IsaFromName(name);
  if (isa && std::find(available.begin(), available.end(), *isa) != available.end()) return isa;
  std::string names;
  for (const Isa each : available) {
    names += (names.empty() ? "" : ", ") + std::string(IsaName(each));
  }
  return Status(StatusCode::kUnsupported,
                std::string(option.empty() ? "FOVEA_ISA" : "--isa") + ": " +
                    (isa ? "this CPU cannot run '" : "unknown instruction set '") + name +
                    "'; it has " + names);
}

std::string IsaNames() {
  const std::vector<Isa> all = AllIsas();
  std::string names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    names += i == 0 ? "" : i + 1 < all.size() ? ", " : " or ";
    names += IsaName(all[i]);
  }
  return names;
}

}  // namespace fovea::tools
