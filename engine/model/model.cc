#include "fovea/model.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <utility>

#include "engine/model/load/load_model.h"
#include "engine/model/model_impl.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

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
  auto impl = Guarded(path, [&] { return model::LoadFile(path, options); });
  FOVEA_RETURN_IF_ERROR(impl);
  return Model(std::move(*impl));
}

Result<Model> Model::FromBuffer(std::span<const std::byte> bytes, const LoadOptions& options,
                                const std::string& name) {
  auto impl = Guarded(name, [&] { return model::LoadBuffer(bytes, options, name); });
  FOVEA_RETURN_IF_ERROR(impl);
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
  return {.weights = impl_->file->bytes().size(),
          .metadata = sizeof(Impl) + impl_->file->heap_bytes() + impl_->weights.heap_bytes() +
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
  return impl_->file->Tensors();
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
    // Through a small buffer: a second copy of the whole file would double the process's memory.
    std::ifstream file(impl_->hp.info.path, std::ios::binary);
    std::array<char, 16 * 1024> buffer;
    while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
      add(std::as_bytes(std::span(buffer.data(), static_cast<std::size_t>(file.gcount()))));
    }
    if (!file.eof()) return {};
  } else {
    add(impl_->file->bytes());
  }
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = kDigits[(hash >> (60 - 4 * i)) & 0xF];
  }
  return text;
}

}  // namespace fovea
