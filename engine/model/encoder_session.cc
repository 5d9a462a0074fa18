// Sessions over encoders: a whole text at once, and vectors of texts.
#include <algorithm>
#include <cmath>
#include <string>

#include "engine/model/forward_pass.h"
#include "engine/model/run_checks.h"
#include "engine/model/session_impl.h"
#include "fovea/status_macros.h"

namespace fovea {
namespace {

/// The vector of a text from its tokens' hidden states. states: [tokens, n]; out: [n]
void Pool(std::span<const float> states, Pooling pooling, std::span<float> out) {
  const std::size_t n = out.size();
  const std::size_t tokens = states.size() / n;
  if (pooling != Pooling::kMean) {
    const std::size_t token = pooling == Pooling::kCls ? 0 : tokens - 1;
    std::copy_n(states.begin() + static_cast<std::ptrdiff_t>(token * n), n, out.begin());
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0.0;
    for (std::size_t t = 0; t < tokens; ++t) sum += static_cast<double>(states[t * n + i]);
    out[i] = static_cast<float>(sum / static_cast<double>(tokens));
  }
}

/// Scales the vector to length 1; zeros stay zeros.
void Normalize(std::span<float> values) {
  double squares = 0.0;
  for (const float value : values) {
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  if (squares == 0.0) return;
  const double factor = 1.0 / std::sqrt(squares);
  for (float& value : values) value = static_cast<float>(static_cast<double>(value) * factor);
}

}  // namespace

Status Session::Impl::CheckText(std::span<const std::int32_t> tokens, const RunOptions& run) const {
  if (!info().has_encoder()) {
    return {StatusCode::kUnsupported,
            info().path + ": the model is a decoder, which has no encoder; use Prefill"};
  }
  if (tokens.empty()) return {StatusCode::kInvalidArgument, "no tokens to run"};
  if (tokens.size() > plan().encoder_context_size) {
    return {StatusCode::kLimitExceeded, std::to_string(tokens.size()) +
                                            " tokens do not fit an encoder of " +
                                            std::to_string(plan().encoder_context_size)};
  }
  if (run.on_logits && (info().has_decoder() || !info().has_logits)) {
    return {StatusCode::kUnsupported,
            info().path + ": the model's encoder has no head that gives logits"};
  }
  if (!run.token_types.empty()) {
    const std::size_t types = runner->model().weights.token_types.rows;
    if (run.token_types.size() != tokens.size()) {
      return {StatusCode::kInvalidArgument, std::to_string(run.token_types.size()) +
                                                " token types for " +
                                                std::to_string(tokens.size()) + " tokens"};
    }
    for (const std::int32_t type : run.token_types) {
      // Models without segments have one that adds nothing.
      if (type < 0 || static_cast<std::size_t>(type) >= std::max<std::size_t>(types, 1)) {
        return {StatusCode::kInvalidArgument, "token type " + std::to_string(type) +
                                                  " does not exist; the model has " +
                                                  std::to_string(types)};
      }
    }
  }
  return model::CheckIds(info(), tokens);
}

Result<std::span<const float>> Session::Impl::Encode(std::span<const std::int32_t> tokens,
                                                     const RunOptions& run) {
  FOVEA_RETURN_IF_ERROR(CheckText(tokens, run));
  FOVEA_RETURN_IF_ERROR(Prepare(run));
  encoded = 0;
  position = 0;
  cross_keys_went_to = nullptr;
  const std::size_t count = tokens.size();
  const std::size_t hidden_size = encoder.info->hidden_size;
  const std::size_t layers = encoder.info->layers;
  const std::span<const float> states(encoder.buffers.hidden_state, count * hidden_size);
  ChooseThreads(count, 0, encoder);
  model::EmbedText(encoder, tokens, run.token_types);
  if (run.on_hidden) run.on_hidden(0, 0, states);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    FOVEA_RETURN_IF_ERROR(model::CheckCancelled(run.cancelled));
    model::RunEncoderLayer(
        encoder,
        {.layer = layer, .count = count, .observer = run.observer, .ablations = run.ablations});
    if (run.on_hidden) run.on_hidden(layer + 1, 0, states);
    if (run.on_progress) {
      run.on_progress(static_cast<double>(layer + 1) / static_cast<double>(layers));
    }
  }
  model::NormOutput(encoder, count);
  if (!model::AllFinite(states)) {
    return Status(StatusCode::kNonFinite, info().path + ": the encoder's output is not finite");
  }
  FOVEA_RETURN_IF_ERROR(CheckAttention());
  if (run.on_output) run.on_output(0, states);
  if (run.on_logits) FOVEA_RETURN_IF_ERROR(EmitLogits(encoder, 0, count, run));
  if (info().has_decoder()) {
    ChooseThreads(count, 0, forward);
    model::StoreCrossKeys(forward, states.data(), count);
    forward.cross_keys = count;
  }
  encoded = count;
  return states;
}

Result<std::span<const float>> Session::Impl::Embed(std::span<const std::int32_t> tokens,
                                                    const EmbedOptions& options,
                                                    const RunOptions& run) {
  const Pooling stated = info().pooling == Pooling::kNone ? Pooling::kMean : info().pooling;
  const Pooling pooling = options.pooling.value_or(stated);
  if (pooling == Pooling::kNone) {
    return Status(StatusCode::kInvalidArgument,
                  "one vector of a text needs a pooling: mean, cls or last");
  }
  const auto states = Encode(tokens, run);
  FOVEA_RETURN_IF_ERROR(states);
  Pool(*states, pooling, embedding);
  if (options.normalize) Normalize(embedding);
  return std::span<const float>(embedding);
}

}  // namespace fovea
