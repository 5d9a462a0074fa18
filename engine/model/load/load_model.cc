#include "engine/model/load/load_model.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "engine/format/gguf_file.h"
#include "engine/model/load/collect_weights.h"
#include "engine/model/load/folder/folder_tokenizer.h"
#include "engine/model/load/folder/open_folder.h"
#include "engine/model/load/load_tokenizer.h"
#include "engine/model/load/read_hyperparameters.h"
#include "engine/model/pack_weights.h"
#include "fovea/status_macros.h"

namespace fovea::model {
namespace {

using format::GgufFile;

Status TooLarge(const std::string& name, std::uint64_t bytes, const LoadOptions& options) {
  return {StatusCode::kLimitExceeded, name + ": the file has " + std::to_string(bytes) +
                                          " bytes, the memory limit is " +
                                          std::to_string(options.max_memory)};
}

Result<GgufFile> OpenFile(const std::string& path, const LoadOptions& options) {
  if (options.max_memory != 0 && !options.map) {
    std::error_code error;  // A file without a size is refused by Open with a better reason.
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (!error && size > options.max_memory) {
      return TooLarge(path, size, options);
    }
  }
  return GgufFile::Open(path, options.map ? GgufFile::Access::kMap : GgufFile::Access::kRead,
                        platform::SourceOf(options.allocator));
}

Result<GgufFile> OpenBuffer(std::span<const std::byte> bytes, const LoadOptions& options,
                            const std::string& name) {
  constexpr std::uintptr_t kFileAlignment = 32;  // GGUF's own for the data of tensors.
  if (!options.map) {
    if (options.max_memory != 0 && bytes.size() > options.max_memory) {
      return TooLarge(name, bytes.size(), options);
    }
    return GgufFile::FromCopy(bytes, name, platform::SourceOf(options.allocator));
  }
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kFileAlignment != 0) {
    return Status(StatusCode::kInvalidArgument,
                  name + ": a buffer that is used in place must begin at a multiple of " +
                      std::to_string(kFileAlignment) + " bytes; align it or let it be copied");
  }
  return GgufFile::FromBuffer(bytes, name);
}

/// Where a format keeps the vocabulary, and how it is read.
struct TokenizerLoader {
  std::function<Result<std::unique_ptr<Tokenizer>>(const format::ModelSource&)> load;
  std::string place;  ///< For messages.
};

/// The vocabulary's tokenizer; null with the reason in `status` if there is none to be had.
Result<std::unique_ptr<Tokenizer>> TokenizerOf(const format::ModelSource& file,
                                               const TokenizerLoader& loader, const ModelInfo& info,
                                               Status* status) {
  auto tokenizer = loader.load(file);
  if (!tokenizer) {
    if (tokenizer.status().code() == StatusCode::kMalformed) return tokenizer.status();
    *status = tokenizer.status();
    return std::unique_ptr<Tokenizer>();
  }
  if ((*tokenizer)->vocabulary_size() > info.vocabulary) {
    return file.Error(StatusCode::kMalformed, loader.place + " has " +
                                                  std::to_string((*tokenizer)->vocabulary_size()) +
                                                  " pieces, but the token embedding only " +
                                                  std::to_string(info.vocabulary) + " rows");
  }
  return tokenizer;
}

Result<std::shared_ptr<Model::Impl>> Load(std::unique_ptr<format::ModelSource> source,
                                          const TokenizerLoader& loader,
                                          const LoadOptions& options) {
  auto impl = std::make_shared<Model::Impl>();
  auto hp = ReadHyperparameters(*source);
  FOVEA_RETURN_IF_ERROR(hp);
  impl->hp = std::move(*hp);
  auto weights = CollectWeights(*source, impl->hp);
  FOVEA_RETURN_IF_ERROR(weights);
  impl->weights = std::move(*weights);
  if (options.check_finite) {
    FOVEA_RETURN_IF_ERROR(CheckFinite(*source));
  }
  auto tokenizer = TokenizerOf(*source, loader, impl->hp.info, &impl->tokenizer_status);
  FOVEA_RETURN_IF_ERROR(tokenizer);
  impl->tokenizer = std::move(*tokenizer);
  if (options.content_hash) {
    impl->hp.info.content_hash = source->ContentHash();  // Before bytes change.
  }
  if (const std::span<std::byte> bytes = source->mutable_bytes(); options.pack && !bytes.empty()) {
    PackWeights(bytes, impl->weights);
  }
  impl->source = std::move(source);
  return impl;
}

Result<std::shared_ptr<Model::Impl>> LoadGguf(Result<GgufFile> file, const LoadOptions& options) {
  FOVEA_RETURN_IF_ERROR(file);
  if (options.quantize) {
    return file->Error(StatusCode::kInvalidArgument,
                       "weights of GGUF files are not quantized while loading; `fovea quantize` "
                       "makes a file of another type");
  }
  const TokenizerLoader loader = {
      .load = [](const format::ModelSource& source) { return LoadTokenizer(source); },
      .place = "key 'tokenizer.ggml.tokens'"};
  return Load(std::make_unique<GgufFile>(std::move(*file)), loader, options);
}

Result<std::shared_ptr<Model::Impl>> LoadFolder(const std::string& path,
                                                const LoadOptions& options) {
  auto folder = OpenFolder(path, {.quantize = options.quantize,
                                  .max_memory = options.max_memory,
                                  .content_hash = options.content_hash,
                                  .memory = platform::SourceOf(options.allocator)});
  FOVEA_RETURN_IF_ERROR(folder);
  const TokenizerLoader loader = {
      .load = [](const format::ModelSource& source) { return LoadFolderTokenizer(source.path()); },
      .place = "its tokenizer"};
  return Load(std::move(*folder), loader, options);
}

}  // namespace

Result<std::shared_ptr<Model::Impl>> LoadFile(const std::string& path, const LoadOptions& options) {
  std::error_code ignored;  // What is no folder is opened as a file, and refused with its reason.
  if (std::filesystem::is_directory(path, ignored)) return LoadFolder(path, options);
  return LoadGguf(OpenFile(path, options), options);
}

Result<std::shared_ptr<Model::Impl>> LoadBuffer(std::span<const std::byte> bytes,
                                                const LoadOptions& options,
                                                const std::string& name) {
  return LoadGguf(OpenBuffer(bytes, options, name), options);
}

}  // namespace fovea::model
