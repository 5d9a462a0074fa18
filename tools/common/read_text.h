// Text from a file or from standard input, whole.
#ifndef FOVEA_TOOLS_COMMON_READ_TEXT_H_
#define FOVEA_TOOLS_COMMON_READ_TEXT_H_

#include <string>

#include <fovea/status.h>

namespace fovea::tools {

/// `path` may be "-" for standard input. Errors name the file and the reason. At most 1 GiB.
Result<std::string> ReadText(const std::string& path);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_READ_TEXT_H_
