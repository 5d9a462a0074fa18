// What every token of a dump stands for: its piece, its bytes in the text, its word.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_TOKEN_TABLE_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_TOKEN_TABLE_H_

#include <cstdint>
#include <span>
#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

/// The tokens that a run starts from.
struct Prompt {
  bool has_text = false;      ///< False: ids were given; ranges of tokens mean nothing.
  std::string text;           ///< UTF-8
  std::vector<Token> tokens;  ///< As Tokenizer::Tokenize gave them.

  std::vector<std::int32_t> Ids() const;
};

struct TokenTable {
  DumpTokens tokens;
  std::string text;  ///< Prompt and generated text, always valid UTF-8; empty if there was no text.
};

/// `tokenizer` may be null (a model without vocabulary): pieces are then "#17".
///
/// Words: a token begins a new word if its bytes begin with white space or follow white space, or
/// if it is the first one after a special token; special tokens belong to none (-1). White space is
/// Unicode's.
TokenTable MakeTokenTable(const Tokenizer* tokenizer, const Prompt& prompt,
                          std::span<const std::int32_t> generated);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_TOKEN_TABLE_H_
