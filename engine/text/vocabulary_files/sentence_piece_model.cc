#include "engine/text/vocabulary_files/sentence_piece_model.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "engine/text/byte_trie.h"
#include "engine/text/pair_merge.h"
#include "engine/text/sentence_normalizer.h"
#include "engine/text/unigram.h"
#include "engine/text/utf8.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

using format::SentencePiece;
using format::SentencePieceFile;
using Type = SentencePiece::Type;

/// Part of a text that may become any token; byte and control pieces never do.
bool IsFound(Type type) {
  return type == Type::kNormal || type == Type::kUserDefined || type == Type::kUnused;
}

/// Gives the tokens of a search their ids, and unknown text its byte tokens.
class SentencePieceModel : public WordModel {
 public:
  Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const final {
    std::vector<PieceToken> path;
    Search(piece, &path);
    for (std::size_t i = 0; i < path.size(); ++i) {
      PieceToken token = path[i];
      if (token.id != kNoToken) {
        token.id = ids_.by_piece[static_cast<std::size_t>(token.id)];
        tokens->push_back(token);
        continue;
      }
      while (i + 1 < path.size() && path[i + 1].id == kNoToken) token.end = path[++i].end;
      const std::string_view text = piece.substr(token.begin, token.end - token.begin);
      if (byte_fallback_ && AppendByteTokens(text, token.begin, tokens)) continue;
      if (ids_.unknown == kNoToken) return NoUnknownToken();
      token.id = ids_.unknown;
      tokens->push_back(token);
    }
    return {};
  }

 protected:
  SentencePieceModel(TokenTexts vocabulary, PieceIds ids, bool byte_fallback)
      : WordModel(std::move(vocabulary)), ids_(std::move(ids)), byte_fallback_(byte_fallback) {}

  /// Appends tokens whose ids are those of pieces in the file; kNoToken is unknown text.
  virtual void Search(std::string_view piece, std::vector<PieceToken>* path) const = 0;
  std::size_t own_bytes() const { return vocabulary().heap_bytes() + HeapBytes(ids_.by_piece); }

 private:
  PieceIds ids_;
  bool byte_fallback_;
};

class UnigramFile final : public SentencePieceModel {
 public:
  UnigramFile(const SentencePieceFile& file, TokenTexts vocabulary, PieceIds ids)
      : SentencePieceModel(std::move(vocabulary), std::move(ids), file.byte_fallback()) {
    float worst = std::numeric_limits<float>::max();
    float best = std::numeric_limits<float>::min();  // SentencePiece starts here, not below 0.
    for (const SentencePiece& piece : file.pieces()) {
      if (piece.type != Type::kNormal) continue;
      worst = std::min(worst, piece.score);
      best = std::max(best, piece.score);
    }
    for (std::size_t i = 0; i < file.pieces().size(); ++i) {
      const SentencePiece& piece = file.pieces()[i];
      const auto id = static_cast<std::int32_t>(i);
      if (piece.type == Type::kNormal) {
        unigram_.Add(piece.text, id, static_cast<double>(piece.score));
      } else if (piece.type == Type::kUserDefined) {
        // Nearly always better than any way through learned pieces.
        const auto bytes = static_cast<float>(piece.text.size());
        unigram_.Add(piece.text, id, static_cast<double>(bytes * best) - 0.1);
      }
    }
    unigram_.set_unknown_score(
        static_cast<double>(worst - static_cast<float>(Unigram::kUnknownPenalty)));
  }
  std::string_view kind() const override { return "unigram"; }
  std::size_t heap_bytes() const override { return own_bytes() + unigram_.heap_bytes(); }

 private:
  void Search(std::string_view piece, std::vector<PieceToken>* path) const override {
    unigram_.Cut(piece, path);
  }

  Unigram unigram_{Unigram::Sums::kFloat};
};

/// The characters of a text merge by the score of the piece that they form. User-defined pieces
/// take no part; unused ones do, and are then cut again where they were joined.
class BpeFile final : public SentencePieceModel {
 public:
  static Result<std::unique_ptr<WordModel>> Make(const SentencePieceFile& file,
                                                 TokenTexts vocabulary, PieceIds ids) {
    std::vector<std::string> texts;
    texts.reserve(file.pieces().size());
    for (const SentencePiece& piece : file.pieces()) {
      texts.emplace_back(IsFound(piece.type) ? piece.text : std::string_view());
    }
    PieceMap map;
    if (const Status built = map.Build(texts); !built.ok()) {
      return file.Error(StatusCode::kMalformed, built.message());
    }
    auto model = std::make_unique<BpeFile>(file, std::move(vocabulary), std::move(ids));
    model->texts_ = std::move(texts);
    model->map_ = std::move(map);
    return std::unique_ptr<WordModel>(std::move(model));
  }

  BpeFile(const SentencePieceFile& file, TokenTexts vocabulary, PieceIds ids)
      : SentencePieceModel(std::move(vocabulary), std::move(ids), file.byte_fallback()) {
    for (std::size_t i = 0; i < file.pieces().size(); ++i) {
      const SentencePiece& piece = file.pieces()[i];
      scores_.push_back(piece.score);
      unused_.push_back(piece.type == Type::kUnused);
      if (piece.type == Type::kUserDefined) {
        user_defined_.Insert(piece.text, static_cast<std::int32_t>(i));
      }
    }
  }
  std::string_view kind() const override { return "bpe"; }
  std::size_t heap_bytes() const override {
    return own_bytes() + HeapBytes(texts_) + map_.heap_bytes() + HeapBytes(scores_) +
           HeapBytes(unused_) + user_defined_.heap_bytes();
  }

 private:
  /// Where an unused piece was joined: bytes of its left part.
  struct Joint {
    std::int32_t id = kNoToken;
    std::uint32_t left = 0;
    std::size_t order = 0;  // In which it was joined.
  };

  void Search(std::string_view piece, std::vector<PieceToken>* path) const override {
    std::vector<Symbol> symbols;
    std::vector<bool> frozen;  // By byte where a symbol begins.
    frozen.resize(piece.size(), false);
    for (std::size_t i = 0; i < piece.size();) {
      const ByteTrie::Match user = user_defined_.Longest(piece.substr(i));
      const std::size_t size =
          user.size > 0 ? user.size : std::min(CharacterBytes(piece[i]), piece.size() - i);
      frozen[i] = user.size > 0;
      const auto index = static_cast<std::int32_t>(symbols.size());
      symbols.push_back({.begin = static_cast<std::uint32_t>(i),
                         .size = static_cast<std::uint32_t>(size),
                         .previous = index - 1,
                         .next = index + 1,
                         .id = user.size > 0 ? user.id : map_.Find(texts_, piece.substr(i, size))});
      i += size;
    }
    if (symbols.empty()) return;
    symbols.back().next = -1;
    std::vector<Joint> joints;
    std::vector<MergeCandidate<float>> heap;
    MergePairs(&symbols, &heap,
               [&](const Symbol& left, const Symbol& right, MergeCandidate<float>* candidate) {
                 if (frozen[left.begin] || frozen[right.begin]) return false;
                 const std::int32_t id =
                     map_.Find(texts_, piece.substr(left.begin, left.size + right.size));
                 if (id == kNoToken) return false;
                 candidate->id = id;
                 candidate->priority = -scores_[static_cast<std::size_t>(id)];
                 if (unused_[static_cast<std::size_t>(id)]) {
                   joints.push_back({id, left.size, joints.size()});
                 }
                 return true;
               });
    // The last joint of a piece counts.
    std::sort(joints.begin(), joints.end(), [](const Joint& a, const Joint& b) {
      return a.id != b.id ? a.id < b.id : a.order < b.order;
    });
    for (const Symbol& symbol : symbols) {
      if (symbol.size == 0) continue;
      AppendUsed(piece, {symbol.id, symbol.begin, symbol.begin + symbol.size}, joints, path);
    }
  }

  /// Appends a token, or if it is unused the parts that it was joined from.
  void AppendUsed(std::string_view piece, PieceToken token, const std::vector<Joint>& joints,
                  std::vector<PieceToken>* path) const {
    std::vector<PieceToken> open = {token};
    while (!open.empty()) {
      token = open.back();
      open.pop_back();
      if (token.id == kNoToken || !unused_[static_cast<std::size_t>(token.id)]) {
        path->push_back(token);
        continue;
      }
      const auto after =
          std::upper_bound(joints.begin(), joints.end(), token.id,
                           [](std::int32_t id, const Joint& joint) { return id < joint.id; });
      if (after == joints.begin() || (after - 1)->id != token.id) {
        path->push_back(token);
        continue;
      }
      const std::uint32_t middle = token.begin + (after - 1)->left;
      const auto part = [&](std::uint32_t begin, std::uint32_t end) {
        return PieceToken{map_.Find(texts_, piece.substr(begin, end - begin)), begin, end};
      };
      open.push_back(part(middle, token.end));
      open.push_back(part(token.begin, middle));
    }
  }

  std::vector<std::string> texts_;  // By piece of the file; empty for those that are not found.
  PieceMap map_;
  std::vector<float> scores_;
  std::vector<bool> unused_;
  ByteTrie user_defined_;
};

}  // namespace

Result<std::unique_ptr<WordModel>> MakeSentencePieceModel(const SentencePieceFile& file,
                                                          TokenTexts vocabulary, PieceIds ids) {
  switch (file.model()) {
    case SentencePieceFile::Model::kUnigram:
      return std::unique_ptr<WordModel>(
          std::make_unique<UnigramFile>(file, std::move(vocabulary), std::move(ids)));
    case SentencePieceFile::Model::kBpe:
      return BpeFile::Make(file, std::move(vocabulary), std::move(ids));
    case SentencePieceFile::Model::kWord:
    case SentencePieceFile::Model::kCharacter: break;
  }
  return file.Error(StatusCode::kUnsupported,
                    "its model is one of words or characters; Unigram and BPE are supported");
}

Result<NormalizerStep> MakeSentencePieceNormalizer(const SentencePieceFile& file) {
  if (file.treat_whitespace_as_suffix()) {
    return file.Error(StatusCode::kUnsupported, "treat_whitespace_as_suffix is not supported");
  }
  if (!file.escape_whitespaces()) {
    return file.Error(StatusCode::kUnsupported, "escape_whitespaces = false is not supported");
  }
  const auto normalizer = std::make_shared<SentenceNormalizer>(
      SentenceNormalization{.rules = SentenceNormalization::Rules::kSentencePiece,
                            .add_prefix = file.add_dummy_prefix(),
                            .merge_spaces = file.remove_extra_whitespaces()});
  if (!file.character_map().empty()) {
    auto map = CharacterMap::FromBytes(file.character_map());
    if (!map.ok()) return file.Error(map.status().code(), map.status().message());
    normalizer->set_map(std::move(map).value());
  }
  for (const SentencePiece& piece : file.pieces()) {
    if (piece.type == Type::kUserDefined) normalizer->Protect(piece.text);
  }
  return NormalizerStep([normalizer](AlignedText* text) {
    *text = normalizer->Normalize(*text);
    return Status::Ok();
  });
}

}  // namespace fovea::text
