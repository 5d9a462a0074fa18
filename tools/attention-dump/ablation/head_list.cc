#include "tools/attention-dump/ablation/head_list.h"

#include <algorithm>

#include "tools/attention-dump/render/panel.h"
#include "tools/common/numbers.h"

namespace fovea::dump {
namespace {

std::optional<NamedHead> ParseHead(std::string_view name) {
  const std::size_t h = name.find_first_of("Hh");
  if (h == std::string_view::npos || (name.front() != 'L' && name.front() != 'l')) {
    return std::nullopt;
  }
  const auto layer = tools::ParseNumber(name.substr(1, h - 1));
  const auto head = tools::ParseNumber(name.substr(h + 1));
  if (!layer || !head) return std::nullopt;
  return NamedHead{.layer = static_cast<std::size_t>(*layer),
                   .head = static_cast<std::size_t>(*head)};
}

}  // namespace

std::optional<std::vector<NamedHead>> ParseHeadList(std::string_view text) {
  std::vector<NamedHead> heads;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto head = text.empty() ? std::nullopt : ParseHead(text.substr(0, comma));
    if (!head || std::find(heads.begin(), heads.end(), *head) != heads.end()) return std::nullopt;
    heads.push_back(*head);
    if (comma == std::string_view::npos) return heads;
    text.remove_prefix(comma + 1);
  }
}

std::string HeadListText(const std::vector<NamedHead>& heads) {
  std::string text;
  for (const NamedHead& head : heads) {
    if (!text.empty()) text += ", ";
    text += HeadName(head.layer, head.head);
  }
  return text;
}

Status CheckHeadList(const std::vector<NamedHead>& heads, const ModelInfo& model) {
  for (const NamedHead& head : heads) {
    if (head.layer < model.layers && head.head < model.heads) continue;
    return {StatusCode::kInvalidArgument, "--ablate: " + HeadName(head.layer, head.head) +
                                              " does not exist; the model has heads L0H0 to " +
                                              HeadName(model.layers - 1, model.heads - 1)};
  }
  return Status::Ok();
}

}  // namespace fovea::dump
