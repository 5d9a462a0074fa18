#include "engine/model/load/folder/folder_files.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "engine/format/json.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::model {
namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

}  // namespace

std::string WithoutSlashes(const std::string& folder) {
  const std::size_t last = folder.find_last_not_of('/');
  return last == std::string::npos ? folder : folder.substr(0, last + 1);
}

Result<ConfigJson> ReadFolderConfig(const std::string& folder) {
  const std::string path = folder + "/config.json";
  if (!Exists(path)) {
    return Status(StatusCode::kNotFound,
                  folder + ": is a directory without config.json, which a model folder needs");
  }
  auto config = ConfigJson::Read(path);
  FOVEA_RETURN_IF_ERROR(config);
  for (const std::string_view name : {"quantization_config", "compression_config"}) {
    const auto section = config->root().FindSection({name});
    if (!section) continue;
    section->Fail(StatusCode::kUnsupported, "quant_method",
                  format::Concat({"is ", format::Quoted(section->Text({"quant_method"}, "?")),
                                  ": such weights are not supported, only F32, F16 and BF16"}));
  }
  FOVEA_RETURN_IF_ERROR(config->status());
  return config;
}

std::vector<std::int32_t> ReadIds(const ConfigSection& config, std::string_view name) {
  std::vector<std::int32_t> ids;
  const auto value = config.Find({name});
  if (!value) return ids;
  const auto add = [&](const format::JsonValue& id) {
    const auto number = id.Integer();
    // Some configurations say -1 where they mean none.
    if (number && *number < 0) return;
    if (!number || *number > std::numeric_limits<std::int32_t>::max()) {
      return config.Fail(StatusCode::kMalformed, name, "is no token id");
    }
    ids.push_back(static_cast<std::int32_t>(*number));
  };
  if (!value->IsArray()) {
    add(*value);
    return ids;
  }
  for (const auto& [key, id] : value->members()) add(id);
  return ids;
}

Result<std::optional<ConfigJson>> ReadIfThere(const std::string& path) {
  if (!Exists(path)) return std::optional<ConfigJson>();
  auto config = ConfigJson::Read(path);
  FOVEA_RETURN_IF_ERROR(config);
  return std::optional(std::move(*config));
}

void SetTokenIds(const ConfigSection& generation, const ConfigSection& config, Metadata* keys) {
  constexpr struct {
    std::string_view name;
    std::string_view key;
  } kIds[] = {{"bos_token_id", "tokenizer.ggml.bos_token_id"},
              {"eos_token_id", "tokenizer.ggml.eos_token_id"},
              {"pad_token_id", "tokenizer.ggml.padding_token_id"}};
  for (const auto& row : kIds) {
    std::vector<std::int32_t> ids = ReadIds(generation, row.name);
    if (ids.empty()) ids = ReadIds(config, row.name);
    if (ids.empty()) continue;
    keys->Set(std::string(row.key), static_cast<std::uint64_t>(ids.front()));
    if (ids.size() > 1 && row.name == "eos_token_id") {
      keys->Set("tokenizer.ggml.eos_token_ids", Metadata::Integers(ids.begin(), ids.end()));
    }
  }
}

Status ReadPooling(const std::string& folder, std::string_view architecture, Metadata* keys) {
  const std::string prefix = std::string(architecture) + ".";
  if (const std::string path = folder + "/1_Pooling/config.json"; Exists(path)) {
    const auto pooling = ConfigJson::Read(path);
    FOVEA_RETURN_IF_ERROR(pooling);
    constexpr struct {
      std::string_view name;
      std::uint64_t type;
    } kModes[] = {{"pooling_mode_mean_tokens", 1},
                  {"pooling_mode_cls_token", 2},
                  {"pooling_mode_lasttoken", 3}};
    for (const auto& mode : kModes) {
      if (pooling->root().Flag({mode.name}, false)) keys->Set(prefix + "pooling_type", mode.type);
    }
    FOVEA_RETURN_IF_ERROR(pooling->status());
  }
  if (const std::string path = folder + "/modules.json"; Exists(path)) {
    const auto modules = format::JsonDocument::Read(path, {.max_bytes = kMaxConfigBytes});
    FOVEA_RETURN_IF_ERROR(modules);
    for (const auto& [key, module] : modules->root().members()) {
      const auto type = module.Find("type");
      const std::string_view name = type ? type->Text().value_or("") : "";
      if (name.ends_with(".Normalize")) keys->Set(prefix + "normalize_embeddings", true);
      if (name.ends_with(".Dense")) {
        return modules->Error(StatusCode::kUnsupported,
                              "embeddings go through a Dense layer, which is not supported");
      }
    }
  }
  return {};
}

}  // namespace fovea::model
