#include "engine/model/pack_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "engine/tensor/packed_panels.h"

namespace fovea::model {
namespace {

/// Every matrix that is multiplied with and can be packed, once.
std::vector<MatrixView*> Matrices(Weights& weights) {
  std::vector<MatrixView*> matrices = {&weights.output.weight};
  for (LayerWeights& layer : weights.layers) {
    for (Linear* linear : layer.Linears()) matrices.push_back(&linear->weight);
  }
  std::erase_if(matrices, [](const MatrixView* matrix) {
    return !*matrix || !HasPackedPanels(matrix->type) || matrix->panel_rows != 0;
  });
  return matrices;
}

void PackMatrix(std::span<std::byte> bytes, std::vector<std::byte>& rows, MatrixView& matrix) {
  const std::size_t panel_bytes = kPanelRows * matrix.row_bytes;
  std::byte* data = bytes.data() + (matrix.data - bytes.data());
  const std::size_t panels = matrix.rows / kPanelRows;
  for (std::size_t panel = 0; panel < panels; ++panel, data += panel_bytes) {
    std::memcpy(rows.data(), data, panel_bytes);
    PackPanel(matrix.type, rows.data(), matrix.row_bytes, kPanelRows, data);
  }
  matrix.panel_rows = panels * kPanelRows;
}

}  // namespace

void PackWeights(std::span<std::byte> bytes, Weights& weights) {
  const std::vector<MatrixView*> matrices = Matrices(weights);
  std::size_t longest = 0;
  for (const MatrixView* matrix : matrices) longest = std::max(longest, matrix->row_bytes);
  std::vector<std::byte> rows(kPanelRows * longest);
  for (MatrixView* matrix : matrices) PackMatrix(bytes, rows, *matrix);
  // A tied embedding has the bytes of the output matrix.
  if (weights.token_embedding.data == weights.output.weight.data) {
    weights.token_embedding.panel_rows = weights.output.weight.panel_rows;
  }
}

}  // namespace fovea::model
