#include "engine/c_api/session_options.h"

#include <optional>
#include <string>

#include "engine/c_api/structs.h"
#include "fovea/isa.h"
#include "fovea/status_macros.h"

namespace fovea::c_api {
namespace {

struct KvName {
  fovea_kv_type c;
  DataType type;
};
constexpr KvName kKvNames[] = {{FOVEA_KV_F16, DataType::kF16},
                               {FOVEA_KV_F32, DataType::kF32},
                               {FOVEA_KV_BF16, DataType::kBF16},
                               {FOVEA_KV_Q8, DataType::kQ8_0}};

Status Unknown(const char* field, std::int32_t value) {
  return {StatusCode::kInvalidArgument, std::string("fovea_session_options.") + field + " is " +
                                            std::to_string(value) + ", which means nothing"};
}

Status ReadKvType(fovea_kv_type given, SessionOptions* options) {
  if (given == FOVEA_KV_DEFAULT) return Status::Ok();
  for (const KvName& name : kKvNames) {
    if (name.c != given) continue;
    options->kv_type = name.type;
    return Status::Ok();
  }
  return Unknown("kv_type", given);
}

Status ReadArithmetic(fovea_arithmetic given, SessionOptions* options) {
  switch (given) {
    case FOVEA_ARITHMETIC_DEFAULT: return Status::Ok();
    case FOVEA_ARITHMETIC_FAST: options->arithmetic = Arithmetic::kFast; return Status::Ok();
    case FOVEA_ARITHMETIC_EXACT: options->arithmetic = Arithmetic::kExact; return Status::Ok();
    default: return Unknown("arithmetic", given);
  }
}

Status ReadPool(const fovea_thread_pool* given, fovea_thread_pool* pool) {
  FOVEA_RETURN_IF_ERROR(ReadOptions(given, "fovea_thread_pool", pool));
  if (given != nullptr && pool->run == nullptr) return NullArgument("fovea_thread_pool.run");
  return Status::Ok();
}

}  // namespace

Status ReadIsa(const char* given, const char* options_name, std::optional<Isa>* isa) {
  if (given == nullptr) return Status::Ok();
  *isa = IsaFromName(given);
  if (isa->has_value()) return Status::Ok();
  return {StatusCode::kInvalidArgument,
          std::string(options_name) + ".isa is \"" + given +
              "\", which is no instruction set; fovea_isa_name lists those of this CPU"};
}

Status ReadSessionOptions(const fovea_session_options* given, SessionSetup* setup) {
  fovea_session_options read;
  FOVEA_RETURN_IF_ERROR(ReadOptions(given, "fovea_session_options", &read));
  SessionOptions& plain = setup->plain;
  plain.context_size = read.context_size;
  plain.encoder_context_size = read.encoder_context_size;
  if (read.prefill_batch != 0) plain.prefill_batch = read.prefill_batch;
  if (read.threads != 0) plain.threads = read.threads;
  plain.adaptive_threads = read.threads_for_all_steps == 0;
  plain.max_memory = read.max_memory;
  FOVEA_RETURN_IF_ERROR(ReadKvType(read.kv_type, &plain));
  FOVEA_RETURN_IF_ERROR(ReadArithmetic(read.arithmetic, &plain));
  FOVEA_RETURN_IF_ERROR(ReadIsa(read.isa, "fovea_session_options", &plain.isa));
  FOVEA_RETURN_IF_ERROR(ReadPool(read.thread_pool, &setup->threads));
  return ReadAllocator(read.allocator, &setup->memory);
}

fovea_kv_type KvTypeToC(DataType type) {
  for (const KvName& name : kKvNames) {
    if (name.type == type) return name.c;
  }
  return FOVEA_KV_DEFAULT;
}

fovea_arithmetic ArithmeticToC(Arithmetic arithmetic) {
  return arithmetic == Arithmetic::kExact ? FOVEA_ARITHMETIC_EXACT : FOVEA_ARITHMETIC_FAST;
}

}  // namespace fovea::c_api
