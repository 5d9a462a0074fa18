#include "fovea/influence.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"
#include "platform/exceptions.h"

namespace fovea {

using platform::AlignedBuffer;
using platform::CheckedSize;

struct MeanAttentionObserver::State {
  AttentionSelection selection;
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t capacity = 0;  // tokens
  float one = 0.0F;  // Fixed-point 1: what a weight of 1 adds. The sum over heads fits 31 bits.
  std::vector<std::size_t> rows;  // Rows that came, of all heads. [layers]
  AlignedBuffer sums;             // [layers, triangle of capacity] std::uint32_t

  std::uint32_t* Row(std::size_t layer, std::size_t query) const {
    return sums.As<std::uint32_t>() + layer * (capacity * (capacity + 1) / 2) +
           query * (query + 1) / 2;
  }
};

Result<MeanAttentionObserver> MeanAttentionObserver::Create(const ModelInfo& info,
                                                            std::size_t context_size,
                                                            std::size_t max_memory) {
  if (context_size == 0) return Status(StatusCode::kInvalidArgument, "no tokens to keep maps of");
  const CheckedSize cells = CheckedSize(context_size) * (CheckedSize(context_size) + 1);
  const CheckedSize bytes = cells * info.layers * (sizeof(std::uint32_t) / 2);
  if (!bytes.ok() || (max_memory != 0 && bytes.value() > max_memory)) {
    return Status(StatusCode::kLimitExceeded, "the mean maps of " + std::to_string(info.layers) +
                                                  " layers over " + std::to_string(context_size) +
                                                  " tokens need " + std::to_string(bytes.value()) +
                                                  " bytes of memory, the limit is " +
                                                  std::to_string(max_memory));
  }
  const auto out_of_memory = [&] {
    return Status(StatusCode::kOutOfMemory,
                  "not enough memory for " + std::to_string(bytes.value()) + " bytes of mean maps");
  };
  const auto create = [&]() -> Result<MeanAttentionObserver> {
    auto state = std::make_unique<State>();
    state->selection.streams = {AttentionStream::kSelf};
    state->layers = info.layers;
    state->heads = info.heads;
    state->capacity = context_size;
    state->one = std::ldexp(1.0F, 31 - static_cast<int>(std::bit_width(info.heads)));
    state->rows.resize(info.layers);
    state->sums = AlignedBuffer::Allocate(bytes.value());
    if (!state->sums) return out_of_memory();
    return MeanAttentionObserver(std::move(state));
  };
  return platform::IfMemoryLasts(create, out_of_memory);
}

MeanAttentionObserver::MeanAttentionObserver(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
MeanAttentionObserver::MeanAttentionObserver(MeanAttentionObserver&&) noexcept = default;
MeanAttentionObserver& MeanAttentionObserver::operator=(MeanAttentionObserver&&) noexcept = default;
MeanAttentionObserver::~MeanAttentionObserver() = default;

const AttentionSelection& MeanAttentionObserver::selection() const {
  return state_->selection;
}

void MeanAttentionObserver::OnRows(const AttentionRows& rows) {
  const bool causal = rows.mask == Mask::Kind::kCausal || rows.mask == Mask::Kind::kSlidingWindow;
  if (rows.stream != AttentionStream::kSelf || !causal || rows.layer >= state_->layers) return;
  for (std::size_t r = 0; r < rows.query_count; ++r) {
    const std::size_t query = rows.query_begin + r;
    if (query >= state_->capacity) break;
    const std::size_t keys = std::min(query + 1, rows.key_count);
    const float* weights = rows.weights + r * rows.stride;
    std::uint32_t* sums = state_->Row(rows.layer, query);
    for (std::size_t key = 0; key < keys; ++key) {
      // Weights are from 0 to a little above 1; one that is NaN counts as 0.
      const float weight = weights[key] > 0.0F ? weights[key] : 0.0F;
      const float scaled = std::min(weight, 1.0F) * state_->one + 0.5F;
      sums[key] += static_cast<std::uint32_t>(static_cast<std::int32_t>(scaled));
    }
    ++state_->rows[rows.layer];
  }
}

std::size_t MeanAttentionObserver::layers() const {
  return state_->layers;
}

std::size_t MeanAttentionObserver::tokens() const {
  if (state_->rows.empty()) return 0;
  return *std::min_element(state_->rows.begin(), state_->rows.end()) / state_->heads;
}

void MeanAttentionObserver::ReadRow(std::size_t layer, std::size_t query, float* out) const {
  const std::uint32_t* sums = state_->Row(layer, query);
  const double factor =
      1.0 / (static_cast<double>(state_->one) * static_cast<double>(state_->heads));
  for (std::size_t key = 0; key <= query; ++key) {
    out[key] = static_cast<float>(static_cast<double>(sums[key]) * factor);
  }
}

}  // namespace fovea
