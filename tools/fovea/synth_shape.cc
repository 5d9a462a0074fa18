#include "tools/fovea/synth_shape.h"

#include "fovea/status_macros.h"
#include "tools/fovea/synth_vocabulary.h"

namespace fovea::tools {
namespace {

struct Named {
  std::string_view name;
  SynthShape shape;
};

constexpr Named kShapes[] = {
    {"15m", {288, 768, 6, 6, 6, 32000, false}},
    {"110m", {768, 2048, 12, 12, 12, 32000, false}},
    {"smollm-135m", {576, 1536, 30, 9, 3, 49152, true}},
    {"0.5b", {896, 4864, 24, 14, 2, 151936, true}},
    {"1.1b", {2048, 5632, 22, 32, 4, 32000, false}},
    {"minilm", {384, 1536, 6, 12, 12, 30522, false, 512, SynthFamily::kBert}},
    {"bert-base", {768, 3072, 12, 12, 12, 30522, false, 512, SynthFamily::kBert}},
};

Status CheckRange(const char* option, std::size_t value, std::size_t min, std::size_t max) {
  if (value >= min && value <= max) return {};
  return {StatusCode::kInvalidArgument, std::string(option) + " is " + std::to_string(value) +
                                            ", but must be from " + std::to_string(min) + " to " +
                                            std::to_string(max)};
}

}  // namespace

std::optional<SynthShape> NamedShape(std::string_view name) {
  for (const Named& named : kShapes) {
    if (named.name == name) return named.shape;
  }
  return std::nullopt;
}

std::string ShapeNames() {
  std::string names;
  for (const Named& named : kShapes) {
    if (!names.empty()) names += ", ";
    names += named.name;
  }
  return names;
}

Status CheckShape(const SynthShape& shape) {
  FOVEA_RETURN_IF_ERROR(CheckRange("--hidden-size", shape.hidden_size, 2, 65536));
  FOVEA_RETURN_IF_ERROR(CheckRange("--ffn-size", shape.ffn_size, 1, 262144));
  FOVEA_RETURN_IF_ERROR(CheckRange("--layers", shape.layers, 1, 1024));
  FOVEA_RETURN_IF_ERROR(CheckRange("--heads", shape.heads, 1, shape.hidden_size / 2));
  FOVEA_RETURN_IF_ERROR(CheckRange("--kv-heads", shape.kv_heads, 1, shape.heads));
  FOVEA_RETURN_IF_ERROR(
      CheckRange("--vocabulary", shape.vocabulary, kSmallestSynthVocabulary, 1U << 22U));
  FOVEA_RETURN_IF_ERROR(CheckRange("--context", shape.context, 1, 1U << 20U));
  if (shape.hidden_size % (2 * shape.heads) != 0) {
    return {StatusCode::kInvalidArgument, "--hidden-size must be a multiple of twice --heads"};
  }
  if (shape.heads % shape.kv_heads != 0) {
    return {StatusCode::kInvalidArgument, "--heads must be a multiple of --kv-heads"};
  }
  if (shape.family == SynthFamily::kBert && shape.kv_heads != shape.heads) {
    return {StatusCode::kInvalidArgument, "--kv-heads of an encoder must be as many as --heads"};
  }
  if (shape.family == SynthFamily::kBert && shape.tied) {
    return {StatusCode::kInvalidArgument, "--tied: an encoder has no output matrix"};
  }
  return {};
}

}  // namespace fovea::tools
