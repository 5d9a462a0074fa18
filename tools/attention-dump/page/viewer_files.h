// The viewer: the style and the scripts of page/viewer/, compiled into the tool.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_VIEWER_FILES_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_VIEWER_FILES_H_

#include <string_view>

namespace fovea::dump {

/// Bytes of a file of page/viewer/ by its name, e.g. "page.html"; empty if there is none.
std::string_view ViewerFile(std::string_view name);

/// viewer/page.css.
std::string_view ViewerStyle();

/// All of viewer/*.js that the page runs, in the order of `viewer_scripts` in page/CMakeLists.txt,
/// joined: they share one scope.
std::string_view ViewerScript();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_VIEWER_FILES_H_
