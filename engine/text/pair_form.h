// How a tokenizer puts two texts into one input: which added tokens, in which order, and the
// segment of each part.
#ifndef FOVEA_TEXT_PAIR_FORM_H_
#define FOVEA_TEXT_PAIR_FORM_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "fovea/tokenizer.h"

namespace fovea::text {

struct PairPart {
  enum class Kind : std::uint8_t { kAdded, kFirst, kSecond };
  Kind kind = Kind::kAdded;
  std::int32_t id = -1;  ///< Of kAdded.
  std::int32_t segment = 0;
};

/// The parts in their order: each text once. Empty: no form for pairs.
using PairForm = std::vector<PairPart>;

/// [CLS] a [SEP] b [SEP], the second text and what follows it in segment 1.
PairForm BertPairs(std::int32_t cls, std::int32_t separator);
/// <s> a </s></s> b </s>, all in segment 0.
PairForm RobertaPairs(std::int32_t bos, std::int32_t eos);
/// a </s> b </s>, all in segment 0.
PairForm T5Pairs(std::int32_t eos);

/// Tokenizes both texts and puts them into the form; without options.add_special its added tokens
/// are left out.
Result<EncodedPair> EncodePairAs(const PairForm& form, const Tokenizer& tokenizer,
                                 std::string_view first, std::string_view second,
                                 const TokenizeOptions& options);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PAIR_FORM_H_
