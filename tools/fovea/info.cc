// fovea info: what a model file holds, and what running it takes.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fovea/fovea.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fovea/status_macros.h"
#include "tools/common/open_session.h"
#include "tools/common/process_memory.h"
#include "tools/common/session_arguments.h"
#include "tools/fovea/commands.h"

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

struct InfoArguments {
  std::string model;
  SessionArguments session;
  bool tensors = false;
  bool json = false;
};

/// What stacks have in common: the sizes of layers and heads.
Json Sizes(const StackInfo& stack) {
  return {{"layers", stack.layers},      {"hidden_size", stack.hidden_size},
          {"ffn_size", stack.ffn_size},  {"heads", stack.heads},
          {"kv_heads", stack.kv_heads},  {"head_dim", stack.head_dim},
          {"value_dim", stack.value_dim}};
}

/// How a stack attends; what is not there is left out.
void AddAttention(const StackInfo& stack, Json& json) {
  json["attention_scale"] = stack.attention_scale;
  if (stack.attention_softcap > 0) json["attention_softcap"] = stack.attention_softcap;
  if (std::any_of(stack.windows.begin(), stack.windows.end(), [](auto w) { return w != 0; })) {
    json["windows"] = stack.windows;
  }
}

bool IsRotary(PositionKind position) {
  return position == PositionKind::kRopeHalves || position == PositionKind::kRopeInterleaved;
}

Json Hyperparameters(const ModelInfo& info) {
  Json json = {{"file", info.path},
               {"family", info.family},
               {"kind", ModelKindName(info.kind)},
               {"name", info.name},
               {"parameters", info.parameters},
               {"weight_type", info.weight_type},
               {"file_bytes", info.file_bytes}};
  json.update(Sizes(info));
  json["vocabulary"] = info.vocabulary;
  json["context"] = info.context;
  json["position"] = PositionKindName(info.position);
  if (IsRotary(info.position)) {
    json["rope_base"] = info.rope_base;
    json["rope_scaling"] = RopeScalingName(info.rope_scaling);
    json["rope_factor"] = info.rope_factor;
  }
  AddAttention(info, json);
  if (info.logit_softcap > 0) json["logit_softcap"] = info.logit_softcap;
  if (info.has_encoder()) json["pooling"] = PoolingName(info.pooling);
  if (info.kind == ModelKind::kEncoder) json["has_logits"] = info.has_logits;
  if (info.kind == ModelKind::kEncoderDecoder) {
    json["decoder_start_token"] = info.decoder_start_token;
    json["encoder"] = Sizes(info.encoder);
    AddAttention(info.encoder, json["encoder"]);
  }
  return json;
}

Json Tensors(const Model& model) {
  Json list = Json::array();
  for (const TensorSummary& tensor : model.Tensors()) {
    list.push_back({{"name", tensor.name},
                    {"type", DataTypeName(tensor.type)},
                    {"shape", tensor.shape},
                    {"bytes", tensor.bytes}});
  }
  return list;
}

std::string Mebibytes(double bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f MiB", bytes / 1048576.0);
  return text;
}

/// Rows of key and value; those of an object inside have its key in front: "encoder layers".
std::string Table(const Json& json, const std::string& prefix = "") {
  constexpr std::size_t kColumn = 26;
  std::string text;
  for (const auto& [key, value] : json.items()) {
    if (value.is_array() && !value.empty() && value[0].is_object()) continue;
    if (value.is_object()) {
      text += Table(value, prefix + key + " ");
      continue;
    }
    std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
    if (key.ends_with("bytes")) shown += " (" + Mebibytes(value.get<double>()) + ")";
    const std::string name = prefix + key;
    text +=
        name + std::string(name.size() < kColumn ? kColumn - name.size() : 1, ' ') + shown + "\n";
  }
  return text;
}

std::string TensorTable(const Json& tensors) {
  std::string text;
  for (const Json& tensor : tensors) {
    char line[512];
    std::snprintf(line, sizeof line, "%-40s %-7s %-18s %12llu\n",
                  tensor["name"].get<std::string>().c_str(),
                  tensor["type"].get<std::string>().c_str(), tensor["shape"].dump().c_str(),
                  static_cast<unsigned long long>(tensor["bytes"].get<std::uint64_t>()));
    text += line;
  }
  return text;
}

const char* HowWeightsLie(const LoadOptions& load) {
  if (load.map) return "mapped from the file: the system may take them back";
  return load.pack ? "read into memory, rearranged in place" : "read into memory";
}

/// Code that a run touches and this command has not (kernels, tokenizer, sampler): 1.2 to 1.5 MB
/// were measured with the model that ships.
constexpr std::size_t kCodeOfARun = std::size_t{1} << 20;

/// What a run of these options takes at its peak. `program` bytes are resident without a model.
void AddMemory(const InfoArguments& arguments, const MemoryEstimate& memory,
               std::size_t context_size, std::size_t threads, std::size_t program, Json& json) {
  json["memory_for_context"] = context_size;
  json["memory_for_threads"] = threads;
  json["weights_are"] = HowWeightsLie(ToLoadOptions(arguments.session));
  json["weights_bytes"] = memory.model.weights;
  json["packed_copies_bytes"] = 0;
  json["metadata_bytes"] = memory.model.metadata;
  json["kv_cache_bytes"] = memory.session.kv_cache;
  json["scratch_bytes"] = memory.session.scratch;
  json["program_bytes"] = program;
  json["peak_bytes"] = memory.total() + program;
}

Status Info(const InfoArguments& arguments) {
  const std::size_t program = ResidentBytes() + kCodeOfARun;
  auto options = ToSessionOptions(arguments.session);
  FOVEA_RETURN_IF_ERROR(options);
  auto model = Model::Load(arguments.model, {.map = true});
  FOVEA_RETURN_IF_ERROR(model);
  Json json = Hyperparameters(model->info());
  if (model->tokenizer() != nullptr) {
    json["tokenizer"] = model->tokenizer()->kind();
  } else {
    json["tokenizer"] = "none: " + model->tokenizer_status().message();
  }
  options->encoder_context_size = options->context_size;
  auto memory = MemoryWithin(*model, *options);
  FOVEA_RETURN_IF_ERROR(memory);
  AddMemory(arguments, *memory,
            options->context_size != 0 ? options->context_size : model->info().context,
            options->threads, program, json);
  if (arguments.tensors) json["tensors"] = Tensors(*model);
  if (arguments.json) {
    return Print(json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  return Print(Table(json) + (arguments.tensors ? "\n" + TensorTable(json["tensors"]) : ""));
}

}  // namespace

void AddInfo(CLI::App& app, Command& command) {
  auto arguments = std::make_shared<InfoArguments>();
  CLI::App* sub =
      app.add_subcommand("info", "Hyperparameters, tensors, and the memory that a context needs");
  sub->add_option("MODEL", arguments->model, "GGUF file or model folder")->required();
  sub->add_flag("--tensors", arguments->tensors, "list every tensor");
  sub->add_flag("--json", arguments->json, "print one JSON object");
  AddSessionArguments(*sub, arguments->session);
  sub->callback([arguments, &command] { command = [arguments] { return Info(*arguments); }; });
}

}  // namespace fovea::tools
