// The logits of the whole model over a text, as a reference for those of ablated models: kept, or
// computed again from the last layer's output where they would take too much memory.
#ifndef FOVEA_INSPECT_ORIGINAL_LOGITS_H_
#define FOVEA_INSPECT_ORIGINAL_LOGITS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/forward_pass.h"
#include "fovea/status.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"

namespace fovea::inspect {

class OriginalLogits {
 public:
  /// Bytes that Allocate needs: all logits, or (kept == false) the last layer's output and
  /// kLogitRows rows of logits.
  static platform::CheckedSize Bytes(const ModelInfo& info, std::size_t tokens, bool kept);

  /// False if there is no memory.
  bool Allocate(const ModelInfo& info, std::size_t tokens, bool kept,
                const platform::MemorySource& source);

  /// Stores the logits (or the output) of the batch whose last layer has run: `count` tokens from
  /// position `begin` on. Of the forward pass's buffers only `normed` is overwritten.
  void Store(const model::ForwardContext& forward, std::size_t begin, std::size_t count);

  /// Logits of positions [begin, begin + count), count <= model::kLogitRows, valid until the next
  /// call. Of the forward pass's buffers only `normed` is overwritten.
  const float* Rows(const model::ForwardContext& forward, std::size_t begin, std::size_t count);

 private:
  bool kept_ = false;
  std::size_t hidden_size_ = 0;
  std::size_t vocabulary_ = 0;
  platform::AlignedBuffer output_;  // [tokens, hidden_size] unless kept
  platform::AlignedBuffer logits_;  // [tokens or model::kLogitRows, vocabulary]
};

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_ORIGINAL_LOGITS_H_
