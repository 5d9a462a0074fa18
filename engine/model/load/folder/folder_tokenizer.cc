#include "engine/model/load/folder/folder_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/model/load/folder/config_json.h"
#include "engine/model/load/folder/folder_files.h"
#include "engine/text/tokenizer_json/json_tokenizer.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::model {
namespace {

using text::kNoToken;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

/// Makes the tokenizer that the folder's file asks for.
using MakeTokenizer = Result<std::unique_ptr<Tokenizer>> (*)(const std::string& folder);

Result<std::unique_ptr<Tokenizer>> FromTokenizerJson(const std::string& folder) {
  return text::ReadTokenizerJson(folder + "/tokenizer.json");
}

/// The ways to have a tokenizer, in the order in which they are tried: the first whose file is
/// there.
constexpr struct {
  std::string_view file;
  MakeTokenizer make;
} kWays[] = {
    {"tokenizer.json", FromTokenizerJson},
};

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
  std::size_t vocabulary_size() const override { return inner_->vocabulary_size(); }
  std::string PieceBytes(std::int32_t id) const override { return inner_->PieceBytes(id); }
  std::string DisplayPiece(std::int32_t id) const override { return inner_->DisplayPiece(id); }
  std::int32_t bos_id() const override { return ids_.bos; }
  std::int32_t eos_id() const override { return ids_.eos; }
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

/// The id of a token that tokenizer_config.json gives by its text, or as an object with "content".
std::int32_t IdOfText(const ConfigSection& config, std::string_view name,
                      const Tokenizer& tokenizer) {
  const auto value = config.Find({name});
  if (!value) return kNoToken;
  const auto content = value->IsObject() ? value->Find("content") : value;
  const auto text = content ? content->Text() : std::nullopt;
  if (!text) return kNoToken;
  const auto ids = tokenizer.Encode(*text, {.add_special = false, .parse_special = true});
  return ids && ids->size() == 1 ? ids->front() : kNoToken;
}

Result<SpecialIds> ReadSpecialIds(const std::string& folder, const Tokenizer& tokenizer) {
  SpecialIds ids;
  const auto texts = ReadIfThere(folder + "/tokenizer_config.json");
  FOVEA_RETURN_IF_ERROR(texts);
  if (texts->has_value()) {
    ids.bos = IdOfText((*texts)->root(), "bos_token", tokenizer);
    ids.eos = IdOfText((*texts)->root(), "eos_token", tokenizer);
  }
  if (ids.bos == kNoToken) ids.bos = tokenizer.bos_id();
  if (ids.eos != kNoToken) ids.ends.push_back(ids.eos);
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
  if (ids.eos == kNoToken) ids.eos = tokenizer.eos_id();
  std::sort(ids.ends.begin(), ids.ends.end());
  return ids;
}

Result<std::unique_ptr<Tokenizer>> Load(const std::string& folder) {
  std::string names;
  for (const auto& way : kWays) {
    names += names.empty() ? "" : ", ";
    names += way.file;
    if (!Exists(folder + "/" + std::string(way.file))) continue;
    auto tokenizer = way.make(folder);
    FOVEA_RETURN_IF_ERROR(tokenizer);
    auto ids = ReadSpecialIds(folder, **tokenizer);
    FOVEA_RETURN_IF_ERROR(ids);
    return std::unique_ptr<Tokenizer>(
        std::make_unique<FolderTokenizer>(std::move(*tokenizer), std::move(*ids)));
  }
  return Status(StatusCode::kNotFound, folder + ": has no tokenizer (" + names + ")");
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
