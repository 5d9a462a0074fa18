// The normalizers of tokenizer.json: what happens to a text before it is cut.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_NORMALIZER_H_
#define FOVEA_TEXT_TOKENIZER_JSON_NORMALIZER_H_

#include <functional>
#include <string>
#include <vector>

#include "engine/text/aligned_text.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

/// Changes a text in place.
using NormalizerStep = std::function<Status(AlignedText*)>;

/// Appends the steps of a normalizer, of a Sequence all of them. kUnsupported names a type that is
/// not known.
Status ReadNormalizer(const Fields& fields, std::vector<NormalizerStep>* steps);

/// BERT's.
struct BertNormalizer {
  bool clean = true;    ///< Control characters go, white space becomes spaces.
  bool chinese = true;  ///< Spaces around Chinese characters.
  bool lowercase = true;
  bool strip_accents = true;
};
void AddBertNormalizer(const BertNormalizer& options, std::vector<NormalizerStep>* steps);

NormalizerStep LowercaseStep();
/// NFKD without what is then a mark.
void AddAccentStripper(std::vector<NormalizerStep>* steps);
/// Replaces a text everywhere.
NormalizerStep ReplaceStep(std::string text, std::string replacement);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_NORMALIZER_H_
