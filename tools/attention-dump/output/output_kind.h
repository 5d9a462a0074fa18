// The file formats that a dump can be written in, chosen by the ending of the path.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_KIND_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_KIND_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace fovea::dump {

enum class OutputKind : std::uint8_t {
  kNpz,
  kNpy,
  kSafetensors,
  kJson,
  kCsv,
  kPng,
  kSvg,
  kHtml,
};

/// By the ending of the path, in upper or lower case.
std::optional<OutputKind> OutputKindOf(std::string_view path);

/// ".npz .npy …": every ending that OutputKindOf knows.
std::string_view OutputEndings();

/// Named arrays besides the maps (logits, scores, trace).
constexpr bool HoldsAllArrays(OutputKind kind) {
  return kind == OutputKind::kNpz || kind == OutputKind::kSafetensors;
}
/// Rows are written as they are computed.
constexpr bool Streams(OutputKind kind) {
  return HoldsAllArrays(kind) || kind == OutputKind::kNpy;
}
/// For eyes: can show two masks side by side.
constexpr bool IsPicture(OutputKind kind) {
  return kind == OutputKind::kPng || kind == OutputKind::kSvg || kind == OutputKind::kHtml;
}

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_KIND_H_
