// What the small files of a folder say about its tokenizer: tokenizer_config.json,
// special_tokens_map.json, added_tokens.json, and the family in config.json.
#ifndef FOVEA_TEXT_VOCABULARY_FILES_TOKENIZER_CONFIG_H_
#define FOVEA_TEXT_VOCABULARY_FILES_TOKENIZER_CONFIG_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/tokenizer_json/added_tokens.h"
#include "engine/text/tokenizer_json/staged_tokenizer.h"
#include "fovea/status.h"

namespace fovea::text {

/// The names that SentencePiece files have, the first that exists counts.
inline constexpr std::string_view kSentencePieceFiles[] = {
    "spiece.model", "sentencepiece.bpe.model", "tokenizer.model"};
inline constexpr std::string_view kMarianSource = "source.spm";

/// Special tokens by what they are for.
enum class TokenRole : std::uint8_t { kBos, kEos, kUnknown, kSeparator, kPadding, kCls, kMask };
inline constexpr std::size_t kTokenRoles = 7;

struct RoleText {
  TokenRole role = TokenRole::kBos;
  std::string_view text;
  bool takes_left = false;  ///< White space before it belongs to it.
};

struct TokenizerConfig {
  std::string folder;
  /// The class without "Tokenizer" and "Fast", or else the model's type; lower case, letters and
  /// digits only: "bert", "xlmroberta". Empty if no file says it.
  std::string family;
  std::optional<bool> lowercase, strip_accents, chinese, keep_accents;
  std::optional<bool> add_bos, add_eos, add_prefix_space;
  std::optional<std::uint32_t> extra_ids;
  std::array<std::optional<AddedToken>, kTokenRoles> roles;
  std::vector<AddedToken> special;  ///< More special tokens, whose ids the vocabulary knows.
  std::vector<AddedToken> added;    ///< With their ids.

  /// For roles that no file states.
  void SetDefaults(std::initializer_list<RoleText> texts);
  /// The text of a role's token; empty if it has none.
  std::string_view Text(TokenRole role) const;
  /// The id of a role's token, among the added ones or in the vocabulary; kNoToken if there is
  /// none.
  std::int32_t Id(TokenRole role, const TokenTexts& vocabulary) const;

  /// The added tokens, and all special ones that the vocabulary has.
  Result<AddedTokens> MakeAddedTokens(const TokenTexts& vocabulary,
                                      const std::vector<NormalizerStep>& steps) const;
  SpecialIds Ids(const TokenTexts& vocabulary) const;

  /// "<folder>/<file>: <message>".
  Status Error(StatusCode code, std::string_view file, std::string_view message) const;
  /// The family is none of those that the file is known for.
  Status UnknownFamily(std::string_view file) const;
};

/// Files that are not there say nothing.
Result<TokenizerConfig> ReadTokenizerConfig(const std::string& folder);

/// Whether the folder has a regular file of that name.
bool HasFile(const std::string& folder, std::string_view name);

/// Sets the stages' added tokens and ids and makes the tokenizer; errors name `file`.
Result<std::unique_ptr<Tokenizer>> Finish(const TokenizerConfig& config, std::string_view file,
                                          Stages stages);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_FILES_TOKENIZER_CONFIG_H_
