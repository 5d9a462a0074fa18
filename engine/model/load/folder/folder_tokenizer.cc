#include "engine/model/load/folder/folder_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/load/folder/config_json.h"
#include "engine/model/load/folder/folder_files.h"
#include "engine/text/vocabulary.h"
#include "engine/text/vocabulary_files/vocabulary_files.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::model {
namespace {

using text::kNoToken;

/// What the configuration files say about ids.
struct SpecialIds {
  std::int32_t bos = kNoToken;
  std::int32_t eos = kNoToken;
  std::vector<std::int32_t> ends;  ///< Ids that end a generation, sorted.
};

/// A tokenizer with ids from other files of the folder.
class FolderTokenizer final : public Tokenizer {
 public:
  FolderTokenizer(std::unique_ptr<Tokenizer> inner, SpecialIds ids)
      : inner_(std::move(inner)), ids_(std::move(ids)) {}

  Result<std::vector<Token>> Tokenize(std::string_view text,
                                      const TokenizeOptions& options) const override {
    return inner_->Tokenize(text, options);
  }
  Result<EncodedPair> EncodePair(std::string_view first, std::string_view second,
                                 const TokenizeOptions& options) const override {
    return inner_->EncodePair(first, second, options);
  }
  std::size_t vocabulary_size() const override { return inner_->vocabulary_size(); }
  std::string PieceBytes(std::int32_t id) const override { return inner_->PieceBytes(id); }
  std::string DisplayPiece(std::int32_t id) const override { return inner_->DisplayPiece(id); }
  std::int32_t bos_id() const override { return ids_.bos; }
  std::int32_t eos_id() const override { return ids_.eos; }
  std::int32_t unknown_id() const override { return inner_->unknown_id(); }
  std::int32_t separator_id() const override { return inner_->separator_id(); }
  std::int32_t padding_id() const override { return inner_->padding_id(); }
  std::int32_t mask_id() const override { return inner_->mask_id(); }
  bool IsSpecial(std::int32_t id) const override { return inner_->IsSpecial(id); }
  bool IsEndOfGeneration(std::int32_t id) const override {
    return std::binary_search(ids_.ends.begin(), ids_.ends.end(), id) ||
           inner_->IsEndOfGeneration(id);
  }
  std::string_view kind() const override { return inner_->kind(); }
  bool adds_space_prefix() const override { return inner_->adds_space_prefix(); }
  std::size_t memory_bytes() const override { return sizeof(*this) + inner_->memory_bytes(); }

 private:
  std::unique_ptr<Tokenizer> inner_;
  SpecialIds ids_;
};

Result<SpecialIds> ReadSpecialIds(const std::string& folder, const Tokenizer& tokenizer) {
  SpecialIds ids{.bos = tokenizer.bos_id(), .eos = tokenizer.eos_id(), .ends = {}};
  const auto size = static_cast<std::int64_t>(tokenizer.vocabulary_size());
  for (const std::string_view name : {"/generation_config.json", "/config.json"}) {
    const auto config = ReadIfThere(folder + std::string(name));
    FOVEA_RETURN_IF_ERROR(config);
    if (!config->has_value()) continue;
    const std::vector<std::int32_t> begins = ReadIds((*config)->root(), "bos_token_id");
    const std::vector<std::int32_t> ends = ReadIds((*config)->root(), "eos_token_id");
    FOVEA_RETURN_IF_ERROR((*config)->status());
    if (ids.bos == kNoToken && !begins.empty() && begins.front() < size) ids.bos = begins.front();
    if (ids.eos == kNoToken && !ends.empty() && ends.front() < size) ids.eos = ends.front();
    ids.ends.insert(ids.ends.end(), ends.begin(), ends.end());
  }
  std::sort(ids.ends.begin(), ids.ends.end());
  return ids;
}

Result<std::unique_ptr<Tokenizer>> Load(const std::string& folder) {
  auto tokenizer = text::ReadFolderTokenizer(folder);
  if (tokenizer.status().code() == StatusCode::kNotFound) {
    return Status(StatusCode::kNotFound,
                  folder +
                      ": is a directory without tokenizer.json and without the files that came "
                      "before it");
  }
  FOVEA_RETURN_IF_ERROR(tokenizer);
  auto ids = ReadSpecialIds(folder, **tokenizer);
  FOVEA_RETURN_IF_ERROR(ids);
  return std::unique_ptr<Tokenizer>(
      std::make_unique<FolderTokenizer>(std::move(*tokenizer), std::move(*ids)));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> LoadFolderTokenizer(const std::string& folder) {
  const std::string path = WithoutSlashes(folder);
  return platform::IfMemoryLasts([&] { return Load(path); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return Status(StatusCode::kOutOfMemory,
                                                 path + ": not enough memory for the tokenizer");
                                 });
}

}  // namespace fovea::model
