// The post-processors of tokenizer.json: the ids that are put around a text, and how two texts
// become one input.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_TEMPLATE_H_
#define FOVEA_TEXT_TOKENIZER_JSON_TEMPLATE_H_

#include <cstdint>
#include <vector>

#include "engine/text/pair_form.h"
#include "engine/text/tokenizer_json/fields.h"
#include "fovea/status.h"

namespace fovea::text {

struct TextTemplate {
  std::vector<std::int32_t> before;
  std::vector<std::int32_t> after;
  PairForm pair;       ///< Empty if there is no form, or if several would have to be combined.
  int forms_read = 0;  ///< Post-processors so far that say something about pairs.
};

/// Adds what a post-processor puts around a text, of a Sequence all of them, the later ones
/// outside. kUnsupported names a type that is not known.
Status ReadTemplate(const Fields& fields, TextTemplate* result);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_TEMPLATE_H_
