#include "engine/text/sentence_piece_tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/text/display.h"
#include "engine/text/pair_merge.h"
#include "engine/text/space_mark.h"
#include "engine/text/utf8.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

std::string BytePieceName(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
}

/// A "▁" that follows something else than "▁".
bool HasInnerSpaceMark(std::string_view piece) {
  std::size_t leading = 0;
  while (piece.substr(leading, kSpaceMark.size()) == kSpaceMark) leading += kSpaceMark.size();
  return piece.find(kSpaceMark, leading) != std::string_view::npos;
}

}  // namespace

/// Memory that words share.
struct SentencePieceTokenizer::Scratch {
  std::string escaped;                // the word with "▁" for spaces
  std::vector<std::uint32_t> source;  // by symbol: where it begins in the word as it was given
  std::vector<Symbol> symbols;
  std::vector<MergeCandidate<float>> heap;
};

SentencePieceTokenizer::SentencePieceTokenizer(PreparedVocabulary prepared)
    : VocabularyTokenizer(std::move(prepared)) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    byte_ids_[byte] = FindPiece(BytePieceName(byte));
    if (byte_ids_[byte] == kNoToken) {
      const char raw = static_cast<char>(byte);
      byte_ids_[byte] = FindPiece({&raw, 1});
    }
  }
  words_are_independent_ = std::none_of(vocabulary().pieces.begin(), vocabulary().pieces.end(),
                                        [](const std::string& p) { return HasInnerSpaceMark(p); });
}

std::string SentencePieceTokenizer::NormalPieceBytes(std::string_view piece) const {
  return WithSpaces(piece);
}

Status SentencePieceTokenizer::AppendTokens(const PlainText& plain,
                                            std::vector<Token>* tokens) const {
  Scratch scratch;
  bool add_space = plain.starts_text && vocabulary().add_space_prefix;
  // A text that begins with a "▁" of its own is not cut there: the added space is part of its run.
  std::size_t begin = 0;
  while (begin < plain.text.size()) {
    std::size_t end = plain.text.size();
    if (words_are_independent_) {
      std::size_t i = begin;
      const auto is_mark = [&](std::size_t at) {
        return plain.text[at] == ' ' || plain.text.substr(at, kSpaceMark.size()) == kSpaceMark;
      };
      while (i < plain.text.size() && is_mark(i)) i += CharacterBytes(plain.text[i]);
      while (i < plain.text.size() && !is_mark(i)) i += CharacterBytes(plain.text[i]);
      end = i;
    }
    scratch.escaped.clear();
    scratch.source.clear();
    scratch.symbols.clear();
    const auto add_symbol = [&](std::string_view character, std::size_t source) {
      const auto index = static_cast<std::int32_t>(scratch.symbols.size());
      scratch.symbols.push_back({.begin = static_cast<std::uint32_t>(scratch.escaped.size()),
                                 .size = static_cast<std::uint32_t>(character.size()),
                                 .previous = index - 1,
                                 .next = index + 1});
      scratch.source.push_back(static_cast<std::uint32_t>(source));
      scratch.escaped += character;
    };
    if (add_space) add_symbol(kSpaceMark, 0);
    add_space = false;
    for (std::size_t i = begin; i < end;) {
      const std::size_t size = CharacterBytes(plain.text[i]);
      const std::string_view character = plain.text.substr(i, size);
      add_symbol(character == " " ? kSpaceMark : character, i - begin);
      i += size;
    }
    scratch.symbols.back().next = -1;
    scratch.source.push_back(static_cast<std::uint32_t>(end - begin));
    FOVEA_RETURN_IF_ERROR(AppendWord(plain.begin + begin, &scratch, tokens));
    begin = end;
  }
  return Status::Ok();
}

Status SentencePieceTokenizer::AppendWord(std::size_t offset, Scratch* scratch,
                                          std::vector<Token>* tokens) const {
  const std::string_view escaped = scratch->escaped;
  const auto find_pair = [&](const Symbol& left, const Symbol& right,
                             MergeCandidate<float>* candidate) {
    const std::int32_t id = FindPiece(escaped.substr(left.begin, left.size + right.size));
    if (id == kNoToken) return false;
    candidate->id = id;
    candidate->priority = -vocabulary().Score(static_cast<std::size_t>(id));
    return true;
  };
  MergePairs(&scratch->symbols, &scratch->heap, find_pair);

  for (std::int32_t i = 0; i >= 0;) {
    const Symbol& symbol = scratch->symbols[static_cast<std::size_t>(i)];
    const std::int32_t next = symbol.next;
    const auto after = next >= 0 ? static_cast<std::size_t>(next) : scratch->source.size() - 1;
    const std::size_t begin = offset + scratch->source[static_cast<std::size_t>(i)];
    const std::size_t end = offset + scratch->source[after];
    const std::string_view piece = escaped.substr(symbol.begin, symbol.size);
    const std::int32_t id = symbol.id != kNoToken ? symbol.id : FindPiece(piece);
    if (id != kNoToken) {
      tokens->push_back({id, begin, end});
    } else
      FOVEA_RETURN_IF_ERROR(AppendFallback(piece, begin, end - begin, tokens));
    i = next;
  }
  return Status::Ok();
}

Status SentencePieceTokenizer::AppendFallback(std::string_view character, std::size_t offset,
                                              std::size_t source_bytes,
                                              std::vector<Token>* tokens) const {
  const bool has_bytes = std::all_of(character.begin(), character.end(), [this](char c) {
    return byte_ids_[static_cast<std::uint8_t>(c)] != kNoToken;
  });
  if (!has_bytes && vocabulary().unknown_id == kNoToken) {
    return {StatusCode::kUnsupported,
            "the vocabulary has no token for \"" + DisplayText(character) + "\" at byte " +
                std::to_string(offset) + ", no byte tokens and no unknown token"};
  }
  if (!has_bytes) {
    tokens->push_back({vocabulary().unknown_id, offset, offset + source_bytes});
    return Status::Ok();
  }
  // A "▁" that stands for one space, or for none, has more bytes than its source: the last ones are
  // empty.
  for (std::size_t i = 0; i < character.size(); ++i) {
    const std::int32_t id = byte_ids_[static_cast<std::uint8_t>(character[i])];
    tokens->push_back(
        {id, offset + std::min(i, source_bytes), offset + std::min(i + 1, source_bytes)});
  }
  return Status::Ok();
}

}  // namespace fovea::text
