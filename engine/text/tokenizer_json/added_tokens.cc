#include "engine/text/tokenizer_json/added_tokens.h"

#include <algorithm>
#include <utility>

#include "engine/text/tokenizer_json/unicode.h"
#include "engine/text/utf8.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

constexpr std::size_t kMaxAddedTokens = 1 << 17;

/// Where the last character of a text that is not empty begins.
std::size_t LastCharacter(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
  return begin;
}

bool EndsWithWord(std::string_view text) {
  return !text.empty() && IsWordCharacter(DecodeUtf8(text.substr(LastCharacter(text))));
}

bool StartsWithWord(std::string_view text) {
  return !text.empty() && IsWordCharacter(DecodeUtf8(text));
}

Status ReadToken(const Fields& fields, AddedToken* token) {
  std::uint32_t id = 0;
  if (!fields.Find("id")) return fields.Malformed("id is missing");
  FOVEA_RETURN_IF_ERROR(fields.Read("id", &id));
  token->id = static_cast<std::int32_t>(id);
  FOVEA_RETURN_IF_ERROR(fields.Read("content", &token->content));
  FOVEA_RETURN_IF_ERROR(fields.Read("special", &token->special));
  token->normalized = !token->special;
  FOVEA_RETURN_IF_ERROR(fields.Read("normalized", &token->normalized));
  FOVEA_RETURN_IF_ERROR(fields.Read("single_word", &token->single_word));
  FOVEA_RETURN_IF_ERROR(fields.Read("lstrip", &token->takes_left));
  FOVEA_RETURN_IF_ERROR(fields.Read("rstrip", &token->takes_right));
  if (token->content.size() > kMaxSpecialPieceBytes) {
    return fields.Error(StatusCode::kLimitExceeded,
                        "content has " + std::to_string(token->content.size()) +
                            " bytes, the limit is " + std::to_string(kMaxSpecialPieceBytes));
  }
  return {};
}

}  // namespace

Result<AddedTokens> AddedTokens::Read(const Fields& root,
                                      const std::vector<NormalizerStep>& steps) {
  const auto list = root.Find("added_tokens");
  if (!list) return AddedTokens();
  const Fields fields = root.Below(*list, "added_tokens");
  if (!list->IsArray()) return fields.Malformed("must be an array");
  if (list->size() > kMaxAddedTokens) {
    return fields.Error(StatusCode::kLimitExceeded, "more than 131072 tokens");
  }
  std::vector<AddedToken> tokens;
  for (const auto& [key, item] : list->members()) {
    AddedToken token;
    FOVEA_RETURN_IF_ERROR(
        ReadToken(root.Below(item, "added_tokens[" + std::to_string(tokens.size()) + "]"), &token));
    tokens.push_back(std::move(token));
  }
  auto added = Make(std::move(tokens), steps);
  if (!added.ok()) return fields.Error(added.status().code(), added.status().message());
  return added;
}

Result<AddedTokens> AddedTokens::Make(std::vector<AddedToken> tokens,
                                      const std::vector<NormalizerStep>& steps) {
  AddedTokens added;
  added.tokens_ = std::move(tokens);
  std::sort(added.tokens_.begin(), added.tokens_.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  for (std::size_t i = 0; i < added.tokens_.size(); ++i) {
    const AddedToken& token = added.tokens_[i];
    if (i > 0 && added.tokens_[i - 1].id == token.id) {
      return Status(StatusCode::kMalformed, "two tokens have the id " + std::to_string(token.id));
    }
    AlignedText content = AlignedText::Of(token.content, 0);
    if (token.normalized) {
      for (const NormalizerStep& step : steps) FOVEA_RETURN_IF_ERROR(step(&content));
    }
    const auto position = static_cast<std::int32_t>(i);
    added.tries_[token.normalized ? 1 : 0][1].Insert(content.text(), position);
    if (!token.special) added.tries_[token.normalized ? 1 : 0][0].Insert(content.text(), position);
  }
  return added;
}

std::vector<TextPart> AddedTokens::Split(std::string_view text, bool normalized,
                                         bool parse_special) const {
  const ByteTrie& trie = tries_[normalized ? 1 : 0][parse_special ? 1 : 0];
  std::vector<TextPart> parts;
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const ByteTrie::Match match = trie.Longest(text.substr(i));
    if (match.id < 0) {
      ++i;
      continue;
    }
    std::size_t begin = i;
    std::size_t end = i + match.size;
    i = end;
    const AddedToken& token = tokens_[static_cast<std::size_t>(match.id)];
    if (begin < done) continue;  // Inside the white space that the token before it took.
    if (token.single_word &&
        (EndsWithWord(text.substr(0, begin)) || StartsWithWord(text.substr(end)))) {
      continue;
    }
    while (token.takes_left && begin > done) {
      const std::size_t before = LastCharacter(text.substr(0, begin));
      if (!IsWhiteSpace(DecodeUtf8(text.substr(before)))) break;
      begin = before;
    }
    while (token.takes_right && end < text.size() && IsWhiteSpace(DecodeUtf8(text.substr(end)))) {
      end += CharacterBytes(text[end]);
    }
    if (done < begin) parts.push_back({kNoToken, done, begin});
    parts.push_back({token.id, begin, end});
    done = end;
  }
  if (done < text.size()) parts.push_back({kNoToken, done, text.size()});
  return parts;
}

const AddedToken* AddedTokens::Find(std::int32_t id) const {
  const auto found = std::lower_bound(
      tokens_.begin(), tokens_.end(), id,
      [](const AddedToken& token, std::int32_t wanted) { return token.id < wanted; });
  return found == tokens_.end() || found->id != id ? nullptr : &*found;
}

std::size_t AddedTokens::heap_bytes() const {
  std::size_t bytes = tokens_.capacity() * sizeof(AddedToken);
  for (const AddedToken& token : tokens_) bytes += HeapBytes(token.content);
  for (const auto& row : tries_) bytes += row[0].heap_bytes() + row[1].heap_bytes();
  return bytes;
}

}  // namespace fovea::text
