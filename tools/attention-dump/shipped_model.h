// Where the model that ships with the tool lies.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SHIPPED_MODEL_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SHIPPED_MODEL_H_

#include <string>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Beside an installed executable (../share/fovea), else in the source tree it was built from.
/// kNotFound says where it was looked for.
Result<std::string> FindShippedModel();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SHIPPED_MODEL_H_
