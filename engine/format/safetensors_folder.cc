#include "engine/format/safetensors_folder.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <system_error>
#include <utility>

#include "engine/format/json.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::format {
namespace {

constexpr std::string_view kEnding = ".safetensors";
constexpr std::size_t kMaxIndexBytes = 64 << 20;
constexpr std::size_t kMaxShards = 1024;

bool IsPlainName(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return c != '/' && c != '\\' && c != ':' && static_cast<unsigned char>(c) >= 0x20;
  });
  return plain && name.size() > kEnding.size() && name.size() <= 255 && name.front() != '.' &&
         name.ends_with(kEnding);
}

}  // namespace

Result<SafetensorsFolder> SafetensorsFolder::Open(const std::string& folder,
                                                  SafetensorsFile::Access access,
                                                  const platform::MemorySource& source) {
  const std::string single = folder + "/model.safetensors";
  const std::string index = single + ".index.json";
  std::error_code ignored;
  SafetensorsFolder opened;
  return platform::IfMemoryLasts(
      [&]() -> Result<SafetensorsFolder> {
        if (std::filesystem::exists(single, ignored)) {
          auto file = SafetensorsFile::Open(single, access, source);
          FOVEA_RETURN_IF_ERROR(file);
          opened.path_ = single;
          opened.files_.push_back(std::move(file).value());
          opened.places_.reserve(opened.files_[0].tensors().size());
          for (const SafetensorsTensor& tensor : opened.files_[0].tensors()) {
            opened.places_.push_back({tensor.name, 0});
          }
        } else if (std::filesystem::exists(index, ignored)) {
          opened.path_ = index;
          FOVEA_RETURN_IF_ERROR(opened.OpenShards(folder, index, access, source));
        } else {
          return Status(StatusCode::kNotFound, Concat({folder,
                                                       ": has neither model.safetensors nor "
                                                       "model.safetensors.index.json"}));
        }
        opened.index_.Build(opened.places_);
        return std::move(opened);
      },
      [&]() -> Result<SafetensorsFolder> {
        return Status(StatusCode::kOutOfMemory,
                      Concat({folder, ": not enough memory for the list of tensors"}));
      });
}

Status SafetensorsFolder::OpenShards(const std::string& folder, const std::string& index_path,
                                     SafetensorsFile::Access access,
                                     const platform::MemorySource& source) {
  const auto json = JsonDocument::Read(index_path, {.max_bytes = kMaxIndexBytes});
  FOVEA_RETURN_IF_ERROR(json);
  const auto map = json->root().Find("weight_map");
  if (!map || !map->IsObject()) {
    return json->Error(StatusCode::kMalformed, "weight_map is missing or no object");
  }
  std::map<std::string_view, std::uint32_t, std::less<>> shards;
  places_.reserve(map->size());
  for (const auto& [name, value] : map->members()) {
    const auto shard = value.Text();
    if (!shard) {
      return json->Error(StatusCode::kMalformed,
                         Concat({"weight_map: the file of tensor ", Quoted(name), " is ",
                                 JsonKindName(value.kind()), ", not a string"}));
    }
    const auto known = shards.find(*shard);
    if (known == shards.end()) {
      if (!IsPlainName(*shard)) {
        return json->Error(StatusCode::kMalformed,
                           Concat({"weight_map: ", Quoted(*shard),
                                   " is not the plain name of a .safetensors file in the folder"}));
      }
      if (shards.size() == kMaxShards) {
        return json->Error(StatusCode::kLimitExceeded, "weight_map names more than 1024 files");
      }
      auto file = SafetensorsFile::Open(folder + "/" + std::string(*shard), access, source);
      FOVEA_RETURN_IF_ERROR(file);
      shards.emplace(*shard, static_cast<std::uint32_t>(files_.size()));
      files_.push_back(std::move(file).value());
    }
    const std::uint32_t file =
        known == shards.end() ? static_cast<std::uint32_t>(files_.size() - 1) : known->second;
    const SafetensorsTensor* tensor = files_[file].Find(name);
    if (tensor == nullptr) {
      return json->Error(StatusCode::kMalformed, Concat({"weight_map: tensor ", Quoted(name),
                                                         " is not in ", Quoted(*shard)}));
    }
    places_.push_back({tensor->name, file});
  }
  return {};
}

const SafetensorsTensor* SafetensorsFolder::Find(std::string_view name) const {
  const Place* place = index_.Find(places_, name);
  return place == nullptr ? nullptr : files_[place->file].Find(name);
}

Result<const SafetensorsTensor*> SafetensorsFolder::Require(std::string_view name) const {
  const Place* place = index_.Find(places_, name);
  if (place == nullptr) {
    return Status(StatusCode::kNotFound, Concat({path_, ": tensor ", Quoted(name), ": missing"}));
  }
  return files_[place->file].Require(name);
}

std::size_t SafetensorsFolder::heap_bytes() const {
  std::size_t bytes = places_.capacity() * sizeof(Place) + index_.heap_bytes();
  for (const SafetensorsFile& file : files_) bytes += file.heap_bytes();
  return bytes;
}

}  // namespace fovea::format
