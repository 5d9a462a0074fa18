// Base64 (RFC 4648), for pictures and weights inside text files.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_BASE64_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_BASE64_H_

#include <string>
#include <string_view>

namespace fovea::dump {

/// Appends the base64 of `bytes`, padded.
void AppendBase64(std::string& out, std::string_view bytes);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_BASE64_H_
