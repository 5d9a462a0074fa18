#include "engine/text/tokenizer_json/staged_tokenizer.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "engine/text/checked_text.h"
#include "engine/text/display.h"
#include "engine/text/pair_form.h"
#include "engine/text/special_tokens.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

/// Steps may make a text longer, but a hostile sequence of them must not take all memory.
Status CheckGrowth(std::size_t size, std::size_t original) {
  constexpr std::size_t kGrowth = 64;
  constexpr std::size_t kMaxBytes = std::size_t{1} << 30;  // Positions have 32 bits.
  if (size <= std::min(kGrowth * original + 65'536, kMaxBytes)) return {};
  return {StatusCode::kLimitExceeded, "normalizing makes " + std::to_string(original) +
                                          " bytes of text more than 64 times as long"};
}

class StagedTokenizer final : public Tokenizer {
 public:
  StagedTokenizer(Stages stages, std::size_t size) : stages_(std::move(stages)), size_(size) {}

  Result<std::vector<Token>> Tokenize(std::string_view text,
                                      const TokenizeOptions& options) const override {
    return TokenizeIfValid(text, [&] { return TokenizeChecked(text, options); });
  }
  Result<EncodedPair> EncodePair(std::string_view first, std::string_view second,
                                 const TokenizeOptions& options) const override {
    if (stages_.around.pair.empty()) return Tokenizer::EncodePair(first, second, options);
    return EncodePairAs(stages_.around.pair, *this, first, second, options);
  }
  std::size_t vocabulary_size() const override { return size_; }
  std::string PieceBytes(std::int32_t id) const override {
    if (IsSpecial(id)) return {};
    if (const AddedToken* added = stages_.added.Find(id)) return added->content;
    const std::string_view text = TextOf(id);
    return text.empty() ? std::string() : stages_.decoder.Bytes(text);
  }
  std::string DisplayPiece(std::int32_t id) const override {
    if (id < 0 || static_cast<std::size_t>(id) >= size_) {
      return "<" + std::to_string(id) + "?>";
    }
    const std::string bytes = PieceBytes(id);
    return DisplayText(bytes.empty() ? TextOf(id) : bytes);
  }
  std::int32_t bos_id() const override { return stages_.ids.bos; }
  std::int32_t eos_id() const override { return stages_.ids.eos; }
  std::int32_t unknown_id() const override { return stages_.ids.unknown; }
  std::int32_t separator_id() const override { return stages_.ids.separator; }
  std::int32_t padding_id() const override { return stages_.ids.padding; }
  std::int32_t mask_id() const override { return stages_.ids.mask; }
  bool IsSpecial(std::int32_t id) const override {
    const AddedToken* added = stages_.added.Find(id);
    return added != nullptr && added->special;
  }
  bool IsEndOfGeneration(std::int32_t id) const override {
    if (id == kNoToken) return false;
    if (id == stages_.ids.eos) return true;
    const AddedToken* added = stages_.added.Find(id);
    return added != nullptr && added->special && EndsGeneration(added->content);
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
  std::size_t size_;  // Ids are below.
};

Status CheckIds(const Stages& stages, std::size_t size) {
  std::vector<std::int32_t> ids = stages.around.before;
  ids.insert(ids.end(), stages.around.after.begin(), stages.around.after.end());
  for (const PairPart& part : stages.around.pair) {
    if (part.kind == PairPart::Kind::kAdded) ids.push_back(part.id);
  }
  for (const std::int32_t id : ids) {
    if (id >= 0 && static_cast<std::size_t>(id) < size) continue;
    return {StatusCode::kMalformed, "post_processor: id " + std::to_string(id) +
                                        " is beyond the vocabulary of " + std::to_string(size) +
                                        " tokens"};
  }
  return {};
}

/// The special token of one of these texts, unless the id is known.
void FindId(const AddedTokens& added, std::initializer_list<std::string_view> texts,
            std::int32_t* id) {
  if (*id != kNoToken) return;
  for (const AddedToken& token : added.tokens()) {
    if (!token.special || std::find(texts.begin(), texts.end(), token.content) == texts.end()) {
      continue;
    }
    *id = token.id;
    return;
  }
}

void FindIds(Stages* stages) {
  const TextTemplate& around = stages->around;
  SpecialIds& ids = stages->ids;
  const struct {
    const std::string* text;
    std::int32_t* id;
  } stated[] = {{&stages->texts.bos, &ids.bos},         {&stages->texts.eos, &ids.eos},
                {&stages->texts.unknown, &ids.unknown}, {&stages->texts.separator, &ids.separator},
                {&stages->texts.padding, &ids.padding}, {&stages->texts.mask, &ids.mask}};
  for (const auto& row : stated) {
    if (row.text->empty()) continue;
    const auto& tokens = stages->added.tokens();
    const auto found = std::find_if(tokens.begin(), tokens.end(), [&](const AddedToken& token) {
      return token.content == *row.text;
    });
    *row.id = found != tokens.end() ? found->id : stages->model->vocabulary().Find(*row.text);
  }
  if (ids.bos == kNoToken && !around.before.empty()) ids.bos = around.before.front();
  if (ids.eos == kNoToken && !around.after.empty()) ids.eos = around.after.back();
  FindId(stages->added, {"<unk>", "[UNK]"}, &ids.unknown);
  FindId(stages->added, {"[SEP]", "</s>", "<sep>"}, &ids.separator);
  FindId(stages->added, {"<pad>", "[PAD]"}, &ids.padding);
  FindId(stages->added, {"<mask>", "[MASK]"}, &ids.mask);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeStagedTokenizer(Stages stages) {
  std::size_t size = stages.model->vocabulary().texts.size();
  const std::size_t limit = size + 131'072;  // Nobody's ids have larger gaps.
  for (const AddedToken& token : stages.added.tokens()) {
    if (token.id < 0 || static_cast<std::size_t>(token.id) >= limit) {
      return Status(StatusCode::kMalformed, "added_tokens: id " + std::to_string(token.id) +
                                                " is far beyond the vocabulary of " +
                                                std::to_string(size) + " tokens");
    }
    size = std::max(size, static_cast<std::size_t>(token.id) + 1);
  }
  FOVEA_RETURN_IF_ERROR(CheckIds(stages, size));
  FindIds(&stages);
  return std::unique_ptr<Tokenizer>(std::make_unique<StagedTokenizer>(std::move(stages), size));
}

}  // namespace fovea::text
