#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

#include <cmath>

namespace fovea::text {
namespace {

Status CheckCount(std::string_view field, std::size_t count, std::size_t pieces) {
  if (count == 0 || count == pieces) return Status::Ok();
  return {StatusCode::kMalformed, "tokenizer.ggml." + std::string(field) + " has " +
                                      std::to_string(count) + " entries for " +
                                      std::to_string(pieces) + " tokens"};
}

Status CheckId(std::string_view field, std::int32_t id, std::size_t pieces) {
  if (id == kNoToken) return Status::Ok();
  if (id >= 0 && static_cast<std::size_t>(id) < pieces) return Status::Ok();
  return {StatusCode::kMalformed, "tokenizer.ggml." + std::string(field) + " is " +
                                      std::to_string(id) + ", but the vocabulary has " +
                                      std::to_string(pieces) + " tokens"};
}

Status CheckAdded(std::string_view flag, bool add, std::string_view field, std::int32_t id) {
  if (!add || id != kNoToken) return Status::Ok();
  return {StatusCode::kMalformed, "tokenizer.ggml." + std::string(flag) +
                                      " is true, but tokenizer.ggml." + std::string(field) +
                                      " names no token"};
}

bool IsMatchedAsWhole(TokenType type) {
  return type == TokenType::kControl || type == TokenType::kUserDefined ||
         type == TokenType::kUnknown;
}

Status CheckPieces(const Vocabulary& v) {
  for (std::size_t id = 0; id < v.pieces.size(); ++id) {
    const std::size_t bytes = v.pieces[id].size();
    const std::size_t limit = IsMatchedAsWhole(v.Type(id)) ? kMaxSpecialPieceBytes : kMaxPieceBytes;
    if (bytes > limit) {
      return {StatusCode::kLimitExceeded, "tokenizer.ggml.tokens[" + std::to_string(id) + "] has " +
                                              std::to_string(bytes) + " bytes, the limit is " +
                                              std::to_string(limit)};
    }
    if (std::isnan(v.Score(id))) {
      return {StatusCode::kMalformed,
              "tokenizer.ggml.scores[" + std::to_string(id) + "] is not a number"};
    }
  }
  return Status::Ok();
}

Status CheckIds(const Vocabulary& v) {
  const struct {
    std::string_view field;
    std::int32_t id;
  } ids[] = {
      {"bos_token_id", v.bos_id},
      {"eos_token_id", v.eos_id},
      {"unknown_token_id", v.unknown_id},
      {"seperator_token_id", v.separator_id},
      {"padding_token_id", v.padding_id},
      {"mask_token_id", v.mask_id},
      {"eot_token_id", v.eot_id},
      {"eom_token_id", v.eom_id},
      {"fim_pad_token_id", v.fim_padding_id},
      {"fim_rep_token_id", v.fim_repository_id},
      {"fim_sep_token_id", v.fim_separator_id},
  };
  for (const auto& [field, id] : ids) {
    FOVEA_RETURN_IF_ERROR(CheckId(field, id, v.pieces.size()));
  }
  FOVEA_RETURN_IF_ERROR(CheckAdded("add_bos_token", v.add_bos, "bos_token_id", v.bos_id));
  FOVEA_RETURN_IF_ERROR(CheckAdded("add_eos_token", v.add_eos, "eos_token_id", v.eos_id));
  return CheckAdded("add_sep_token", v.add_separator, "seperator_token_id", v.separator_id);
}

}  // namespace

std::string_view TokenizerKindName(TokenizerKind kind) {
  switch (kind) {
    case TokenizerKind::kSentencePiece: return "llama";
    case TokenizerKind::kByteLevel: return "gpt2";
    case TokenizerKind::kWordPiece: return "bert";
    case TokenizerKind::kUnigram: return "t5";
  }
  return "?";
}

Status CheckVocabulary(const Vocabulary& v) {
  if (v.pieces.empty()) return {StatusCode::kMalformed, "tokenizer.ggml.tokens is empty"};
  if (v.pieces.size() > kMaxPieces) {
    return {StatusCode::kLimitExceeded, "tokenizer.ggml.tokens has " +
                                            std::to_string(v.pieces.size()) +
                                            " entries, the limit is " + std::to_string(kMaxPieces)};
  }
  FOVEA_RETURN_IF_ERROR(CheckCount("scores", v.scores.size(), v.pieces.size()));
  FOVEA_RETURN_IF_ERROR(CheckCount("token_type", v.types.size(), v.pieces.size()));
  FOVEA_RETURN_IF_ERROR(CheckPieces(v));
  return CheckIds(v);
}

}  // namespace fovea::text
