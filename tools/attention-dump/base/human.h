// Figures and messages as people read them.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_BASE_HUMAN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_BASE_HUMAN_H_

#include <cstddef>
#include <string>
#include <string_view>

#include <fovea/status.h>

namespace fovea::dump {

/// "512 bytes", "3.4 MB", "17 GB" (powers of 1000).
std::string HumanBytes(double bytes);

/// "1 layer", "6 layers".
std::string Counted(std::size_t count, const std::string& noun);

/// One line: control characters become '?'.
std::string OneLine(std::string_view text);

/// "subject: message", or the message alone if it begins with the subject already.
std::string About(const std::string& subject, const std::string& message);

/// The same of an error.
Status About(const std::string& subject, const Status& status);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_BASE_HUMAN_H_
