// Names of instruction sets as GoogleTest wants parameters to be called: letters, digits,
// underscores.
#ifndef FOVEA_TESTS_KERNELS_ISA_TEST_NAME_H_
#define FOVEA_TESTS_KERNELS_ISA_TEST_NAME_H_

#include <algorithm>
#include <string>

#include "fovea/isa.h"

namespace fovea {

inline std::string IsaTestName(Isa isa) {
  std::string name(IsaName(isa));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace fovea

#endif  // FOVEA_TESTS_KERNELS_ISA_TEST_NAME_H_
