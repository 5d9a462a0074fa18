// Which instruction sets tests go through, one after the other: all of this machine, or fewer where
// somebody said so. What tests the engine's choice itself asks AvailableIsas().
#ifndef FOVEA_TESTS_KERNELS_ISAS_TO_TEST_H_
#define FOVEA_TESTS_KERNELS_ISAS_TO_TEST_H_

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "fovea/isa.h"

namespace fovea {

/// Of AvailableIsas() those that the environment's FOVEA_TEST_ISAS names ("sve sve-i8mm"); all if
/// it is not set. tools/test.sh sets it on emulated CPUs, where a set that another CPU tests would
/// cost minutes. A name that this CPU lacks ends the program: the test would otherwise pass for a
/// set that it never ran.
inline std::vector<Isa> IsasToTest() {
  const std::vector<Isa> available = AvailableIsas();
  const char* const chosen = std::getenv("FOVEA_TEST_ISAS");
  if (chosen == nullptr) return available;
  std::vector<Isa> wanted;
  std::istringstream names(chosen);
  for (std::string name; names >> name;) {
    const auto isa = std::find_if(available.begin(), available.end(),
                                  [&](Isa candidate) { return IsaName(candidate) == name; });
    if (isa == available.end()) {
      std::cerr << "FOVEA_TEST_ISAS: this CPU has no '" << name << "'\n";
      std::exit(2);
    }
    wanted.push_back(*isa);
  }
  if (wanted.empty()) {
    std::cerr << "FOVEA_TEST_ISAS names no instruction set\n";
    std::exit(2);
  }
  return wanted;
}

/// One that this CPU does not have: an x86 has no NEON, and others have no AVX2.
inline Isa MissingIsa() {
  const std::vector<Isa> available = AvailableIsas();
  const bool arm = std::find(available.begin(), available.end(), Isa::kNeon) != available.end();
  return arm ? Isa::kAvx2 : Isa::kNeon;
}

}  // namespace fovea

#endif  // FOVEA_TESTS_KERNELS_ISAS_TO_TEST_H_
