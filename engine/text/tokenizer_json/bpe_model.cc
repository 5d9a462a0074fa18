#include "engine/text/tokenizer_json/bpe_model.h"

#include <algorithm>
#include <utility>

#include "engine/text/pair_merge.h"
#include "engine/text/tokenizer_json/unicode.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

class Bpe final : public WordModel {
 public:
  Bpe(TokenTexts vocabulary, BpeMerges merges, BpeOptions options)
      : WordModel(std::move(vocabulary)), merges_(std::move(merges)), options_(std::move(options)) {
    unknown_ = options_.unknown.empty() ? kNoToken : Find(options_.unknown);
  }

  Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const override {
    if (options_.ignore_merges) {
      if (const std::int32_t id = Find(piece); id != kNoToken) {
        tokens->push_back({id, 0, static_cast<std::uint32_t>(piece.size())});
        return {};
      }
    }
    std::vector<PieceToken> symbols;
    AppendSymbols(piece, &symbols);
    std::vector<Symbol> links(symbols.size());
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      const auto index = static_cast<std::int32_t>(i);
      links[i] = {.begin = static_cast<std::uint32_t>(i),
                  .size = 1,
                  .previous = index - 1,
                  .next = i + 1 == symbols.size() ? -1 : index + 1,
                  .id = symbols[i].id};
    }
    std::vector<MergeCandidate<std::int32_t>> heap;
    MergePairs(
        &links, &heap,
        [this](const Symbol& left, const Symbol& right, MergeCandidate<std::int32_t>* candidate) {
          const BpeMerges::Merge* merge = merges_.Find(left.id, right.id);
          if (merge == nullptr) return false;
          candidate->priority = merge->rank;
          candidate->id = merge->merged;
          return true;
        });
    for (const Symbol& link : links) {
      if (link.size == 0) continue;
      tokens->push_back(
          {link.id, symbols[link.begin].begin, symbols[link.begin + link.size - 1].end});
    }
    return {};
  }
  std::string_view kind() const override { return "bpe"; }
  std::size_t heap_bytes() const override {
    return vocabulary().heap_bytes() + merges_.heap_bytes();
  }

 private:
  void AppendSymbols(std::string_view piece, std::vector<PieceToken>* symbols) const {
    bool after_unknown = false;
    std::string spelled;
    ForEachCharacter(piece, [&](char32_t, std::size_t begin, std::size_t end) {
      const std::string_view character = piece.substr(begin, end - begin);
      spelled = begin == 0 ? "" : options_.prefix;
      spelled += character;
      if (end == piece.size()) spelled += options_.suffix;
      const auto first = static_cast<std::uint32_t>(begin);
      const auto last = static_cast<std::uint32_t>(end);
      if (const std::int32_t id = Find(spelled); id != kNoToken) {
        symbols->push_back({id, first, last});
      } else if (options_.byte_fallback && AppendByteTokens(character, first, symbols)) {
      } else if (unknown_ != kNoToken) {
        if (after_unknown && options_.fuse_unknown) {
          symbols->back().end = last;
        } else {
          symbols->push_back({unknown_, first, last});
        }
        after_unknown = true;
        return;
      }
      after_unknown = false;
    });
  }

  BpeMerges merges_;
  BpeOptions options_;
  std::int32_t unknown_ = kNoToken;
};

/// The two texts of "left right" or ["left", "right"].
bool ReadPair(const format::JsonValue& value, std::string_view* left, std::string_view* right) {
  if (const auto text = value.Text()) {
    const std::size_t space = text->find(' ');
    if (space == text->npos || text->find(' ', space + 1) != text->npos) return false;
    *left = text->substr(0, space);
    *right = text->substr(space + 1);
    return true;
  }
  if (!value.IsArray() || value.size() != 2) return false;
  std::string_view* part = left;
  for (const auto& [key, item] : value.members()) {
    if (!item.Text()) return false;
    *part = *item.Text();
    part = right;
  }
  return true;
}

Status ReadMerges(const Fields& fields, const TokenTexts& vocabulary, std::string_view prefix,
                  BpeMerges* merges) {
  const auto list = fields.Find("merges");
  if (!list || !list->IsArray()) return fields.Malformed("merges must be an array");
  if (list->size() > kMaxPieces) {
    return fields.Error(StatusCode::kLimitExceeded, "merges has " + std::to_string(list->size()) +
                                                        " entries, the limit is " +
                                                        std::to_string(kMaxPieces));
  }
  std::int32_t rank = 0;
  for (const auto& [key, item] : list->members()) {
    const auto wrong = [&](const char* what) {
      return fields.Malformed("merges[" + std::to_string(rank) + "] " + what);
    };
    std::string_view left;
    std::string_view right;
    if (!ReadPair(item, &left, &right)) return wrong("is not two texts");
    if (!merges->Add(vocabulary, left, right, prefix)) {
      return wrong("has a part or a result that is not in the vocabulary");
    }
    ++rank;
  }
  merges->Sort();
  return {};
}

}  // namespace

bool BpeMerges::Add(const TokenTexts& vocabulary, std::string_view left, std::string_view right,
                    std::string_view prefix) {
  const std::string_view tail = right.starts_with(prefix) ? right.substr(prefix.size()) : right;
  Merge merge;
  merge.left = vocabulary.Find(left);
  merge.right = vocabulary.Find(right);
  merge.merged = vocabulary.Find(std::string(left) + std::string(tail));
  merge.rank = static_cast<std::int32_t>(merges_.size());
  if (merge.left == kNoToken || merge.right == kNoToken || merge.merged == kNoToken) return false;
  merges_.push_back(merge);
  return true;
}

void BpeMerges::Sort() {
  // Of equal pairs the last one counts, as in a map that is filled in order.
  std::sort(merges_.begin(), merges_.end(), [](const Merge& a, const Merge& b) {
    if (a.left != b.left) return a.left < b.left;
    return a.right != b.right ? a.right < b.right : a.rank > b.rank;
  });
}

const BpeMerges::Merge* BpeMerges::Find(std::int32_t left, std::int32_t right) const {
  const auto found = std::lower_bound(
      merges_.begin(), merges_.end(), std::pair(left, right),
      [](const Merge& m, const auto& pair) { return std::pair(m.left, m.right) < pair; });
  if (found == merges_.end() || found->left != left || found->right != right) return nullptr;
  return &*found;
}

std::unique_ptr<WordModel> MakeBpe(TokenTexts vocabulary, BpeMerges merges, BpeOptions options) {
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(merges), std::move(options));
}

Result<std::unique_ptr<WordModel>> ReadBpe(const Fields& fields, TokenTexts vocabulary) {
  BpeOptions options;
  FOVEA_RETURN_IF_ERROR(fields.Read("unk_token", &options.unknown));
  FOVEA_RETURN_IF_ERROR(fields.Read("continuing_subword_prefix", &options.prefix));
  FOVEA_RETURN_IF_ERROR(fields.Read("end_of_word_suffix", &options.suffix));
  FOVEA_RETURN_IF_ERROR(fields.Read("fuse_unk", &options.fuse_unknown));
  FOVEA_RETURN_IF_ERROR(fields.Read("byte_fallback", &options.byte_fallback));
  FOVEA_RETURN_IF_ERROR(fields.Read("ignore_merges", &options.ignore_merges));
  const auto dropout = fields.Find("dropout");
  if (dropout && dropout->Number() != 0.0) {
    return fields.Error(StatusCode::kUnsupported, "dropout is not supported");
  }
  if (!options.unknown.empty() && vocabulary.Find(options.unknown) == kNoToken) {
    return fields.Malformed("unk_token \"" + options.unknown + "\" is not in the vocabulary");
  }
  BpeMerges merges;
  FOVEA_RETURN_IF_ERROR(ReadMerges(fields, vocabulary, options.prefix, &merges));
  return MakeBpe(std::move(vocabulary), std::move(merges), std::move(options));
}

}  // namespace fovea::text
