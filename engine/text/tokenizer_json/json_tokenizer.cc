#include "engine/text/tokenizer_json/json_tokenizer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/text/checked_text.h"
#include "engine/text/display.h"
#include "engine/text/tokenizer_json/added_tokens.h"
#include "engine/text/tokenizer_json/normalizer.h"
#include "engine/text/tokenizer_json/piece_decoder.h"
#include "engine/text/tokenizer_json/splitter.h"
#include "engine/text/tokenizer_json/template.h"
#include "engine/text/tokenizer_json/word_model.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

/// The stages of a tokenizer, in the order in which a text passes them.
struct Stages {
  AddedTokens added;
  std::vector<NormalizerStep> normalizer;
  std::vector<SplitterStep> splitter;
  std::unique_ptr<WordModel> model;
  TextTemplate around;
  PieceDecoder decoder = PieceDecoder::Words();
  std::size_t size = 0;  ///< Ids are below.
};

/// Steps may make a text longer, but a hostile sequence of them must not take all memory.
Status CheckGrowth(std::size_t size, std::size_t original) {
  constexpr std::size_t kGrowth = 64;
  constexpr std::size_t kMaxBytes = std::size_t{1} << 30;  // Positions have 32 bits.
  if (size <= std::min(kGrowth * original + 65'536, kMaxBytes)) return {};
  return {StatusCode::kLimitExceeded, "normalizing makes " + std::to_string(original) +
                                          " bytes of text more than 64 times as long"};
}

class JsonTokenizer final : public Tokenizer {
 public:
  explicit JsonTokenizer(Stages stages) : stages_(std::move(stages)) {}

  Result<std::vector<Token>> Tokenize(std::string_view text,
                                      const TokenizeOptions& options) const override {
    return TokenizeIfValid(text, [&] { return TokenizeChecked(text, options); });
  }
  std::size_t vocabulary_size() const override { return stages_.size; }
  std::string PieceBytes(std::int32_t id) const override {
    if (IsSpecial(id)) return {};
    if (const AddedToken* added = stages_.added.Find(id)) return added->content;
    const std::string_view text = TextOf(id);
    return text.empty() ? std::string() : stages_.decoder.Bytes(text);
  }
  std::string DisplayPiece(std::int32_t id) const override {
    if (id < 0 || static_cast<std::size_t>(id) >= stages_.size) {
      return "<" + std::to_string(id) + "?>";
    }
    const std::string bytes = PieceBytes(id);
    return DisplayText(bytes.empty() ? TextOf(id) : bytes);
  }
  std::int32_t bos_id() const override {
    return stages_.around.before.empty() ? kNoToken : stages_.around.before.front();
  }
  std::int32_t eos_id() const override {
    return stages_.around.after.empty() ? kNoToken : stages_.around.after.back();
  }
  bool IsSpecial(std::int32_t id) const override {
    const AddedToken* added = stages_.added.Find(id);
    return added != nullptr && added->special;
  }
  bool IsEndOfGeneration(std::int32_t id) const override {
    return id != kNoToken && id == eos_id();
  }
  std::string_view kind() const override { return stages_.model->kind(); }
  bool adds_space_prefix() const override { return stages_.decoder.adds_space_prefix(); }
  std::size_t memory_bytes() const override {
    return sizeof(*this) + stages_.added.heap_bytes() + stages_.model->heap_bytes();
  }

 private:
  std::string_view TextOf(std::int32_t id) const {
    if (const AddedToken* added = stages_.added.Find(id)) return added->content;
    const auto& texts = stages_.model->vocabulary().texts;
    return id >= 0 && static_cast<std::size_t>(id) < texts.size()
               ? std::string_view(texts[static_cast<std::size_t>(id)])
               : std::string_view();
  }

  Result<std::vector<Token>> TokenizeChecked(std::string_view text,
                                             const TokenizeOptions& options) const {
    std::vector<Token> tokens;
    if (options.add_special) {
      for (const std::int32_t id : stages_.around.before) tokens.push_back({id, 0, 0});
    }
    for (const TextPart& part : stages_.added.Split(text, false, options.parse_special)) {
      if (part.id != kNoToken) {
        tokens.push_back({part.id, part.begin, part.end});
        continue;
      }
      AlignedText normalized =
          AlignedText::Of(text.substr(part.begin, part.end - part.begin), part.begin);
      for (const NormalizerStep& step : stages_.normalizer) {
        FOVEA_RETURN_IF_ERROR(step(&normalized));
        FOVEA_RETURN_IF_ERROR(CheckGrowth(normalized.size(), part.end - part.begin));
      }
      FOVEA_RETURN_IF_ERROR(AppendNormalized(normalized, options.parse_special, &tokens));
    }
    if (options.add_special) {
      for (const std::int32_t id : stages_.around.after) {
        tokens.push_back({id, text.size(), text.size()});
      }
    }
    return tokens;
  }

  Status AppendNormalized(const AlignedText& text, bool parse_special,
                          std::vector<Token>* tokens) const {
    for (const TextPart& part : stages_.added.Split(text.text(), true, parse_special)) {
      if (part.id != kNoToken) {
        AppendToken(part.id, text.Source(part.begin, part.end), tokens);
        continue;
      }
      CutText cut;
      cut.text.AppendFrom(text, part.begin, part.end);
      cut.EndPiece(0);
      for (const SplitterStep& step : stages_.splitter) {
        FOVEA_RETURN_IF_ERROR(step(&cut));
        FOVEA_RETURN_IF_ERROR(CheckGrowth(cut.text.size(), part.end - part.begin));
      }
      std::vector<PieceToken> of_piece;
      for (const ByteRange& piece : cut.pieces) {
        of_piece.clear();
        FOVEA_RETURN_IF_ERROR(stages_.model->Tokenize(cut.Piece(piece), &of_piece));
        for (const PieceToken& token : of_piece) {
          AppendToken(token.id, cut.text.Source(piece.begin + token.begin, piece.begin + token.end),
                      tokens);
        }
      }
    }
    return {};
  }

  /// Ranges never overlap, even if a token ends inside a character or a character became two.
  static void AppendToken(std::int32_t id, ByteRange source, std::vector<Token>* tokens) {
    const std::size_t covered = tokens->empty() ? 0 : tokens->back().end;
    const std::size_t begin = std::max<std::size_t>(covered, source.begin);
    tokens->push_back({id, begin, std::max<std::size_t>(begin, source.end)});
  }

  Stages stages_;
};

Status CheckIds(const Fields& root, const Stages& stages) {
  for (const std::vector<std::int32_t>* ids : {&stages.around.before, &stages.around.after}) {
    for (const std::int32_t id : *ids) {
      if (static_cast<std::size_t>(id) < stages.size) continue;
      return root.Malformed("post_processor: id " + std::to_string(id) +
                            " is beyond the vocabulary of " + std::to_string(stages.size) +
                            " tokens");
    }
  }
  return {};
}

Result<std::unique_ptr<Tokenizer>> Create(const format::JsonDocument& json) {
  const Fields root(json, json.root(), "");
  if (!json.root().IsObject()) return root.Malformed("is no JSON object");
  Stages stages;
  const auto model = root.Find("model");
  if (!model) return root.Malformed("model is missing");
  auto read_model = ReadWordModel(root.Below(*model, "model"));
  FOVEA_RETURN_IF_ERROR(read_model);
  stages.model = std::move(read_model).value();
  if (const auto normalizer = root.Find("normalizer")) {
    FOVEA_RETURN_IF_ERROR(
        ReadNormalizer(root.Below(*normalizer, "normalizer"), &stages.normalizer));
  }
  if (const auto splitter = root.Find("pre_tokenizer")) {
    FOVEA_RETURN_IF_ERROR(ReadSplitter(root.Below(*splitter, "pre_tokenizer"), &stages.splitter));
  }
  if (const auto around = root.Find("post_processor")) {
    FOVEA_RETURN_IF_ERROR(ReadTemplate(root.Below(*around, "post_processor"), &stages.around));
  }
  if (const auto decoder = root.Find("decoder")) {
    auto read = PieceDecoder::Read(root.Below(*decoder, "decoder"));
    FOVEA_RETURN_IF_ERROR(read);
    stages.decoder = std::move(read).value();
  }
  auto added = AddedTokens::Read(root, stages.normalizer);
  FOVEA_RETURN_IF_ERROR(added);
  stages.added = std::move(added).value();
  stages.size = stages.model->vocabulary().texts.size();
  const std::size_t limit = stages.size + 131'072;  // Nobody's ids have larger gaps.
  for (const AddedToken& token : stages.added.tokens()) {
    if (static_cast<std::size_t>(token.id) >= limit) {
      return root.Malformed("added_tokens: id " + std::to_string(token.id) +
                            " is far beyond the vocabulary of " + std::to_string(stages.size) +
                            " tokens");
    }
    stages.size = std::max(stages.size, static_cast<std::size_t>(token.id) + 1);
  }
  FOVEA_RETURN_IF_ERROR(CheckIds(root, stages));
  return std::unique_ptr<Tokenizer>(std::make_unique<JsonTokenizer>(std::move(stages)));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> CreateTokenizer(const format::JsonDocument& json) {
  return platform::IfMemoryLasts([&] { return Create(json); },
                                 [&]() -> Result<std::unique_ptr<Tokenizer>> {
                                   return json.Error(StatusCode::kOutOfMemory,
                                                     "not enough memory for the tokenizer");
                                 });
}

Result<std::unique_ptr<Tokenizer>> ReadTokenizerJson(const std::string& path) {
  const auto json = format::JsonDocument::Read(path, {.max_bytes = kMaxTokenizerJsonBytes});
  FOVEA_RETURN_IF_ERROR(json);
  return CreateTokenizer(*json);
}

}  // namespace fovea::text
