#include "tools/common/session_arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <thread>

namespace fovea::tools {
namespace {

std::string AvailableNames() {
  std::string names;
  for (const Isa isa : AvailableIsas()) {
    names += names.empty() ? "" : ", ";
    names += IsaName(isa);
  }
  return names;
}

/// Nothing for "choose the best".
Result<std::optional<Isa>> ResolveIsa(const std::string& argument) {
  std::string name = argument;
  std::string source = "--isa";
  if (name.empty()) {
    const char* environment = std::getenv("FOVEA_ISA");
    name = environment == nullptr ? "" : environment;
    source = "FOVEA_ISA";
  }
  if (name.empty()) return std::optional<Isa>();
  const std::optional<Isa> isa = IsaFromName(name);
  const std::vector<Isa> available = AvailableIsas();
  if (!isa || std::find(available.begin(), available.end(), *isa) == available.end()) {
    return Status(StatusCode::kInvalidArgument,
                  source + " " + name + ": this machine runs " + AvailableNames());
  }
  return isa;
}

}  // namespace

void AddSessionArguments(CLI::App& app, SessionArguments& arguments) {
  app.add_option("--threads", arguments.threads, "threads that compute (default: all cores)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_option("--context", arguments.context,
                 "tokens to make room for (default: as many as needed)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  app.add_option("--kv", arguments.kv, "precision of cached keys and values: f16 (default) or f32")
      ->check(CLI::IsMember({"f16", "f32"}))
      ->type_name("TYPE");
  app.add_option("--isa", arguments.isa,
                 "kernels to use: scalar, avx2, avx512, neon (default: the best; or FOVEA_ISA)")
      ->type_name("NAME");
  app.add_option("--max-memory", arguments.max_memory,
                 "refuse to start if more memory is needed, e.g. 512M")
      ->type_name("BYTES");
}

Result<std::size_t> ParseBytes(const std::string& text) {
  std::size_t value = 0;
  const char* end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data(), end, value);
  std::size_t unit = 1;
  std::string suffix(next, end);
  if (suffix == "K" || suffix == "k") unit = std::size_t{1} << 10;
  if (suffix == "M" || suffix == "m") unit = std::size_t{1} << 20;
  if (suffix == "G" || suffix == "g") unit = std::size_t{1} << 30;
  const bool known = suffix.empty() || unit != 1;
  if (error != std::errc() || !known || value == 0 || value > SIZE_MAX / unit) {
    return Status(StatusCode::kInvalidArgument,
                  "'" + text + "' is not a size in bytes, such as 1000000, 512M or 2G");
  }
  return value * unit;
}

Result<SessionOptions> ToSessionOptions(const SessionArguments& arguments) {
  SessionOptions options;
  options.threads = arguments.threads != 0
                        ? arguments.threads
                        : std::clamp(std::thread::hardware_concurrency(), 1U, 256U);
  options.max_tokens = arguments.context;
  options.kv_type = arguments.kv == "f32" ? DataType::kF32 : DataType::kF16;
  auto isa = ResolveIsa(arguments.isa);
  if (!isa) return isa.status();
  options.isa = *isa;
  if (!arguments.max_memory.empty()) {
    auto bytes = ParseBytes(arguments.max_memory);
    if (!bytes) return Status(bytes.status().code(), "--max-memory: " + bytes.status().message());
    options.max_memory = *bytes;
  }
  return options;
}

}  // namespace fovea::tools
