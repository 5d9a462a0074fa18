// The pre-tokenizers of tokenizer.json: how a normalized text is cut into pieces, and what its
// bytes are spelled as.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_SPLITTER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_SPLITTER_H_

#include <functional>
#include <vector>

#include "engine/text/aligned_text.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

/// Cuts each piece further, in place.
using SplitterStep = std::function<Status(CutText*)>;

/// Appends the steps of a pre-tokenizer, of a Sequence all of them. kUnsupported names a type that
/// is not known.
Status ReadSplitter(const Fields& fields, std::vector<SplitterStep>* steps);

struct ByteLevelSplitter {
  bool add_prefix_space = true;
  bool use_regex = true;  ///< Cut words as GPT-2 does.
};
/// Bytes are spelled as printable letters.
Status AddByteLevelSplitter(const ByteLevelSplitter& options, std::vector<SplitterStep>* steps);

/// At white space, and around punctuation.
void AddBertSplitter(std::vector<SplitterStep>* steps);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_SPLITTER_H_
