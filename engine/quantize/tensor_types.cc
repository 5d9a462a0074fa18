#include "engine/quantize/tensor_types.h"

#include "fovea/quantize.h"

namespace fovea {
namespace {

/// Small matrices that are kept exact: tables of vectors, norms, and those that choose experts.
constexpr std::string_view kKept[] = {"_norm.", "position_embd.", "token_types.", "ffn_gate_inp.",
                                      "attn_rel_b."};

bool IsKept(std::string_view name) {
  if (!name.ends_with(".weight")) return true;
  for (const std::string_view part : kKept) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::string_view OutputMatrix(const format::GgufFile& file) {
  constexpr std::string_view kOutput = "output.weight";
  return file.FindTensor(kOutput) != nullptr ? kOutput : "token_embd.weight";
}

DataType TypeForTensor(const format::SourceTensor& tensor, DataType wanted,
                       std::string_view output_matrix, DataType output) {
  if (tensor.rank < 2) return DataType::kF32;
  if (IsKept(tensor.name)) return tensor.type;
  return FittingType(tensor.name == output_matrix ? output : wanted,
                     static_cast<std::size_t>(tensor.shape[0]));
}

}  // namespace fovea
