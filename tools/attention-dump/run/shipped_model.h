// Where the model that ships with the tool lies.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RUN_SHIPPED_MODEL_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RUN_SHIPPED_MODEL_H_

#include <string>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Beside the executable (../share/fovea: of a build folder too), else where it was to be
/// installed. kNotFound says where it was looked for.
Result<std::string> FindShippedModel();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RUN_SHIPPED_MODEL_H_
