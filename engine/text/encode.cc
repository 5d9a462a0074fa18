#include "fovea/status_macros.h"
#include "fovea/tokenizer.h"
#include "platform/exceptions.h"

namespace fovea {

std::vector<std::int32_t> TokenIds(std::span<const Token> tokens) {
  std::vector<std::int32_t> ids;
  ids.reserve(tokens.size());
  for (const Token& token : tokens) ids.push_back(token.id);
  return ids;
}

Result<std::vector<std::int32_t>> Tokenizer::Encode(std::string_view text,
                                                    const TokenizeOptions& options) const {
  const auto tokens = Tokenize(text, options);
  FOVEA_RETURN_IF_ERROR(tokens);
  using Ids = Result<std::vector<std::int32_t>>;
  return platform::IfMemoryLasts([&]() -> Ids { return TokenIds(*tokens); },
                                 []() -> Ids {
                                   return Status(StatusCode::kOutOfMemory,
                                                 "not enough memory for the ids of the text");
                                 });
}

Result<EncodedPair> Tokenizer::EncodePair(std::string_view, std::string_view,
                                          const TokenizeOptions&) const {
  return Status(StatusCode::kUnsupported,
                "the tokenizer has no form for pairs of texts: join them yourself");
}

}  // namespace fovea
