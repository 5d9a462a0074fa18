// The pre-tokenizers of tokenizer.json: how a normalized text is cut into pieces, and what its
// bytes are spelled as.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_SPLITTER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_SPLITTER_H_

#include <functional>
#include <vector>

#include "engine/text/tokenizer_json/aligned_text.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

/// Cuts each piece further, in place.
using SplitterStep = std::function<Status(CutText*)>;

/// Appends the steps of a pre-tokenizer, of a Sequence all of them. kUnsupported names a type that
/// is not known.
Status ReadSplitter(const Fields& fields, std::vector<SplitterStep>* steps);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_SPLITTER_H_
