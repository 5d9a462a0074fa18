#include "engine/text/vocabulary_files/tokenizer_config.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/format/json.h"
#include "engine/format/message.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{16} << 20;
constexpr std::size_t kMaxAddedTokens = 1 << 17;
constexpr std::string_view kRoleKeys[kTokenRoles] = {
    "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};

std::size_t Index(TokenRole role) {
  return static_cast<std::size_t>(role);
}

/// "XLMRobertaTokenizerFast" and "xlm-roberta" are both "xlmroberta".
std::string FamilyOf(std::string_view name) {
  std::string family;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') family += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) family += c;
  }
  for (const std::string_view ending : {"fast", "tokenizer"}) {
    if (family.ends_with(ending)) family.resize(family.size() - ending.size());
  }
  return family;
}

/// A token: its text, or an object with "content" and flags.
Status ReadToken(const Fields& fields, const format::JsonValue& value, AddedToken* token) {
  if (const auto text = value.Text()) {
    token->content = *text;
  } else if (value.IsObject()) {
    FOVEA_RETURN_IF_ERROR(fields.Read("content", &token->content));
    FOVEA_RETURN_IF_ERROR(fields.Read("lstrip", &token->takes_left));
    FOVEA_RETURN_IF_ERROR(fields.Read("rstrip", &token->takes_right));
    FOVEA_RETURN_IF_ERROR(fields.Read("single_word", &token->single_word));
    FOVEA_RETURN_IF_ERROR(fields.Read("special", &token->special));
  } else {
    return fields.Malformed("must be a text, or an object with content");
  }
  if (token->content.size() <= kMaxSpecialPieceBytes) return {};
  return fields.Error(StatusCode::kLimitExceeded, "has " + std::to_string(token->content.size()) +
                                                      " bytes, the limit is " +
                                                      std::to_string(kMaxSpecialPieceBytes));
}

Status ReadSpecial(const Fields& root, TokenizerConfig* config) {
  for (std::size_t i = 0; i < kTokenRoles; ++i) {
    const auto value = root.Find(kRoleKeys[i]);
    if (!value) continue;
    AddedToken token;
    FOVEA_RETURN_IF_ERROR(ReadToken(root.Below(*value, kRoleKeys[i]), *value, &token));
    token.special = true;
    config->roles[i] = std::move(token);
  }
  const auto more = root.Find("additional_special_tokens");
  if (!more || !more->IsArray()) return {};
  if (more->size() > kMaxAddedTokens) {
    return root.Error(StatusCode::kLimitExceeded, "more than 131072 special tokens");
  }
  config->special.clear();
  for (const auto& [key, value] : more->members()) {
    AddedToken token;
    FOVEA_RETURN_IF_ERROR(ReadToken(root.Below(value, "additional_special_tokens"), value, &token));
    token.special = true;
    config->special.push_back(std::move(token));
  }
  return {};
}

/// {"50264": {"content": "<mask>", "lstrip": true, …}, …}
Status ReadDecoder(const Fields& root, TokenizerConfig* config) {
  const auto decoder = root.Find("added_tokens_decoder");
  if (!decoder || !decoder->IsObject()) return {};
  if (decoder->size() > kMaxAddedTokens) {
    return root.Error(StatusCode::kLimitExceeded, "more than 131072 added tokens");
  }
  for (const auto& [key, value] : decoder->members()) {
    const Fields fields = root.Below(value, "added_tokens_decoder");
    AddedToken token;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token.id);
    if (error != std::errc() || end != key.data() + key.size() || token.id < 0) {
      return fields.Malformed("an id is no number");
    }
    FOVEA_RETURN_IF_ERROR(ReadToken(fields, value, &token));
    token.normalized = !token.special;
    FOVEA_RETURN_IF_ERROR(fields.Read("normalized", &token.normalized));
    config->added.push_back(std::move(token));
  }
  return {};
}

Status ReadFlag(const Fields& fields, std::string_view key, std::optional<bool>* flag) {
  if (!fields.Find(key)) return {};
  bool value = false;
  FOVEA_RETURN_IF_ERROR(fields.Read(key, &value));
  *flag = value;
  return {};
}

Status ReadMain(const Fields& root, TokenizerConfig* config) {
  std::string name;
  FOVEA_RETURN_IF_ERROR(root.Read("tokenizer_class", &name));
  if (!name.empty()) config->family = FamilyOf(name);
  const struct {
    std::string_view key;
    std::optional<bool>* flag;
  } flags[] = {
      {"do_lower_case", &config->lowercase},
      {"strip_accents", &config->strip_accents},
      {"tokenize_chinese_chars", &config->chinese},
      {"keep_accents", &config->keep_accents},
      {"add_bos_token", &config->add_bos},
      {"add_eos_token", &config->add_eos},
      {"add_prefix_space", &config->add_prefix_space},
  };
  for (const auto& row : flags) FOVEA_RETURN_IF_ERROR(ReadFlag(root, row.key, row.flag));
  if (root.Find("extra_ids")) {
    std::uint32_t count = 0;
    FOVEA_RETURN_IF_ERROR(root.Read("extra_ids", &count));
    if (count > kMaxAddedTokens) return root.Malformed("extra_ids is more than 131072");
    config->extra_ids = count;
  }
  FOVEA_RETURN_IF_ERROR(ReadSpecial(root, config));
  return ReadDecoder(root, config);
}

/// {"text": id, …}
Status ReadAdded(const Fields& root, TokenizerConfig* config) {
  if (root.object().size() > kMaxAddedTokens) {
    return root.Error(StatusCode::kLimitExceeded, "more than 131072 tokens");
  }
  const std::size_t stated = config->added.size();
  for (const auto& [text, value] : root.object().members()) {
    const auto id = value.Unsigned();
    if (!id || *id > static_cast<std::uint64_t>(INT32_MAX)) {
      return root.Malformed("the id of a token is no integer from 0 to 2147483647");
    }
    if (text.size() > kMaxSpecialPieceBytes) {
      return root.Error(StatusCode::kLimitExceeded, "a token has more than 512 bytes");
    }
    AddedToken token;
    token.id = static_cast<std::int32_t>(*id);
    token.content = text;
    token.normalized = true;
    if (stated == 0) config->added.push_back(std::move(token));
  }
  return {};
}

Status ReadFamily(const Fields& root, TokenizerConfig* config) {
  std::string name;
  FOVEA_RETURN_IF_ERROR(root.Read("tokenizer_class", &name));
  if (name.empty()) FOVEA_RETURN_IF_ERROR(root.Read("model_type", &name));
  if (config->family.empty()) config->family = FamilyOf(name);
  return {};
}

}  // namespace

bool HasFile(const std::string& folder, std::string_view name) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(folder + "/" + std::string(name), ignored);
}

Result<TokenizerConfig> ReadTokenizerConfig(const std::string& folder) {
  TokenizerConfig config;
  config.folder = folder;
  const struct {
    std::string_view name;
    Status (*read)(const Fields&, TokenizerConfig*);
  } files[] = {
      {"special_tokens_map.json", ReadSpecial},
      {"tokenizer_config.json", ReadMain},
      {"added_tokens.json", ReadAdded},
      {"config.json", ReadFamily},
  };
  for (const auto& file : files) {
    if (!HasFile(folder, file.name)) continue;
    const auto json = format::JsonDocument::Read(folder + "/" + std::string(file.name),
                                                 {.max_bytes = kMaxConfigBytes});
    FOVEA_RETURN_IF_ERROR(json);
    const Fields root(*json, json->root(), "");
    if (!json->root().IsObject()) return root.Malformed("is no JSON object");
    FOVEA_RETURN_IF_ERROR(file.read(root, &config));
  }
  return config;
}

void TokenizerConfig::SetDefaults(std::initializer_list<RoleText> texts) {
  for (const RoleText& row : texts) {
    std::optional<AddedToken>& token = roles[Index(row.role)];
    if (token) continue;
    token.emplace();
    token->content = row.text;
    token->special = true;
    token->takes_left = row.takes_left;
  }
}

std::string_view TokenizerConfig::Text(TokenRole role) const {
  const auto& token = roles[Index(role)];
  return token ? std::string_view(token->content) : std::string_view();
}

std::int32_t TokenizerConfig::Id(TokenRole role, const TokenTexts& vocabulary) const {
  const std::string_view text = Text(role);
  if (text.empty()) return kNoToken;
  for (const AddedToken& token : added) {
    if (token.content == text) return token.id;
  }
  return vocabulary.Find(text);
}

Result<AddedTokens> TokenizerConfig::MakeAddedTokens(
    const TokenTexts& vocabulary, const std::vector<NormalizerStep>& steps) const {
  std::vector<AddedToken> tokens = added;
  std::vector<AddedToken> named = special;
  for (const auto& token : roles) {
    if (token) named.push_back(*token);
  }
  std::sort(tokens.begin(), tokens.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
  const std::size_t stated = tokens.size();
  std::vector<bool> taken(vocabulary.texts.size(), false);
  for (AddedToken& token : named) {
    const auto stop = tokens.begin() + static_cast<std::ptrdiff_t>(stated);
    const auto found = std::lower_bound(
        tokens.begin(), stop, token,
        [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
    if (found != stop && found->content == token.content) {
      found->special = true;
      continue;
    }
    token.id = vocabulary.Find(token.content);
    if (token.id == kNoToken) continue;
    if (taken[static_cast<std::size_t>(token.id)]) continue;
    taken[static_cast<std::size_t>(token.id)] = true;
    tokens.push_back(std::move(token));
  }
  return AddedTokens::Make(std::move(tokens), steps);
}

SpecialIds TokenizerConfig::Ids(const TokenTexts& vocabulary) const {
  const auto either = [&](TokenRole first, TokenRole second) {
    const std::int32_t id = Id(first, vocabulary);
    return id != kNoToken ? id : Id(second, vocabulary);
  };
  return {.bos = either(TokenRole::kBos, TokenRole::kCls),
          .eos = Id(TokenRole::kEos, vocabulary),
          .unknown = Id(TokenRole::kUnknown, vocabulary),
          .separator = Id(TokenRole::kSeparator, vocabulary),
          .padding = Id(TokenRole::kPadding, vocabulary),
          .mask = Id(TokenRole::kMask, vocabulary)};
}

Status TokenizerConfig::Error(StatusCode code, std::string_view file,
                              std::string_view message) const {
  return {code, format::Concat({folder, "/", file, ": ", message})};
}

Status TokenizerConfig::UnknownFamily(std::string_view file) const {
  return Error(StatusCode::kUnsupported, file,
               format::Concat({"what the tokenizer class ", format::Quoted(family),
                               " does beside its vocabulary is not known"}));
}

Result<std::unique_ptr<Tokenizer>> Finish(const TokenizerConfig& config, std::string_view file,
                                          Stages stages) {
  const TokenTexts& vocabulary = stages.model->vocabulary();
  auto added = config.MakeAddedTokens(vocabulary, stages.normalizer);
  if (!added.ok()) return config.Error(added.status().code(), file, added.status().message());
  stages.added = std::move(added).value();
  stages.ids = config.Ids(vocabulary);
  auto tokenizer = MakeStagedTokenizer(std::move(stages));
  if (!tokenizer.ok()) {
    return config.Error(tokenizer.status().code(), file, tokenizer.status().message());
  }
  return tokenizer;
}

}  // namespace fovea::text
