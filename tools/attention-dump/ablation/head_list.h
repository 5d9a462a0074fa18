// Heads as users name them: "L3H5,L4H1".
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_HEAD_LIST_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_HEAD_LIST_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

struct NamedHead {
  std::size_t layer = 0;
  std::size_t head = 0;
  bool operator==(const NamedHead&) const = default;
};

/// Nothing unless it is a list of names like L3H5, each given once.
std::optional<std::vector<NamedHead>> ParseHeadList(std::string_view text);

/// "L3H5, L4H1"
std::string HeadListText(const std::vector<NamedHead>& heads);

/// kInvalidArgument names the first head that the model does not have, and those that it has.
Status CheckHeadList(const std::vector<NamedHead>& heads, const ModelInfo& model);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_ABLATION_HEAD_LIST_H_
