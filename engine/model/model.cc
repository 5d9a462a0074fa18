#include "fovea/model.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "engine/model/load_tokenizer.h"
#include "engine/model/model_impl.h"
#include "engine/model/pack_weights.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
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

Result<std::shared_ptr<Model::Impl>> LoadImpl(Result<GgufFile> file, const LoadOptions& options) {
  FOVEA_RETURN_IF_ERROR(file);
  auto impl = std::make_shared<Model::Impl>(std::move(*file));
  auto hp = model::ReadHyperparameters(impl->file);
  FOVEA_RETURN_IF_ERROR(hp);
  impl->hp = std::move(*hp);
  auto weights = model::CollectWeights(impl->file, impl->hp);
  FOVEA_RETURN_IF_ERROR(weights);
  impl->weights = std::move(*weights);
  if (options.check_finite) {
    FOVEA_RETURN_IF_ERROR(model::CheckFinite(impl->file));
  }
  auto tokenizer = model::LoadTokenizer(impl->file);
  if (tokenizer) {
    if ((*tokenizer)->vocabulary_size() > impl->hp.info.vocabulary) {
      return impl->file.Error(StatusCode::kMalformed,
                              "key 'tokenizer.ggml.tokens' has " +
                                  std::to_string((*tokenizer)->vocabulary_size()) +
                                  " pieces, but tensor 'token_embd.weight' only " +
                                  std::to_string(impl->hp.info.vocabulary) + " rows");
    }
    impl->tokenizer = std::move(*tokenizer);
  } else if (tokenizer.status().code() == StatusCode::kMalformed) {
    return tokenizer.status();
  } else {
    impl->tokenizer_status = tokenizer.status();
  }
  if (const std::span<std::byte> bytes = impl->file.mutable_bytes();
      options.pack && !bytes.empty()) {
    model::PackWeights(bytes, impl->weights);
    impl->packed = true;
  }
  return impl;
}

/// The only exceptions that can start in `load` are those of the standard library's containers.
template <typename LoadFunction>
Result<std::shared_ptr<Model::Impl>> Guarded(const std::string& name, const LoadFunction& load) {
  return platform::ContainExceptions(load, [&](const platform::Thrown& thrown) {
    return thrown.out_of_memory
               ? Status(StatusCode::kOutOfMemory, name + ": not enough memory to load the model")
               : Status(StatusCode::kLimitExceeded, name + ": " + thrown.text);
  });
}

}  // namespace

Result<Model> Model::Load(const std::string& path, const LoadOptions& options) {
  auto impl = Guarded(path, [&] { return LoadImpl(OpenFile(path, options), options); });
  FOVEA_RETURN_IF_ERROR(impl);
  return Model(std::move(*impl));
}

Result<Model> Model::FromBuffer(std::span<const std::byte> bytes, const LoadOptions& options,
                                const std::string& name) {
  auto impl = Guarded(name, [&] { return LoadImpl(OpenBuffer(bytes, options, name), options); });
  FOVEA_RETURN_IF_ERROR(impl);
  (*impl)->has_file = false;
  return Model(std::move(*impl));
}

Model::Model(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Model::Model(const Model&) noexcept = default;
Model& Model::operator=(const Model&) noexcept = default;
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

const ModelInfo& Model::info() const {
  return impl_->hp.info;
}
ModelMemory Model::memory() const {
  const ModelInfo& info = impl_->hp.info;
  return {.weights = impl_->file.bytes().size(),
          .metadata = sizeof(Impl) + impl_->file.heap_bytes() + impl_->weights.heap_bytes() +
                      info.windows.capacity() * sizeof(std::size_t) +
                      (impl_->tokenizer != nullptr ? impl_->tokenizer->memory_bytes() : 0)};
}
const Tokenizer* Model::tokenizer() const {
  return impl_->tokenizer.get();
}
const Status& Model::tokenizer_status() const {
  return impl_->tokenizer_status;
}

std::vector<TensorSummary> Model::Tensors() const {
  std::vector<TensorSummary> summaries;
  for (const format::GgufTensor& tensor : impl_->file.tensors()) {
    TensorSummary summary{.name = std::string(tensor.name),
                          .type = tensor.type,
                          .shape = {},
                          .bytes = tensor.data.size()};
    for (std::size_t i = tensor.rank; i > 0; --i) summary.shape.push_back(tensor.shape[i - 1]);
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

std::string Model::FileHash() const {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  const auto add = [&hash](std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3ULL;
    }
  };
  if (impl_->packed) {
    if (!impl_->has_file) return {};
    // Piece by piece: a second copy of the file would be seen in the process's memory.
    std::ifstream file(impl_->hp.info.path, std::ios::binary);
    std::array<char, 16 * 1024> piece;
    while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
      add(std::as_bytes(std::span(piece.data(), static_cast<std::size_t>(file.gcount()))));
    }
    if (!file.eof()) return {};
  } else {
    add(impl_->file.bytes());
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = kDigits[(hash >> (60 - 4 * i)) & 0xF];
  }
  return text;
}

}  // namespace fovea
