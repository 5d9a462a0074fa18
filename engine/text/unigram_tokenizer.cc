#include "engine/text/unigram_tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/text/display.h"
#include "engine/text/space_mark.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

/// Ranges never overlap, even if a token ends inside a character or a character became two.
void AppendToken(std::int32_t id, ByteRange source, std::vector<Token>* tokens) {
  const std::size_t covered = tokens->empty() ? 0 : tokens->back().end;
  const std::size_t begin = std::max<std::size_t>(covered, source.begin);
  tokens->push_back({id, begin, std::max<std::size_t>(begin, source.end)});
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> UnigramTokenizer::Create(PreparedVocabulary prepared) {
  Vocabulary& v = prepared.vocabulary;
  SentenceNormalizer normalizer({.rules = SentenceNormalization::Rules::kLlamaCpp,
                                 .add_prefix = v.add_space_prefix,
                                 .merge_spaces = v.remove_extra_whitespaces});
  if (!v.character_map.empty()) {
    auto map = CharacterMap::FromBytes(v.character_map);
    if (!map.ok()) {
      return Status(map.status().code(),
                    "tokenizer.ggml.precompiled_charsmap: " + map.status().message());
    }
    normalizer.set_map(std::move(map).value());
    v.character_map = {};
  }
  return std::unique_ptr<Tokenizer>(
      std::make_unique<UnigramTokenizer>(std::move(prepared), std::move(normalizer)));
}

UnigramTokenizer::UnigramTokenizer(PreparedVocabulary prepared, SentenceNormalizer normalizer)
    : VocabularyTokenizer(std::move(prepared)), normalizer_(std::move(normalizer)) {
  byte_ids_.fill(kNoToken);
  const Vocabulary& v = vocabulary();
  float worst = 0.0F;
  bool any = false;
  for (std::size_t i = 0; i < v.pieces.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    const TokenType type = v.Type(i);
    if (type == TokenType::kNormal) {
      worst = any ? std::min(worst, v.Score(i)) : v.Score(i);
      any = true;
    }
    if (type == TokenType::kUserDefined) normalizer_.Protect(v.pieces[i]);
    if (type == TokenType::kByte) {
      const int byte = ByteOfPiece(v.pieces[i]);
      if (byte >= 0) byte_ids_[static_cast<std::size_t>(byte)] = id;
    }
    if (type == TokenType::kNormal || type == TokenType::kUnused) {
      unigram_.Add(v.pieces[i], id, static_cast<double>(v.Score(i)));
    } else if (type == TokenType::kUserDefined) {
      unigram_.Add(v.pieces[i], id, 0.0);  // Likelier than any piece that was learned.
    }
  }
  unigram_.set_unknown_score(
      static_cast<double>(worst - static_cast<float>(Unigram::kUnknownPenalty)));
}

std::string UnigramTokenizer::NormalPieceBytes(std::string_view piece) const {
  return WithSpaces(piece);
}

Status UnigramTokenizer::AppendTokens(const PlainText& plain, std::vector<Token>* tokens) const {
  const AlignedText text = normalizer_.Normalize(AlignedText::Of(plain.text, plain.begin));
  std::vector<PieceToken> path;
  unigram_.Cut(text.text(), &path);
  for (const PieceToken& token : path) {
    if (token.id == kNoToken) {
      FOVEA_RETURN_IF_ERROR(AppendUnknown(text, token, tokens));
    } else {
      AppendToken(token.id, text.Source(token.begin, token.end), tokens);
    }
  }
  return Status::Ok();
}

Status UnigramTokenizer::AppendUnknown(const AlignedText& text, const PieceToken& run,
                                       std::vector<Token>* tokens) const {
  const std::string_view characters = text.text().substr(run.begin, run.end - run.begin);
  const bool has_bytes = std::all_of(characters.begin(), characters.end(), [this](char c) {
    return byte_ids_[static_cast<std::uint8_t>(c)] != kNoToken;
  });
  const ByteRange source = text.Source(run.begin, run.end);
  if (has_bytes) {
    for (std::size_t i = run.begin; i < run.end; ++i) {
      const auto byte = static_cast<std::uint8_t>(text.text()[i]);
      AppendToken(byte_ids_[byte], text.Source(i, i + 1), tokens);
    }
    return Status::Ok();
  }
  if (vocabulary().unknown_id == kNoToken) {
    return {StatusCode::kUnsupported, "the vocabulary has no token for \"" +
                                          DisplayText(characters.substr(0, 64)) + "\" at byte " +
                                          std::to_string(source.begin) +
                                          ", no byte tokens and no unknown token"};
  }
  AppendToken(vocabulary().unknown_id, source, tokens);
  return Status::Ok();
}

}  // namespace fovea::text
