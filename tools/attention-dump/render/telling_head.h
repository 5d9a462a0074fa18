// Which head a picture, the page or the terminal shows first.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_TELLING_HEAD_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_TELLING_HEAD_H_

#include <cstddef>
#include <fovea/fovea.hpp>
#include <vector>

namespace fovea::dump {

/// Index of the head that shows most: sure of itself, and not merely looking at the first token or
/// at itself. 0 if there is none.
std::size_t MostTelling(const std::vector<HeadStatistics>& heads);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_TELLING_HEAD_H_
