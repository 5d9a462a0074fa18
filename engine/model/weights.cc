#include "engine/model/weights.h"

namespace fovea::model {
namespace {

std::size_t HeapBytes(const Vector& values) {
  return values.capacity() * sizeof(float);
}
std::size_t HeapBytes(const Norm& norm) {
  return HeapBytes(norm.weight) + HeapBytes(norm.bias);
}
std::size_t HeapBytes(const Stack& stack) {
  std::size_t bytes = HeapBytes(stack.embedding_norm) + HeapBytes(stack.output_norm) +
                      HeapBytes(stack.distance_buckets) +
                      stack.layers.capacity() * sizeof(LayerWeights);
  for (const LayerWeights& layer : stack.layers) bytes += layer.heap_bytes();
  return bytes;
}

}  // namespace

std::size_t LayerWeights::heap_bytes() const {
  std::size_t bytes = sublayers.capacity() * sizeof(Sublayer);
  for (const Sublayer& sublayer : sublayers) {
    for (const Norm* norm : sublayer.Norms()) bytes += HeapBytes(*norm);
    for (const Linear* linear : sublayer.Linears()) bytes += HeapBytes(linear->bias);
    bytes += sublayer.feed_forward.experts.capacity() * sizeof(Network);
  }
  return bytes;
}

std::vector<Linear*> Weights::Linears() {
  std::vector<Linear*> linears = {&output, &embedding_projection, &masked_token.dense,
                                  &masked_token.output};
  for (Stack* stack : {&encoder, &decoder}) {
    for (LayerWeights& layer : stack->layers) {
      for (Sublayer& sublayer : layer.sublayers) {
        for (Linear* linear : sublayer.Linears()) linears.push_back(linear);
      }
    }
  }
  return linears;
}

std::size_t Weights::heap_bytes() const {
  return HeapBytes(output.bias) + HeapBytes(embedding_projection.bias) +
         HeapBytes(masked_token.dense.bias) + HeapBytes(masked_token.norm) +
         HeapBytes(masked_token.output.bias) + HeapBytes(rope_factors) +
         HeapBytes(rope_factors_long) + HeapBytes(rope_factors_short) + HeapBytes(encoder) +
         HeapBytes(decoder);
}

}  // namespace fovea::model
