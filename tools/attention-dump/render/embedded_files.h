// The files that are compiled into the tool: the font of the pictures and the parts of the page.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_EMBEDDED_FILES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_EMBEDDED_FILES_H_

#include <string_view>

namespace fovea::dump {

/// Bytes of a file by its path within this folder, e.g. "page/page.css"; empty if there is none.
std::string_view EmbeddedFile(std::string_view name);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_EMBEDDED_FILES_H_
