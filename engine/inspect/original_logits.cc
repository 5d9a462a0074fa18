#include "engine/inspect/original_logits.h"

#include <algorithm>

#include "engine/model/session_memory.h"

namespace fovea::inspect {
namespace {

using platform::CheckedSize;

CheckedSize LogitBytes(const ModelInfo& info, std::size_t rows) {
  return CheckedSize(rows) * info.vocabulary * sizeof(float);
}
CheckedSize OutputBytes(const ModelInfo& info, std::size_t tokens) {
  return CheckedSize(tokens) * info.hidden_size * sizeof(float);
}

}  // namespace

CheckedSize OriginalLogits::Bytes(const ModelInfo& info, std::size_t tokens, bool kept) {
  return kept ? LogitBytes(info, tokens)
              : LogitBytes(info, std::min(tokens, model::kLogitRows)) + OutputBytes(info, tokens);
}

bool OriginalLogits::Allocate(const ModelInfo& info, std::size_t tokens, bool kept,
                              const platform::MemorySource& source) {
  using platform::AlignedBuffer;
  kept_ = kept;
  hidden_size_ = info.hidden_size;
  vocabulary_ = info.vocabulary;
  const std::size_t rows = kept ? tokens : std::min(tokens, model::kLogitRows);
  logits_ =
      AlignedBuffer::Allocate(LogitBytes(info, rows).value(), AlignedBuffer::Pages::kUsual, source);
  if (!kept) {
    output_ = AlignedBuffer::Allocate(OutputBytes(info, tokens).value(),
                                      AlignedBuffer::Pages::kUsual, source);
  }
  return logits_ && (kept || output_);
}

void OriginalLogits::Store(const model::ForwardContext& forward, std::size_t begin,
                           std::size_t count) {
  if (!kept_) {
    std::copy_n(forward.buffers.hidden_state, count * hidden_size_,
                output_.As<float>() + begin * hidden_size_);
    return;
  }
  model::ForwardContext into = forward;
  for (std::size_t first = 0; first < count; first += model::kLogitRows) {
    into.buffers.logits = logits_.As<float>() + (begin + first) * vocabulary_;
    model::ComputeLogits(into, first, std::min(model::kLogitRows, count - first));
  }
}

const float* OriginalLogits::Rows(const model::ForwardContext& forward, std::size_t begin,
                                  std::size_t count) {
  if (kept_) return logits_.As<float>() + begin * vocabulary_;
  model::ForwardContext again = forward;
  again.buffers.hidden_state = output_.As<float>();
  again.buffers.logits = logits_.As<float>();
  model::ComputeLogits(again, begin, count);
  return logits_.As<float>();
}

}  // namespace fovea::inspect
