// Unigram: the way through a piece whose tokens have the best sum of scores (Viterbi).
#include <algorithm>
#include <utility>

#include "engine/text/byte_trie.h"
#include "engine/text/tokenizer_json/word_model.h"
#include "engine/text/utf8.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

/// An unknown character scores this much below the worst token.
constexpr double kUnknownPenalty = 10.0;

class Unigram final : public WordModel {
 public:
  Unigram(TokenTexts vocabulary, std::vector<double> scores, std::int32_t unknown,
          bool byte_fallback)
      : WordModel(std::move(vocabulary)),
        scores_(std::move(scores)),
        unknown_(unknown),
        byte_fallback_(byte_fallback) {
    unknown_score_ = *std::min_element(scores_.begin(), scores_.end()) - kUnknownPenalty;
    const std::vector<std::string>& texts = this->vocabulary().texts;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      trie_.Insert(texts[i], static_cast<std::int32_t>(i));
    }
  }

  Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const override {
    std::vector<Node> best(piece.size() + 1);
    best[0].reached = true;
    for (std::size_t begin = 0; begin < piece.size();) {
      const std::size_t size = CharacterBytes(piece[begin]);
      bool whole_character = false;
      const auto propose = [&](std::int32_t id, std::size_t bytes, double score) {
        Node& node = best[begin + bytes];
        const double sum = best[begin].score + score;
        if (node.reached && sum <= node.score) return;
        node = {.score = sum, .begin = begin, .id = id, .reached = true};
      };
      if (best[begin].reached) {
        trie_.ForEach(piece.substr(begin), [&](std::int32_t id, std::size_t bytes) {
          whole_character |= bytes == size;
          propose(id, bytes, scores_[static_cast<std::size_t>(id)]);
        });
        if (!whole_character) propose(kNoToken, size, unknown_score_);
      }
      begin += size;
    }
    return Trace(piece, best, tokens);
  }
  std::string_view kind() const override { return "unigram"; }
  std::size_t heap_bytes() const override {
    return vocabulary().heap_bytes() + HeapBytes(scores_) + trie_.heap_bytes();
  }

 private:
  struct Node {
    double score = 0;
    std::size_t begin = 0;
    std::int32_t id = kNoToken;  // kNoToken: an unknown character
    bool reached = false;
  };

  Status Trace(std::string_view piece, const std::vector<Node>& best,
               std::vector<PieceToken>* tokens) const {
    std::vector<PieceToken> path;
    for (std::size_t end = piece.size(); end > 0;) {
      const Node& node = best[end];
      const auto begin = static_cast<std::uint32_t>(node.begin);
      if (node.id == kNoToken && !path.empty() && path.back().id == kNoToken) {
        path.back().begin = begin;  // Unknown characters beside each other are one token.
      } else {
        path.push_back({node.id, begin, static_cast<std::uint32_t>(end)});
      }
      end = node.begin;
    }
    for (auto token = path.rbegin(); token != path.rend(); ++token) {
      if (token->id == kNoToken) {
        const std::string_view text = piece.substr(token->begin, token->end - token->begin);
        token->id = Find(text);
        if (token->id == kNoToken && byte_fallback_ &&
            AppendByteTokens(text, token->begin, tokens)) {
          continue;
        }
        if (token->id == kNoToken) token->id = unknown_;
        if (token->id == kNoToken) {
          return {StatusCode::kNotFound,
                  "a character is not in the vocabulary, which has no token for unknown text"};
        }
      }
      tokens->push_back(*token);
    }
    return {};
  }

  std::vector<double> scores_;
  std::int32_t unknown_;
  bool byte_fallback_;
  double unknown_score_ = 0;
  ByteTrie trie_;
};

}  // namespace

Result<std::unique_ptr<WordModel>> ReadUnigram(const Fields& fields, TokenTexts vocabulary,
                                               std::vector<double> scores) {
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
      std::make_unique<Unigram>(std::move(vocabulary), std::move(scores), unknown, byte_fallback));
}

}  // namespace fovea::text
