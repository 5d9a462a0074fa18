#include "tools/fovea/embed_texts.h"

#include <utility>

#include "fovea/status_macros.h"
#include "tools/common/numbers.h"
#include "tools/common/read_text.h"

namespace fovea::tools {
namespace {

Status About(const std::string& name, const Status& status) {
  return {status.code(), name + ": " + status.message()};
}

Status Invalid(const std::string& name, const std::string& reason) {
  return {StatusCode::kInvalidArgument, name + ": " + reason};
}

/// "--text", or "--text 2" where there are several.
std::string OptionName(const char* option, std::size_t index, std::size_t count) {
  return count == 1 ? option : std::string(option) + " " + std::to_string(index + 1);
}

Result<std::vector<std::int32_t>> ParseIds(std::string_view list, const std::string& name,
                                           std::size_t vocabulary) {
  std::vector<std::int32_t> ids;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    const auto id = ParseNumber(word);
    if (!id) {
      return Invalid(name, "'" + std::string(word) + "' is no token id; write them as 2,17,3");
    }
    if (*id >= vocabulary) {
      return Invalid(name, "id " + std::string(word) +
                               " is not in the vocabulary, which has ids 0 to " +
                               std::to_string(vocabulary - 1));
    }
    ids.push_back(static_cast<std::int32_t>(*id));
    if (comma == std::string_view::npos) return ids;
    list.remove_prefix(comma + 1);
  }
}

/// Gives texts their ids, and checks them.
class TextReader {
 public:
  TextReader(const Model& model, std::size_t limit) : model_(model), limit_(limit) {}

  Status AddText(std::string name, std::string_view text) {
    auto ids = model_.tokenizer()->Encode(text);
    if (!ids) return About(name, ids.status());
    return Add(std::move(name), std::move(*ids));
  }
  Status AddIds(std::string name, std::string_view list) {
    auto ids = ParseIds(list, name, model_.info().vocabulary);
    FOVEA_RETURN_IF_ERROR(ids);
    return Add(std::move(name), std::move(*ids));
  }
  std::vector<EmbedText> Take() { return std::move(texts_); }

 private:
  Status Add(std::string name, std::vector<std::int32_t> ids) {
    if (ids.empty()) return Invalid(name, "the text has no tokens");
    if (ids.size() > limit_) {
      return {StatusCode::kLimitExceeded, name + ": the text has " + std::to_string(ids.size()) +
                                              " tokens, the context only " +
                                              std::to_string(limit_)};
    }
    texts_.push_back({.name = std::move(name), .ids = std::move(ids)});
    return Status::Ok();
  }

  const Model& model_;
  std::size_t limit_;
  std::vector<EmbedText> texts_;
};

}  // namespace

std::vector<std::string_view> SplitLines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

Result<std::vector<EmbedText>> ReadTexts(const TextSources& sources, const Model& model,
                                         std::size_t limit) {
  TextReader reader(model, limit);
  for (std::size_t i = 0; i < sources.tokens.size(); ++i) {
    FOVEA_RETURN_IF_ERROR(
        reader.AddIds(OptionName("--tokens", i, sources.tokens.size()), sources.tokens[i]));
  }
  if (!sources.tokens.empty()) return reader.Take();
  if (model.tokenizer() == nullptr) {
    return Status(StatusCode::kUnsupported,
                  model.tokenizer_status().message() + "; give token ids with --tokens instead");
  }
  for (std::size_t i = 0; i < sources.texts.size(); ++i) {
    FOVEA_RETURN_IF_ERROR(
        reader.AddText(OptionName("--text", i, sources.texts.size()), sources.texts[i]));
  }
  if (!sources.texts.empty()) return reader.Take();
  auto text = ReadText(sources.file);
  FOVEA_RETURN_IF_ERROR(text);
  const std::string name = sources.file == "-" ? "standard input" : sources.file;
  const std::vector<std::string_view> lines = SplitLines(*text);
  if (lines.empty()) return Invalid(name, "holds no lines");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    FOVEA_RETURN_IF_ERROR(reader.AddText(name + ", line " + std::to_string(i + 1), lines[i]));
  }
  return reader.Take();
}

}  // namespace fovea::tools
