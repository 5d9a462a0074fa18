#include "engine/model/load/load_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/text/create_tokenizer.h"
#include "engine/text/pre_tokenizer_table.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::model {
namespace {

using text::kNoToken;
using text::TokenizerKind;
using text::TokenType;
using text::Vocabulary;

constexpr std::string_view kModelKey = "tokenizer.ggml.model";

/// Each kind's defaults, for what the file does not state; ids beyond the vocabulary become none.
void SetDefaults(Vocabulary* v) {
  const auto id = [v](std::size_t value) {
    return value < v->pieces.size() ? static_cast<std::int32_t>(value) : kNoToken;
  };
  switch (v->kind) {
    case TokenizerKind::kSentencePiece:
      v->bos_id = id(1);
      v->eos_id = id(2);
      v->unknown_id = id(0);
      v->add_bos = v->bos_id != kNoToken;
      v->add_space_prefix = true;
      break;
    case TokenizerKind::kByteLevel: {
      const text::PreTokenizerRules* rules = text::FindPreTokenizer(v->pre_tokenizer);
      v->bos_id = rules != nullptr && !rules->has_bos ? kNoToken : id(11);
      v->eos_id = id(11);
      v->add_bos = rules != nullptr && rules->add_bos;
      break;
    }
    case TokenizerKind::kWordPiece:
      v->bos_id = id(101);
      v->unknown_id = id(100);
      v->separator_id = id(102);
      v->padding_id = id(0);
      v->mask_id = id(103);
      break;
    case TokenizerKind::kUnigram:
      v->eos_id = id(1);
      v->unknown_id = id(2);
      v->padding_id = id(0);
      v->add_eos = v->eos_id != kNoToken;
      break;
  }
}

class Reader {
 public:
  explicit Reader(const format::ModelSource& file) : file_(file) {}

  Result<std::unique_ptr<Tokenizer>> Run() {
    FOVEA_RETURN_IF_ERROR(ReadKind());
    FOVEA_RETURN_IF_ERROR(ReadPieces());
    FOVEA_RETURN_IF_ERROR(ReadMerges());
    FOVEA_RETURN_IF_ERROR(ReadCharacterMap());
    SetDefaults(&vocabulary_);
    FOVEA_RETURN_IF_ERROR(ReadIds());
    FOVEA_RETURN_IF_ERROR(ReadFlags());
    auto tokenizer = text::CreateTokenizer(std::move(vocabulary_));
    if (!tokenizer) return file_.Error(tokenizer.status().code(), tokenizer.status().message());
    return tokenizer;
  }

 private:
  Status ReadKind() {
    if (!file_.HasKey(kModelKey)) {
      return file_.Error(StatusCode::kNotFound,
                         "there is no tokenizer.ggml.model: the file has no vocabulary");
    }
    const auto kind = file_.GetString(kModelKey);
    FOVEA_RETURN_IF_ERROR(kind);
    if (*kind == "none" || *kind == "no_vocab") {
      return file_.Error(StatusCode::kNotFound, "tokenizer.ggml.model is \"" + std::string(*kind) +
                                                    "\": the file has no vocabulary");
    }
    for (const TokenizerKind known : {TokenizerKind::kSentencePiece, TokenizerKind::kByteLevel,
                                      TokenizerKind::kWordPiece, TokenizerKind::kUnigram}) {
      if (*kind == text::TokenizerKindName(known)) {
        vocabulary_.kind = known;
        return Status::Ok();
      }
    }
    return file_.Error(StatusCode::kUnsupported, "tokenizer.ggml.model is \"" + std::string(*kind) +
                                                     "\"; supported are llama, gpt2, bert, t5");
  }

  Status ReadPieces() {
    const auto pieces = file_.FindStringArray("tokenizer.ggml.tokens");
    FOVEA_RETURN_IF_ERROR(pieces);
    vocabulary_.pieces.assign(pieces->begin(), pieces->end());
    auto scores = file_.FindFloatArray("tokenizer.ggml.scores");
    FOVEA_RETURN_IF_ERROR(scores);
    vocabulary_.scores = std::move(scores).value();
    const auto types =
        file_.FindIntArray("tokenizer.ggml.token_type", std::numeric_limits<std::int32_t>::min(),
                           std::numeric_limits<std::int32_t>::max());
    FOVEA_RETURN_IF_ERROR(types);
    for (const std::int64_t type : *types) {
      const bool known = type >= 0 && type <= static_cast<std::int64_t>(TokenType::kByte);
      vocabulary_.types.push_back(known ? static_cast<TokenType>(type) : TokenType::kUndefined);
    }
    return Status::Ok();
  }

  Status ReadMerges() {
    if (vocabulary_.kind != TokenizerKind::kByteLevel) return Status::Ok();
    if (!file_.HasKey("tokenizer.ggml.merges")) {
      return file_.Error(StatusCode::kMalformed,
                         "tokenizer.ggml.merges is missing, which a gpt2 tokenizer needs");
    }
    const auto merges = file_.FindStringArray("tokenizer.ggml.merges");
    FOVEA_RETURN_IF_ERROR(merges);
    vocabulary_.merges.assign(merges->begin(), merges->end());
    const auto pre = file_.FindString("tokenizer.ggml.pre");
    FOVEA_RETURN_IF_ERROR(pre);
    if (pre->has_value()) vocabulary_.pre_tokenizer = **pre;
    return Status::Ok();
  }

  Status ReadCharacterMap() {
    if (vocabulary_.kind != TokenizerKind::kUnigram) return Status::Ok();
    const auto map = file_.FindBytes("tokenizer.ggml.precompiled_charsmap");
    FOVEA_RETURN_IF_ERROR(map);
    vocabulary_.character_map.assign(reinterpret_cast<const char*>(map->data()), map->size());
    return Status::Ok();
  }

  /// Leaves *id as it is if the key is missing. Writers store "none" as -1, which is 2^32 - 1
  /// unsigned.
  Status ReadId(std::string_view key, std::int32_t* id) {
    constexpr std::uint64_t kNone = std::numeric_limits<std::uint32_t>::max();
    const auto value = file_.FindUint(key, 0, kNone);
    FOVEA_RETURN_IF_ERROR(value);
    if (!value->has_value()) return Status::Ok();
    if (**value == kNone) {
      *id = kNoToken;
      return Status::Ok();
    }
    if (**value >= vocabulary_.pieces.size()) {
      return file_.Error(StatusCode::kMalformed,
                         std::string(key) + " is " + std::to_string(**value) +
                             ", but the vocabulary has " +
                             std::to_string(vocabulary_.pieces.size()) + " tokens");
    }
    *id = static_cast<std::int32_t>(**value);
    return Status::Ok();
  }

  Status ReadIds() {
    Vocabulary& v = vocabulary_;
    std::int32_t cls_id = kNoToken;
    const struct {
      std::string_view key;
      std::int32_t* id;
    } rows[] = {
        {"tokenizer.ggml.cls_token_id", &cls_id},
        {"tokenizer.ggml.bos_token_id", &v.bos_id},
        {"tokenizer.ggml.eos_token_id", &v.eos_id},
        {"tokenizer.ggml.unknown_token_id", &v.unknown_id},
        {"tokenizer.ggml.seperator_token_id", &v.separator_id},
        {"tokenizer.ggml.padding_token_id", &v.padding_id},
        {"tokenizer.ggml.mask_token_id", &v.mask_id},
        {"tokenizer.ggml.eot_token_id", &v.eot_id},
        {"tokenizer.ggml.eom_token_id", &v.eom_id},
        {"tokenizer.ggml.fim_pad_token_id", &v.fim_padding_id},
        {"tokenizer.ggml.fim_rep_token_id", &v.fim_repository_id},
        {"tokenizer.ggml.fim_sep_token_id", &v.fim_separator_id},
    };
    for (const auto& row : rows) {
      FOVEA_RETURN_IF_ERROR(ReadId(row.key, row.id));
    }
    if (v.kind == TokenizerKind::kWordPiece && cls_id != kNoToken) v.bos_id = cls_id;
    return Status::Ok();
  }

  Status ReadFlag(std::string_view key, bool* flag) {
    const auto value = file_.FindBool(key);
    FOVEA_RETURN_IF_ERROR(value);
    if (value->has_value()) *flag = **value;
    return Status::Ok();
  }

  Status ReadFlags() {
    Vocabulary& v = vocabulary_;
    const struct {
      std::string_view key;
      bool* flag;
    } rows[] = {
        {"tokenizer.ggml.add_bos_token", &v.add_bos},
        {"tokenizer.ggml.add_eos_token", &v.add_eos},
        {"tokenizer.ggml.add_sep_token", &v.add_separator},
        {"tokenizer.ggml.add_space_prefix", &v.add_space_prefix},
        {"tokenizer.ggml.remove_extra_whitespaces", &v.remove_extra_whitespaces},
        {"tokenizer.ggml.normalizer.lowercase", &v.lowercase},
    };
    for (const auto& row : rows) {
      FOVEA_RETURN_IF_ERROR(ReadFlag(row.key, row.flag));
    }
    v.strip_accents = v.lowercase;
    FOVEA_RETURN_IF_ERROR(ReadFlag("tokenizer.ggml.normalizer.strip_accents", &v.strip_accents));
    const auto name = file_.FindString("general.name");
    v.special_takes_spaces = name.ok() && name->has_value() && IsPhi3(**name);
    return Status::Ok();
  }

  /// Phi-3's special tokens include the spaces after them; only the model's name shows that it is
  /// one.
  static bool IsPhi3(std::string_view name) {
    std::string lower(name);
    for (char& c : lower) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower.find("phi3") != std::string::npos || lower.find("phi-3") != std::string::npos;
  }

  const format::ModelSource& file_;
  Vocabulary vocabulary_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const format::ModelSource& file) {
  return platform::IfMemoryLasts(
      [&] { return Reader(file).Run(); },
      [&] { return file.Error(StatusCode::kOutOfMemory, "not enough memory for the tokenizer"); });
}

}  // namespace fovea::model
