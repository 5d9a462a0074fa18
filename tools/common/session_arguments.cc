#include "tools/common/session_arguments.h"

#include <fovea/threads.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "fovea/status_macros.h"
#include "tools/common/choose_isa.h"
#include "tools/common/numbers.h"

namespace fovea::tools {
namespace {

DataType KvType(const std::string& name) {
  if (name == "f32") return DataType::kF32;
  if (name == "bf16") return DataType::kBF16;
  return name == "int8" ? DataType::kQ8_0 : DataType::kF16;
}

}  // namespace

void AddSessionArguments(CLI::App& app, SessionArguments& arguments) {
  app.add_option("--threads", arguments.threads,
                 "threads that compute (default: all cores, but none much slower than the rest)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_option("--context", arguments.context,
                 "tokens to make room for (default: as many as needed)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--kv", arguments.kv,
                 "type of cached keys and values: f16 (default), f32, bf16 or int8")
      ->check(CLI::IsMember({"f16", "f32", "bf16", "int8"}))
      ->type_name("TYPE");
  app.add_flag("--exact", arguments.exact,
               "keep activations in F32 (default: 8 bits where weights are quantized)");
  app.add_flag("--low-memory", arguments.low_memory,
               "map the model file instead of rearranging it in memory (slower)");
  app.add_option("--isa", arguments.isa,
                 "kernels to use: scalar, avx2, avx512, avx512vnni, avx512bf16, amx, neon, "
                 "neon-dotprod, neon-i8mm, sve, sve-i8mm (default: the best; or FOVEA_ISA)")
      ->type_name("NAME");
  app.add_option("--max-memory", arguments.max_memory,
                 "refuse to start if model and session need more memory, e.g. 512M")
      ->type_name("BYTES");
}

Result<SessionOptions> ToSessionOptions(const SessionArguments& arguments) {
  SessionOptions options;
  options.threads = arguments.threads != 0 ? arguments.threads : UsefulThreads();
  options.context_size = arguments.context;
  options.kv_type = KvType(arguments.kv);
  options.arithmetic = arguments.exact ? Arithmetic::kExact : Arithmetic::kFast;
  const char* variable = std::getenv("FOVEA_ISA");
  auto isa = ChooseIsa(arguments.isa, variable == nullptr ? "" : variable);
  FOVEA_RETURN_IF_ERROR(isa);
  options.isa = *isa;
  if (!arguments.max_memory.empty()) {
    const auto bytes = ParseByteCount(arguments.max_memory);
    if (!bytes || *bytes == 0 || *bytes > SIZE_MAX) {
      return Status(StatusCode::kInvalidArgument,
                    "--max-memory: '" + arguments.max_memory + "' is not a size like 500M or 2G");
    }
    options.max_memory = static_cast<std::size_t>(*bytes);
  }
  return options;
}

LoadOptions ToLoadOptions(const SessionArguments& arguments) {
  return {.map = arguments.low_memory,
          .pack = !arguments.exact && !arguments.low_memory,
          .max_memory = static_cast<std::size_t>(ParseByteCount(arguments.max_memory).value_or(0))};
}

}  // namespace fovea::tools
