// The secret in the live page's address: who does not know it gets nothing, not even from this
// machine.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_SERVE_PAGE_TOKEN_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_SERVE_PAGE_TOKEN_H_

#include <cstddef>
#include <string>
#include <string_view>

#include <fovea/fovea.hpp>

namespace fovea::dump {

inline constexpr std::size_t kPageTokenLength = 32;

/// 128 random bits of the operating system as lower-case hex digits. kIoError if it gives none.
Result<std::string> NewPageToken();

/// Takes as long for the first wrong character as for the last. Lengths are no secret.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_SERVE_PAGE_TOKEN_H_
