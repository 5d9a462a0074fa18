#include "tools/attention-dump/data/token_table.h"

#include <algorithm>
#include <vector>

#include "tools/attention-dump/base/utf8.h"

namespace fovea::dump {
namespace {

/// For every byte: does it belong to a white space character?
std::vector<bool> WhiteSpaceBytes(const std::string& bytes) {
  std::vector<bool> space(bytes.size(), false);
  for (std::size_t i = 0; i < bytes.size();) {
    const CodePoint c = DecodeUtf8(bytes, i);
    if (c.valid && IsWhiteSpace(c.value)) {
      std::fill_n(space.begin() + static_cast<std::ptrdiff_t>(i), c.bytes, true);
    }
    i += c.bytes;
  }
  return space;
}

void NumberWords(const std::vector<bool>& space, DumpTokens* tokens) {
  std::int32_t words = 0;
  bool fresh = true;  // nothing, or a special token, stands before
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    if (tokens->special[i]) {
      tokens->word.push_back(-1);
      fresh = true;
      continue;
    }
    const std::size_t begin = tokens->text_begin[i];
    const bool begins_with_space = begin < tokens->text_end[i] && space[begin];
    const bool follows_space = begin > 0 && space[begin - 1];
    if (fresh || begins_with_space || follows_space) ++words;
    tokens->word.push_back(words - 1);
    fresh = false;
  }
}

}  // namespace

std::vector<std::int32_t> Prompt::Ids() const {
  return TokenIds(tokens);
}

TokenTable MakeTokenTable(const Tokenizer* tokenizer, const Prompt& prompt,
                          std::span<const std::int32_t> generated) {
  TokenTable table;
  DumpTokens& tokens = table.tokens;
  std::string bytes = prompt.has_text ? prompt.text : "";
  const auto add = [&](std::int32_t id, bool is_generated) {
    tokens.ids.push_back(id);
    tokens.pieces.push_back(tokenizer != nullptr ? tokenizer->DisplayPiece(id)
                                                 : "#" + std::to_string(id));
    tokens.special.push_back(tokenizer != nullptr && tokenizer->IsSpecial(id));
    tokens.generated.push_back(is_generated);
  };
  const auto add_from_piece = [&](std::int32_t id, bool is_generated) {
    add(id, is_generated);
    tokens.text_begin.push_back(bytes.size());
    if (tokenizer != nullptr) bytes += tokenizer->PieceBytes(id);
    tokens.text_end.push_back(bytes.size());
  };
  for (const Token& token : prompt.tokens) {
    if (!prompt.has_text) {
      add_from_piece(token.id, false);
      continue;
    }
    add(token.id, false);
    const std::size_t end = std::min(token.end, bytes.size());
    tokens.text_begin.push_back(std::min(token.begin, end));
    tokens.text_end.push_back(end);
  }
  for (const std::int32_t id : generated) add_from_piece(id, true);
  NumberWords(WhiteSpaceBytes(bytes), &tokens);
  if (prompt.has_text) {
    table.text = WithoutInvalidUtf8(bytes);
  } else {
    std::fill(tokens.text_begin.begin(), tokens.text_begin.end(), 0);
    std::fill(tokens.text_end.begin(), tokens.text_end.end(), 0);
  }
  return table;
}

}  // namespace fovea::dump
