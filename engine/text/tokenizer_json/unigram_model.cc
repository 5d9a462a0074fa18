// Unigram in tokenizer.json: runs of unknown characters may still be a token of the vocabulary, or
// byte tokens.
#include <algorithm>
#include <utility>

#include "engine/text/tokenizer_json/word_model.h"
#include "engine/text/unigram.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

class UnigramModel final : public WordModel {
 public:
  UnigramModel(TokenTexts vocabulary, const std::vector<double>& scores, std::int32_t unknown,
               bool byte_fallback)
      : WordModel(std::move(vocabulary)), unknown_(unknown), byte_fallback_(byte_fallback) {
    unigram_.set_unknown_score(*std::min_element(scores.begin(), scores.end()) -
                               Unigram::kUnknownPenalty);
    const std::vector<std::string>& texts = this->vocabulary().texts;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      unigram_.Add(texts[i], static_cast<std::int32_t>(i), scores[i]);
    }
  }

  Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const override {
    std::vector<PieceToken> path;
    unigram_.Cut(piece, &path);
    for (PieceToken& token : path) {
      if (token.id == kNoToken) {
        const std::string_view text = piece.substr(token.begin, token.end - token.begin);
        token.id = Find(text);
        if (token.id == kNoToken && byte_fallback_ && AppendByteTokens(text, token.begin, tokens)) {
          continue;
        }
        if (token.id == kNoToken) token.id = unknown_;
        if (token.id == kNoToken) return NoUnknownToken();
      }
      tokens->push_back(token);
    }
    return {};
  }
  std::string_view kind() const override { return "unigram"; }
  std::size_t heap_bytes() const override {
    return vocabulary().heap_bytes() + unigram_.heap_bytes();
  }

 private:
  std::int32_t unknown_;
  bool byte_fallback_;
  Unigram unigram_;
};

}  // namespace

Result<std::unique_ptr<WordModel>> ReadUnigram(const Fields& fields, TokenTexts vocabulary,
                                               const std::vector<double>& scores) {
  std::int32_t unknown = kNoToken;
  if (fields.Find("unk_id")) {
    std::uint32_t id = 0;
    FOVEA_RETURN_IF_ERROR(fields.Read("unk_id", &id));
    if (id >= vocabulary.texts.size()) return fields.Malformed("unk_id is beyond the vocabulary");
    unknown = static_cast<std::int32_t>(id);
  }
  bool byte_fallback = false;
  FOVEA_RETURN_IF_ERROR(fields.Read("byte_fallback", &byte_fallback));
  return std::unique_ptr<WordModel>(
      std::make_unique<UnigramModel>(std::move(vocabulary), scores, unknown, byte_fallback));
}

}  // namespace fovea::text
