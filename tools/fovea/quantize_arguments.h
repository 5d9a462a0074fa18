// What `fovea quantize` and `fovea synth` have in common on their command lines.
#ifndef FOVEA_TOOLS_FOVEA_QUANTIZE_ARGUMENTS_H_
#define FOVEA_TOOLS_FOVEA_QUANTIZE_ARGUMENTS_H_

#include <cstddef>
#include <string>

#include <fovea/data_type.h>
#include <fovea/status.h>

namespace CLI {
class App;
}

namespace fovea::tools {

/// The type with this name (in any case) that numbers can be encoded to.
Result<DataType> TypeFromName(const std::string& name);

/// Their names, separated by ", ".
std::string TypeNames();

void AddQuantizeThreads(CLI::App& app, std::size_t& threads);
std::size_t ThreadsOrAllCores(std::size_t threads);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_QUANTIZE_ARGUMENTS_H_
