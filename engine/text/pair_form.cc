#include "engine/text/pair_form.h"

#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea::text {
namespace {

using Kind = PairPart::Kind;

EncodedPair Join(const PairForm& form, const std::vector<Token>& first,
                 const std::vector<Token>& second, bool add_special) {
  EncodedPair pair;
  std::size_t end = 0;  // Of the text before, for the empty ranges of added tokens.
  const auto append = [&pair](const std::vector<Token>& tokens, std::int32_t segment,
                              std::size_t* from, std::size_t* to) {
    *from = pair.tokens.size();
    pair.tokens.insert(pair.tokens.end(), tokens.begin(), tokens.end());
    pair.segment_ids.resize(pair.tokens.size(), segment);
    *to = pair.tokens.size();
    return tokens.empty() ? std::size_t{0} : tokens.back().end;
  };
  for (const PairPart& part : form) {
    switch (part.kind) {
      case Kind::kAdded:
        if (!add_special) break;
        pair.tokens.push_back({part.id, end, end});
        pair.segment_ids.push_back(part.segment);
        break;
      case Kind::kFirst:
        end = append(first, part.segment, &pair.first_begin, &pair.first_end);
        break;
      case Kind::kSecond:
        end = append(second, part.segment, &pair.second_begin, &pair.second_end);
        break;
    }
  }
  return pair;
}

}  // namespace

PairForm BertPairs(std::int32_t cls, std::int32_t separator) {
  return {{Kind::kAdded, cls, 0},
          {Kind::kFirst, -1, 0},
          {Kind::kAdded, separator, 0},
          {Kind::kSecond, -1, 1},
          {Kind::kAdded, separator, 1}};
}

PairForm RobertaPairs(std::int32_t bos, std::int32_t eos) {
  return {{Kind::kAdded, bos, 0}, {Kind::kFirst, -1, 0},  {Kind::kAdded, eos, 0},
          {Kind::kAdded, eos, 0}, {Kind::kSecond, -1, 0}, {Kind::kAdded, eos, 0}};
}

PairForm T5Pairs(std::int32_t eos) {
  return {{Kind::kFirst, -1, 0},
          {Kind::kAdded, eos, 0},
          {Kind::kSecond, -1, 0},
          {Kind::kAdded, eos, 0}};
}

Result<EncodedPair> EncodePairAs(const PairForm& form, const Tokenizer& tokenizer,
                                 std::string_view first, std::string_view second,
                                 const TokenizeOptions& options) {
  const TokenizeOptions plain = {.add_special = false, .parse_special = options.parse_special};
  const auto first_tokens = tokenizer.Tokenize(first, plain);
  FOVEA_RETURN_IF_ERROR(first_tokens);
  const auto second_tokens = tokenizer.Tokenize(second, plain);
  FOVEA_RETURN_IF_ERROR(second_tokens);
  using Pair = Result<EncodedPair>;
  return platform::IfMemoryLasts(
      [&]() -> Pair { return Join(form, *first_tokens, *second_tokens, options.add_special); },
      []() -> Pair {
        return Status(StatusCode::kOutOfMemory, "not enough memory for the tokens of the pair");
      });
}

}  // namespace fovea::text
