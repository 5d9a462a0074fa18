// The files that are compiled into this module: the font of the pictures.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_EMBEDDED_FILES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_EMBEDDED_FILES_H_

#include <string_view>

namespace fovea::dump {

/// Bytes of a file by its path within this folder, e.g. "font/misc_fixed.bin"; empty if there is
/// none.
std::string_view EmbeddedFile(std::string_view name);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_EMBEDDED_FILES_H_
