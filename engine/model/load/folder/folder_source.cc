#include "engine/model/load/folder/folder_source.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/format/message.h"
#include "engine/format/safetensors_folder.h"
#include "engine/model/load/folder/architecture.h"
#include "engine/model/load/folder/config_json.h"
#include "engine/model/load/folder/folder_files.h"
#include "engine/model/load/folder/tensor_copy.h"
#include "fovea/quantize.h"
#include "fovea/status_macros.h"
#include "platform/content_hash.h"
#include "platform/exceptions.h"
#include "platform/mapped_pages.h"

namespace fovea::model {
namespace {

using format::Concat;
using format::Number;
using format::Quoted;
using format::SafetensorsFile;
using format::SafetensorsFolder;

constexpr std::size_t kHashedAtOnce = std::size_t{1} << 20;

Status CheckQuantize(const std::string& path, std::optional<DataType> type) {
  if (!type || CanEncode(*type)) return {};
  if (EncodableTypes().empty()) {
    return {StatusCode::kUnsupported,
            path + ": this build of Fovea has no quantizer (FOVEA_QUANTIZE=OFF)"};
  }
  return {StatusCode::kInvalidArgument,
          Concat({path, ": weights cannot be encoded to type ", DataTypeName(*type)})};
}

/// Without keeping the pages of the files in memory.
std::string HashOf(const SafetensorsFolder& folder) {
  std::vector<const SafetensorsFile*> files;
  for (const SafetensorsFile& file : folder.files()) files.push_back(&file);
  std::sort(files.begin(), files.end(), [](const SafetensorsFile* a, const SafetensorsFile* b) {
    return a->path() < b->path();
  });
  platform::ContentHash hash;
  for (const SafetensorsFile* file : files) {
    std::span<const std::byte> rest = file->bytes();
    while (!rest.empty()) {
      const auto block = rest.first(std::min(kHashedAtOnce, rest.size()));
      hash.Add(block);
      platform::ReleaseMappedPages(block);
      rest = rest.subspan(block.size());
    }
  }
  return hash.HexDigits();
}

}  // namespace

Result<std::unique_ptr<format::ModelSource>> OpenFolder(const std::string& folder,
                                                        const FolderOptions& options) {
  auto source = FolderSource::Open(folder, options);
  FOVEA_RETURN_IF_ERROR(source);
  return std::unique_ptr<format::ModelSource>(std::move(*source));
}

Result<std::unique_ptr<FolderSource>> FolderSource::Open(const std::string& folder,
                                                         const FolderOptions& options) {
  return platform::IfMemoryLasts(
      [&]() -> Result<std::unique_ptr<FolderSource>> {
        std::unique_ptr<FolderSource> source(new FolderSource());
        source->path_ = WithoutSlashes(folder);
        FOVEA_RETURN_IF_ERROR(source->Read(options));
        return source;
      },
      [&]() -> Result<std::unique_ptr<FolderSource>> {
        return Status(StatusCode::kOutOfMemory, folder + ": not enough memory to load the folder");
      });
}

Status FolderSource::Read(const FolderOptions& options) {
  FOVEA_RETURN_IF_ERROR(CheckQuantize(path_, options.quantize));
  const auto config = ReadFolderConfig(path_);
  FOVEA_RETURN_IF_ERROR(config);
  const auto row = FindArchitecture(config->root(), path_);
  FOVEA_RETURN_IF_ERROR(row);
  FOVEA_RETURN_IF_ERROR(config->status());
  const auto shards = SafetensorsFolder::Open(path_, SafetensorsFile::Access::kMap);
  FOVEA_RETURN_IF_ERROR(shards);
  for (const SafetensorsFile& file : shards->files()) file_bytes_ += file.bytes().size();

  Facts facts;
  const bool tied = config->root().Flag({"tie_word_embeddings"}, (*row)->tied);
  const bool classifies = shards->Find("classifier.weight") != nullptr ||
                          shards->Find("classifier.out_proj.weight") != nullptr;
  facts.conditions |= tied ? kTied : kUntied;
  facts.conditions |= classifies ? kClassifies : kUnclassified;
  keys_.Set("general.architecture", std::string((*row)->name));
  keys_.Set("general.name", std::filesystem::path(path_).filename().string());
  const auto generation = ReadIfThere(path_ + "/generation_config.json");
  FOVEA_RETURN_IF_ERROR(generation);
  const ConfigSection generating = generation->has_value() ? (*generation)->root() : config->root();
  (*row)->translate({config->root(), generating, (*row)->name, &keys_, &facts});
  SetTokenIds(generating, config->root(), &keys_);
  FOVEA_RETURN_IF_ERROR(config->status());
  if (generation->has_value()) FOVEA_RETURN_IF_ERROR((*generation)->status());
  if (HasKey(std::string((*row)->name) + ".attention.causal")) {
    FOVEA_RETURN_IF_ERROR(ReadPooling(path_, (*row)->name, &keys_));
  }
  const auto plan = PlanTensors(path_, **row, &facts, *shards, options.quantize);
  FOVEA_RETURN_IF_ERROR(plan);
  if (options.max_memory != 0 && plan->bytes > options.max_memory) {
    return {StatusCode::kLimitExceeded,
            Concat({path_, ": the weights need ", Number(std::uint64_t{plan->bytes}),
                    " bytes, the memory limit is ", Number(std::uint64_t{options.max_memory})})};
  }
  if (options.content_hash) content_hash_ = HashOf(*shards);
  return Fill(*plan, facts, options);
}

Status FolderSource::Fill(const TensorPlan& plan, const Facts& facts,
                          const FolderOptions& options) {
  arena_ = platform::AlignedBuffer::Allocate(plan.bytes, platform::AlignedBuffer::Pages::kHuge,
                                             options.memory);
  if (!arena_) {
    return {StatusCode::kOutOfMemory, Concat({path_, ": not enough memory for ",
                                              Number(std::uint64_t{plan.bytes}), " bytes"})};
  }
  names_.reserve(plan.tensors.size());
  tensors_.reserve(plan.tensors.size());
  for (const PlannedTensor& planned : plan.tensors) {
    const std::span<std::byte> bytes(arena_.data() + planned.offset, planned.bytes);
    const Status copied = CopyTensor(planned, facts, bytes);
    if (!copied.ok()) {
      return {copied.code(),
              Concat({path_, ": tensor ", Quoted(planned.source), ", ", copied.message()})};
    }
    for (const std::span<const std::byte> data : planned.data) platform::ReleaseMappedPages(data);
    names_.push_back(planned.name);
    format::SourceTensor tensor{.name = names_.back(),
                                .type = planned.type,
                                .rank = planned.is_vector ? 1U : 2U,
                                .shape = {planned.columns, planned.rows, 1, 1},
                                .data = bytes};
    if (planned.is_vector) tensor.shape = {planned.rows, 1, 1, 1};
    tensors_.push_back(tensor);
  }
  if (const format::SourceTensor* twice = index_.Build(tensors_)) {
    return Error(StatusCode::kMalformed,
                 Concat({"tensor ", Quoted(twice->name), " is there twice"}));
  }
  return {};
}

std::size_t FolderSource::heap_bytes() const {
  std::size_t bytes = sizeof(*this) + keys_.heap_bytes() + index_.heap_bytes() +
                      names_.capacity() * sizeof(std::string) +
                      tensors_.capacity() * sizeof(format::SourceTensor);
  for (const std::string& name : names_) bytes += name.capacity();
  return bytes;
}

Status FolderSource::WrongType(std::string_view key, const Metadata::Value& value,
                               std::string_view wanted) const {
  return Error(StatusCode::kMalformed, Concat({"key ", Quoted(key), " must be ", wanted, ", not ",
                                               Metadata::TypeName(value)}));
}

Status FolderSource::OutOfRange(std::string_view key, bool above) const {
  return Error(above ? StatusCode::kLimitExceeded : StatusCode::kMalformed,
               Concat({"key ", Quoted(key), " is ", Describe(key), ", which is too ",
                       above ? "large" : "small"}));
}

Result<std::optional<std::uint64_t>> FolderSource::FindUint(std::string_view key, std::uint64_t min,
                                                            std::uint64_t max) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::optional<std::uint64_t>();
  std::uint64_t number = 0;
  if (const auto* integer = std::get_if<std::uint64_t>(value)) {
    number = *integer;
  } else if (const auto* flag = std::get_if<bool>(value)) {
    number = *flag ? 1 : 0;
  } else {
    return WrongType(key, *value, "an integer");
  }
  if (number < min || number > max) return OutOfRange(key, number > max);
  return std::optional(number);
}

Result<std::optional<float>> FolderSource::FindFloat(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::optional<float>();
  if (const auto* number = std::get_if<float>(value)) return std::optional(*number);
  return WrongType(key, *value, "a float");
}

Result<std::optional<bool>> FolderSource::FindBool(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::optional<bool>();
  if (const auto* flag = std::get_if<bool>(value)) return std::optional(*flag);
  return WrongType(key, *value, "a bool");
}

Result<std::optional<std::string_view>> FolderSource::FindString(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::optional<std::string_view>();
  if (const auto* text = std::get_if<std::string>(value)) {
    return std::optional<std::string_view>(*text);
  }
  return WrongType(key, *value, "a string");
}

Result<std::vector<std::string_view>> FolderSource::FindStringArray(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::vector<std::string_view>();
  if (const auto* texts = std::get_if<Metadata::Texts>(value)) {
    return std::vector<std::string_view>(texts->begin(), texts->end());
  }
  return WrongType(key, *value, "an array of strings");
}

Result<std::vector<float>> FolderSource::FindFloatArray(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::vector<float>();
  if (const auto* numbers = std::get_if<Metadata::Floats>(value)) return *numbers;
  return WrongType(key, *value, "an array of floats");
}

Result<std::vector<std::int64_t>> FolderSource::FindIntArray(std::string_view key, std::int64_t min,
                                                             std::int64_t max) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::vector<std::int64_t>();
  std::vector<std::int64_t> numbers;
  if (const auto* integers = std::get_if<Metadata::Integers>(value)) {
    numbers = *integers;
  } else if (const auto* one = std::get_if<std::uint64_t>(value)) {
    numbers.push_back(static_cast<std::int64_t>(*one));
  } else {
    return WrongType(key, *value, "an array of integers");
  }
  for (const std::int64_t number : numbers) {
    if (number < min || number > max) return OutOfRange(key, number > max);
  }
  return numbers;
}

Result<std::span<const std::byte>> FolderSource::FindBytes(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  if (value == nullptr) return std::span<const std::byte>();
  return WrongType(key, *value, "an array of 8-bit integers");
}

bool FolderSource::IsArray(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  return value != nullptr && (std::holds_alternative<Metadata::Texts>(*value) ||
                              std::holds_alternative<Metadata::Floats>(*value) ||
                              std::holds_alternative<Metadata::Integers>(*value));
}

std::string FolderSource::Describe(std::string_view key) const {
  const Metadata::Value* value = keys_.Find(key);
  return value == nullptr ? std::string() : Metadata::Describe(*value);
}

}  // namespace fovea::model
