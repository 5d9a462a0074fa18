#include "engine/model/pack_weights.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "engine/tensor/packed_panels.h"

namespace fovea::model {
namespace {

/// Every matrix that is multiplied with and can be packed.
std::vector<MatrixView*> Matrices(Weights& weights) {
  std::vector<MatrixView*> matrices;
  for (Linear* linear : weights.Linears()) matrices.push_back(&linear->weight);
  std::erase_if(matrices, [](const MatrixView* matrix) {
    return !*matrix || !HasPackedPanels(matrix->type) || matrix->panel_rows != 0;
  });
  return matrices;
}

/// Returns the rows that are in panels now.
std::size_t PackMatrix(std::span<std::byte> bytes, std::vector<std::byte>& rows,
                       const MatrixView& matrix) {
  const std::size_t panel_bytes = kPanelRows * matrix.row_bytes;
  std::byte* data = bytes.data() + (matrix.data - bytes.data());
  const std::size_t panels = matrix.rows / kPanelRows;
  for (std::size_t panel = 0; panel < panels; ++panel, data += panel_bytes) {
    std::memcpy(rows.data(), data, panel_bytes);
    PackPanel(matrix.type, rows.data(), matrix.row_bytes, kPanelRows, data);
  }
  return panels * kPanelRows;
}

}  // namespace

void PackWeights(std::span<std::byte> bytes, Weights& weights) {
  const std::vector<MatrixView*> matrices = Matrices(weights);
  std::size_t longest = 0;
  for (const MatrixView* matrix : matrices) longest = std::max(longest, matrix->row_bytes);
  std::vector<std::byte> rows(kPanelRows * longest);
  // Layers that share their weights, and tied embeddings, are views of the same bytes.
  std::map<const std::byte*, std::size_t> packed;
  for (MatrixView* matrix : matrices) {
    const auto [entry, is_new] = packed.try_emplace(matrix->data, 0);
    if (is_new) entry->second = PackMatrix(bytes, rows, *matrix);
    matrix->panel_rows = entry->second;
  }
  if (const auto entry = packed.find(weights.token_embedding.data); entry != packed.end()) {
    weights.token_embedding.panel_rows = entry->second;
  }
}

}  // namespace fovea::model
