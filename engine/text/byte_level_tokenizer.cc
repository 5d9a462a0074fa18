#include "engine/text/byte_level_tokenizer.h"

#include <utility>

#include "engine/text/pair_merge.h"
#include "engine/text/pre_tokenizer_table.h"
#include "fovea/status_macros.h"

namespace fovea::text {

/// Memory that words share.
struct ByteLevelTokenizer::Scratch {
  std::vector<Symbol> symbols;
  std::vector<MergeCandidate<std::int32_t>> heap;
};

Result<std::unique_ptr<Tokenizer>> ByteLevelTokenizer::Create(PreparedVocabulary prepared) {
  Vocabulary& v = prepared.vocabulary;
  const PreTokenizerRules* rules = FindPreTokenizer(v.pre_tokenizer);
  if (rules == nullptr) {
    return Status(StatusCode::kUnsupported, "tokenizer.ggml.pre is \"" + v.pre_tokenizer +
                                                "\"; supported are " + PreTokenizerNames());
  }
  Result<PreTokenizer> pre_tokenizer = PreTokenizer::Create(rules->patterns);
  FOVEA_RETURN_IF_ERROR(pre_tokenizer);
  MergeTable merges;
  FOVEA_RETURN_IF_ERROR(merges.Build(v.merges, v.pieces, prepared.map));
  v.merges = {};  // The table is all that is needed from here on.
  return std::unique_ptr<Tokenizer>(new ByteLevelTokenizer(std::move(prepared), std::move(merges),
                                                           std::move(pre_tokenizer).value(),
                                                           rules->whole_words_first));
}

ByteLevelTokenizer::ByteLevelTokenizer(PreparedVocabulary prepared, MergeTable merges,
                                       PreTokenizer pre_tokenizer, bool whole_words_first)
    : VocabularyTokenizer(std::move(prepared)),
      merges_(std::move(merges)),
      pre_tokenizer_(std::move(pre_tokenizer)),
      whole_words_first_(whole_words_first) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string& letter = alphabet_.Letter(static_cast<std::uint8_t>(byte));
    byte_symbols_[byte] = FindPiece(letter);
    if (byte_symbols_[byte] == kNoToken) byte_symbols_[byte] = merges_.SymbolOf(letter);
  }
}

std::string ByteLevelTokenizer::NormalPieceBytes(std::string_view piece) const {
  return alphabet_.Decode(piece);
}

Status ByteLevelTokenizer::AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const {
  const auto ends = pre_tokenizer_.Split(plain.text);
  FOVEA_RETURN_IF_ERROR(ends);
  Scratch scratch;
  std::size_t begin = 0;
  for (const std::uint32_t end : *ends) {
    AppendWord(plain.text.substr(begin, end - begin), plain.begin + begin, &scratch, tokens);
    begin = end;
  }
  return Status::Ok();
}

void ByteLevelTokenizer::AppendWord(std::string_view word, std::size_t offset, Scratch* scratch,
                                    std::vector<Token>* tokens) const {
  if (whole_words_first_ && word.size() <= longest_piece()) {
    if (const std::int32_t id = FindPiece(alphabet_.Encode(word)); id != kNoToken) {
      tokens->push_back({id, offset, offset + word.size()});
      return;
    }
  }
  std::vector<Symbol>& symbols = scratch->symbols;
  symbols.clear();
  for (std::size_t i = 0; i < word.size(); ++i) {
    const auto index = static_cast<std::int32_t>(i);
    symbols.push_back({.begin = static_cast<std::uint32_t>(i),
                       .size = 1,
                       .previous = index - 1,
                       .next = i + 1 == word.size() ? -1 : index + 1,
                       .id = byte_symbols_[static_cast<std::uint8_t>(word[i])]});
  }
  const auto find_pair = [this](const Symbol& left, const Symbol& right,
                                MergeCandidate<std::int32_t>* candidate) {
    const MergeTable::Merge* merge = merges_.Find(left.id, right.id);
    if (merge == nullptr) return false;
    candidate->priority = merge->rank;
    candidate->id = merge->symbol;
    return true;
  };
  MergePairs(&symbols, &scratch->heap, find_pair);

  const auto is_token = [this](std::int32_t symbol) {
    return symbol >= 0 && static_cast<std::size_t>(symbol) < vocabulary_size();
  };
  for (std::int32_t i = 0; i >= 0; i = symbols[static_cast<std::size_t>(i)].next) {
    const Symbol& symbol = symbols[static_cast<std::size_t>(i)];
    const std::size_t begin = offset + symbol.begin;
    if (is_token(symbol.id)) {
      tokens->push_back({symbol.id, begin, begin + symbol.size});
      continue;
    }
    // The merges led to something that is no token: its bytes one by one. A byte without a token is
    // the unknown token, or lost if the file names none.
    for (std::size_t k = 0; k < symbol.size; ++k) {
      std::int32_t id = byte_symbols_[static_cast<std::uint8_t>(word[symbol.begin + k])];
      if (!is_token(id)) id = vocabulary().unknown_id;
      if (id != kNoToken) tokens->push_back({id, begin + k, begin + k + 1});
    }
  }
}

}  // namespace fovea::text
