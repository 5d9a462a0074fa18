#include "tools/common/session_arguments.h"

#include <fovea/threads.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>

#include "fovea/status_macros.h"
#include "tools/common/choose_isa.h"
#include "tools/common/option_values.h"

namespace fovea::tools {
namespace {

constexpr std::size_t kMaxThreads = 256;  // of a session
constexpr std::size_t kMaxContext = std::numeric_limits<std::int32_t>::max();

struct KvType {
  std::string_view name;
  DataType type;
};
constexpr KvType kKvTypes[] = {{"f32", DataType::kF32},
                               {"f16", DataType::kF16},
                               {"bf16", DataType::kBF16},
                               {"int8", DataType::kQ8_0}};

Status ReadKvType(const std::optional<std::string>& given, DataType* type) {
  if (!given) return Status::Ok();
  for (const KvType& known : kKvTypes) {
    if (*given != known.name) continue;
    *type = known.type;
    return Status::Ok();
  }
  return Usage("--kv: '" + *given + "' is none of f32, f16, bf16 and int8");
}

/// A limit beyond what this machine can address is none.
std::size_t Addressable(std::uint64_t bytes) {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(bytes, std::numeric_limits<std::size_t>::max()));
}

}  // namespace

void SessionOptionTexts::AddTo(CLI::App* app, const SessionArguments& defaults) {
  const bool fast = defaults.arithmetic == Arithmetic::kFast;
  app->add_option("--threads", threads_,
                  "threads that compute (default: all cores, but none much slower than the rest)")
      ->type_name("N");
  app->add_option("--context", context_,
                  "tokens that fit into the KV cache (default: as many as needed)")
      ->type_name("N");
  app->add_option("--kv", kv_,
                  "type of cached keys and values: f32, f16, bf16 or int8 (default: " +
                      std::string(KvTypeName(defaults.kv_type)) + ")")
      ->type_name("TYPE");
  app->add_flag("--fast", fast_,
                std::string("quantize activations to 8 bits where weights are quantized") +
                    (fast ? " (default)" : ""));
  app->add_flag("--exact", exact_,
                std::string("keep activations in F32") + (fast ? "" : " (default)"));
  app->add_flag("--low-memory", low_memory_,
                "map the model file instead of rearranging it in memory (slower)");
  app->add_option("--isa", isa_,
                  "kernels to use: " + IsaNames() + " (default: the best; or FOVEA_ISA)")
      ->type_name("NAME");
  app->add_option("--max-memory", max_memory_,
                  "refuse to start if model and session need more memory, e.g. 512M")
      ->type_name("BYTES");
}

Status SessionOptionTexts::Read(SessionArguments* arguments) const {
  if (fast_ && exact_) return Usage("--fast, --exact: give only one of them");
  if (fast_) arguments->arithmetic = Arithmetic::kFast;
  if (exact_) arguments->arithmetic = Arithmetic::kExact;
  arguments->low_memory = arguments->low_memory || low_memory_;
  FOVEA_RETURN_IF_ERROR(ReadCount("--threads", threads_, 1, kMaxThreads, &arguments->threads));
  FOVEA_RETURN_IF_ERROR(ReadCount("--context", context_, 1, kMaxContext, &arguments->context));
  FOVEA_RETURN_IF_ERROR(ReadKvType(kv_, &arguments->kv_type));
  if (isa_ && isa_->empty()) return Usage("--isa: the name is empty");
  if (isa_) arguments->isa = *isa_;
  return ReadBytes("--max-memory", max_memory_, &arguments->max_memory);
}

void AddSessionArguments(CLI::App& app, SessionArguments& arguments) {
  auto texts = std::make_shared<SessionOptionTexts>();
  texts->AddTo(&app, arguments);
  app.parse_complete_callback([texts, &arguments] {
    const Status status = texts->Read(&arguments);
    if (!status.ok()) throw CLI::ValidationError(status.message());
  });
}

std::string_view KvTypeName(DataType type) {
  for (const KvType& known : kKvTypes) {
    if (known.type == type) return known.name;
  }
  return "?";
}

SessionOptions MakeSessionOptions(const SessionArguments& arguments, std::optional<Isa> isa) {
  SessionOptions options;
  options.context_size = arguments.context;
  options.kv_type = arguments.kv_type;
  options.arithmetic = arguments.arithmetic;
  options.threads = arguments.threads != 0 ? arguments.threads : UsefulThreads();
  options.isa = isa;
  options.max_memory = Addressable(arguments.max_memory);
  return options;
}

Result<SessionOptions> ToSessionOptions(const SessionArguments& arguments) {
  const char* variable = std::getenv("FOVEA_ISA");
  auto isa = ChooseIsa(arguments.isa, variable == nullptr ? "" : variable);
  FOVEA_RETURN_IF_ERROR(isa);
  return MakeSessionOptions(arguments, *isa);
}

LoadOptions ToLoadOptions(const SessionArguments& arguments) {
  return {.map = arguments.low_memory,
          .pack = arguments.arithmetic == Arithmetic::kFast && !arguments.low_memory,
          .max_memory = Addressable(arguments.max_memory)};
}

}  // namespace fovea::tools
