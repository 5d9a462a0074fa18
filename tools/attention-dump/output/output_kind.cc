#include "tools/attention-dump/output/output_kind.h"

#include <algorithm>
#include <array>
#include <utility>

namespace fovea::dump {
namespace {

constexpr std::array<std::pair<std::string_view, OutputKind>, 8> kEndings = {{
    {".npz", OutputKind::kNpz},
    {".npy", OutputKind::kNpy},
    {".safetensors", OutputKind::kSafetensors},
    {".json", OutputKind::kJson},
    {".csv", OutputKind::kCsv},
    {".png", OutputKind::kPng},
    {".svg", OutputKind::kSvg},
    {".html", OutputKind::kHtml},
}};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<OutputKind> OutputKindOf(std::string_view path) {
  const std::size_t name = path.find_last_of('/') + 1;  // 0 if there is no slash
  for (const auto& [ending, kind] : kEndings) {
    // A file named ".npz" has no ending: it is hidden.
    if (path.size() - name <= ending.size()) continue;
    if (std::equal(ending.begin(), ending.end(),
                   path.end() - static_cast<std::ptrdiff_t>(ending.size()),
                   [](char a, char b) { return a == Lower(b); })) {
      return kind;
    }
  }
  return std::nullopt;
}

std::string_view OutputEndings() {
  return ".npz .npy .safetensors .json .csv .png .svg .html";
}

}  // namespace fovea::dump
