// The normalizers of tokenizer.json: what happens to a text before it is cut.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_NORMALIZER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_NORMALIZER_H_

#include <functional>
#include <vector>

#include "engine/text/tokenizer_json/aligned_text.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

/// Changes a text in place.
using NormalizerStep = std::function<Status(AlignedText*)>;

/// Appends the steps of a normalizer, of a Sequence all of them. kUnsupported names a type that is
/// not known.
Status ReadNormalizer(const Fields& fields, std::vector<NormalizerStep>* steps);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_NORMALIZER_H_
