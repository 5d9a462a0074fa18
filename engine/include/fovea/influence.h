// Which input tokens a token of a higher layer depends on, followed through all layers below it:
// attention rollout and attention flow (Abnar & Zuidema 2020, "Quantifying Attention Flow in
// Transformers"), for decoders (causal maps).
#ifndef FOVEA_INFLUENCE_H_
#define FOVEA_INFLUENCE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fovea/attention.h"
#include "fovea/model.h"
#include "fovea/status.h"

namespace fovea {

/// An observer that keeps the mean map of all heads of every layer: the input of rollout and flow.
/// Memory: 2 bytes times layers times tokens², allocated by Create (30 layers of 512 tokens: 15
/// MiB). Means are summed in fixed point, so that they do not depend on the order in which heads
/// come; they err by less than 1e-7 for up to 64 heads. One sequence, each row once; a generation
/// may be stitched, prompt first. Takes one call at a time, as sessions give it; not to be read
/// while one runs.
///
/// Example:
/// @code
/// auto maps = MeanAttentionObserver::Create(model.info(), ids.size());
/// if (!maps) return maps.status();
/// if (auto logits = session.Prefill(ids, {.observer = &*maps}); !logits) return logits.status();
/// auto rollout = Rollout(*maps);
/// if (rollout) std::printf("%g\n", rollout->At(/*query=*/5, /*key=*/2));
/// @endcode
class MeanAttentionObserver : public AttentionObserver {
 public:
  /// For up to context_size tokens. kLimitExceeded if the maps would need more than max_memory
  /// bytes (0: no limit), kOutOfMemory, kInvalidArgument for no tokens.
  static Result<MeanAttentionObserver> Create(const ModelInfo& info, std::size_t context_size,
                                              std::size_t max_memory = 0);
  /// The other is empty afterwards and may only be destroyed or assigned to.
  MeanAttentionObserver(MeanAttentionObserver&&) noexcept;
  /// The other is empty afterwards and may only be destroyed or assigned to.
  MeanAttentionObserver& operator=(MeanAttentionObserver&&) noexcept;
  ~MeanAttentionObserver() override;

  const AttentionSelection& selection() const override;
  /// Rows of one head are finished. Called for every selected layer and head if the selection has
  /// rows.
  void OnRows(const AttentionRows& rows) override;

  /// Layers of the model.
  std::size_t layers() const;
  /// Tokens whose rows have come from every head of every layer. Rows from context_size on are not
  /// kept, nor those of bidirectional maps and of other streams than AttentionStream::kSelf.
  std::size_t tokens() const;
  /// out[key] = mean over the heads of row `query` of the layer, for keys 0 … query. `query` must
  /// be below tokens(), the layer below layers(). out: [query + 1]
  void ReadRow(std::size_t layer, std::size_t query, float* out) const;

 private:
  struct State;
  explicit MeanAttentionObserver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// How far Rollout and Flow go, and how to follow and stop them.
struct InfluenceOptions {
  /// Follow layers 0 … layer; nothing: all of them.
  std::optional<std::size_t> layer = std::nullopt;
  /// Asked once per layer by Rollout and once per input token by Flow; true stops with kCancelled.
  std::function<bool()> cancelled = {};
  std::function<void(double done)> on_progress = {};  ///< As often, from 0 to 1.
};

/// A square map of influence, row = query, column = input token; rows sum to 1.
struct InfluenceMap {
  std::size_t tokens = 0;      ///< Rows and columns.
  std::vector<float> weights;  ///< Row-major [tokens, tokens].
  /// One weight; both indices must be below `tokens`. [query, key]
  float At(std::size_t query, std::size_t key) const { return weights[query * tokens + key]; }
};

/// Rollout: R_l = ½ (A_l + I) R_{l-1} from R = I before the first layer, with A_l the mean of layer
/// l's heads and I for the residual connection. Cell [q, k] is the share of input token k in
/// position q after the chosen layer, if every layer passes on in proportion to its weights.
/// Takes layers * tokens³ / 6 multiply-adds in float. kInvalidArgument for a layer that does not
/// exist or if no rows have come, kOutOfMemory, kCancelled.
Result<InfluenceMap> Rollout(const MeanAttentionObserver& maps,
                             const InfluenceOptions& options = {});

/// Flow: each layer's edges lead from position i after it to the positions j ≤ i before it, with
/// capacity ½ (A_l + I)[i, j]. out[key] is the maximum flow from position `query` after the chosen
/// layer to input token `key`, each token taken by itself: at most 1, and their sum may exceed 1.
/// Tokens after `query` get 0. One maximum flow (Dinic 1970, double precision) for each of the
/// query + 1 tokens, in memory of 16 bytes per edge, layers * query² / 2 of them: for some hundred
/// tokens. kInvalidArgument for a layer or query that does not exist, kOutOfMemory, kCancelled.
Result<std::vector<float>> Flow(const MeanAttentionObserver& maps, std::size_t query,
                                const InfluenceOptions& options = {});

}  // namespace fovea

#endif  // FOVEA_INFLUENCE_H_
