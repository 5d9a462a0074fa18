#include "engine/model/load/load_model.h"

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/format/gguf_file.h"
#include "engine/model/load/collect_weights.h"
#include "engine/model/load/load_tokenizer.h"
#include "engine/model/load/read_hyperparameters.h"
#include "engine/model/pack_weights.h"
#include "fovea/status_macros.h"
#include "platform/content_hash.h"

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

class GgufModelFile final : public ModelFile {
 public:
  explicit GgufModelFile(GgufFile file) : file_(std::move(file)) {}

  GgufFile& file() { return file_; }

  std::span<const std::byte> bytes() const override { return file_.bytes(); }
  std::size_t heap_bytes() const override { return sizeof(*this) + file_.heap_bytes(); }
  std::vector<TensorSummary> Tensors() const override {
    std::vector<TensorSummary> summaries;
    for (const format::GgufTensor& tensor : file_.tensors()) {
      TensorSummary summary{.name = std::string(tensor.name),
                            .type = tensor.type,
                            .shape = {},
                            .bytes = tensor.data.size()};
      for (std::size_t i = tensor.rank; i > 0; --i) summary.shape.push_back(tensor.shape[i - 1]);
      summaries.push_back(std::move(summary));
    }
    return summaries;
  }

 private:
  GgufFile file_;
};

std::string HashOf(const GgufFile& file) {
  return file.is_mapped() ? platform::HexContentHashOfMapped(file.bytes())
                          : platform::HexContentHash(file.bytes());
}

/// The vocabulary's tokenizer; null with the reason in `status` if there is none to be had.
Result<std::unique_ptr<Tokenizer>> TokenizerOf(const GgufFile& file, const ModelInfo& info,
                                               Status* status) {
  auto tokenizer = LoadTokenizer(file);
  if (!tokenizer) {
    if (tokenizer.status().code() == StatusCode::kMalformed) return tokenizer.status();
    *status = tokenizer.status();
    return std::unique_ptr<Tokenizer>();
  }
  if ((*tokenizer)->vocabulary_size() > info.vocabulary) {
    return file.Error(StatusCode::kMalformed, "key 'tokenizer.ggml.tokens' has " +
                                                  std::to_string((*tokenizer)->vocabulary_size()) +
                                                  " pieces, but tensor 'token_embd.weight' only " +
                                                  std::to_string(info.vocabulary) + " rows");
  }
  return tokenizer;
}

Result<std::shared_ptr<Model::Impl>> Load(Result<GgufFile> opened, const LoadOptions& options) {
  FOVEA_RETURN_IF_ERROR(opened);
  auto model_file = std::make_unique<GgufModelFile>(std::move(*opened));
  GgufFile& file = model_file->file();
  auto impl = std::make_shared<Model::Impl>();
  auto hp = ReadHyperparameters(file);
  FOVEA_RETURN_IF_ERROR(hp);
  impl->hp = std::move(*hp);
  auto weights = CollectWeights(file, impl->hp);
  FOVEA_RETURN_IF_ERROR(weights);
  impl->weights = std::move(*weights);
  if (options.check_finite) {
    FOVEA_RETURN_IF_ERROR(CheckFinite(file));
  }
  auto tokenizer = TokenizerOf(file, impl->hp.info, &impl->tokenizer_status);
  FOVEA_RETURN_IF_ERROR(tokenizer);
  impl->tokenizer = std::move(*tokenizer);
  if (options.content_hash) impl->hp.info.content_hash = HashOf(file);  // Before bytes change.
  if (const std::span<std::byte> bytes = file.mutable_bytes(); options.pack && !bytes.empty()) {
    PackWeights(bytes, impl->weights);
  }
  impl->file = std::move(model_file);
  return impl;
}

}  // namespace

Result<std::shared_ptr<Model::Impl>> LoadFile(const std::string& path, const LoadOptions& options) {
  return Load(OpenFile(path, options), options);
}

Result<std::shared_ptr<Model::Impl>> LoadBuffer(std::span<const std::byte> bytes,
                                                const LoadOptions& options,
                                                const std::string& name) {
  return Load(OpenBuffer(bytes, options, name), options);
}

}  // namespace fovea::model
