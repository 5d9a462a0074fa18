#include "engine/model/weights.h"

namespace fovea::model {
namespace {

std::size_t HeapBytes(const Vector& values) {
  return values.capacity() * sizeof(float);
}
std::size_t HeapBytes(const Norm& norm) {
  return HeapBytes(norm.weight) + HeapBytes(norm.bias);
}

}  // namespace

std::size_t Weights::heap_bytes() const {
  std::size_t bytes = HeapBytes(output_norm) + HeapBytes(output.bias) + HeapBytes(rope_factors) +
                      HeapBytes(rope_factors_long) + HeapBytes(rope_factors_short) +
                      layers.capacity() * sizeof(LayerWeights);
  for (const LayerWeights& layer : layers) {
    for (const Norm* norm : layer.Norms()) bytes += HeapBytes(*norm);
    for (const Linear* linear : layer.Linears()) bytes += HeapBytes(linear->bias);
  }
  return bytes;
}

}  // namespace fovea::model
