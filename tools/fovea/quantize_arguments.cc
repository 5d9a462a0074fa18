#include "tools/fovea/quantize_arguments.h"

#include <fovea/quantize.h>
#include <fovea/threads.h>

#include <CLI/CLI.hpp>

namespace fovea::tools {

Result<DataType> TypeFromName(const std::string& name) {
  for (const DataType type : EncodableTypes()) {
    if (CLI::detail::to_lower(std::string(DataTypeName(type))) == CLI::detail::to_lower(name)) {
      return type;
    }
  }
  return Status(StatusCode::kInvalidArgument, "TYPE '" + name + "' is none of " + TypeNames());
}

std::string TypeNames() {
  std::string names;
  for (const DataType type : EncodableTypes()) {
    if (!names.empty()) names += ", ";
    names += DataTypeName(type);
  }
  return names;
}

void AddQuantizeThreads(CLI::App& app, std::size_t& threads) {
  app.add_option("--threads", threads, "threads that compute (default: all cores)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
}

std::size_t ThreadsOrAllCores(std::size_t threads) {
  return threads != 0 ? threads : UsefulThreads();
}

}  // namespace fovea::tools
