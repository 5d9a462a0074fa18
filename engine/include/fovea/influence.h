// Which input tokens a token of a higher layer depends on, followed through all layers below it:
// attention rollout and attention flow (Abnar & Zuidema 2020, "Quantifying Attention Flow in
// Transformers").
#ifndef FOVEA_INFLUENCE_H_
#define FOVEA_INFLUENCE_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fovea/attention.h"
#include "fovea/model.h"
#include "fovea/status.h"

namespace fovea {

/// An observer that keeps the mean map of all heads of every layer, the input of rollout and flow.
/// Memory: layers * tokens² floats, allocated by Create (4 bytes times 30 layers times 512² are
/// 30 MiB). One sequence, delivered once; a generation may be stitched, prompt first. Takes one
/// call at a time, as sessions give it; not to be read while one runs.
///
/// Example:
///   auto maps = MeanAttentionObserver::Create(model.info(), ids.size());
///   session.Prefill(ids, {.observer = &*maps});
///   auto rollout = Rollout(*maps);
///   float w = rollout.At(query, key);
class MeanAttentionObserver : public AttentionObserver {
 public:
  /// For up to max_tokens tokens. kLimitExceeded if the maps would need more than max_memory bytes
  /// (0: no limit), kOutOfMemory, kInvalidArgument for no tokens.
  static Result<MeanAttentionObserver> Create(const ModelInfo& info, std::size_t max_tokens,
                                              std::size_t max_memory = 0);
  MeanAttentionObserver(MeanAttentionObserver&&) noexcept;
  MeanAttentionObserver& operator=(MeanAttentionObserver&&) noexcept;
  ~MeanAttentionObserver() override;

  const AttentionSelection& selection() const override;
  void OnRows(const AttentionRows& rows) override;

  std::size_t layers() const;
  /// Tokens whose rows have come, of every head of every layer. Rows beyond max_tokens are not
  /// kept.
  std::size_t tokens() const;
  /// The mean over heads of layer `layer`: row `query` of the tokens() values [key]; causal cells
  /// above the diagonal are 0.
  std::span<const float> Row(std::size_t layer, std::size_t query) const;

 private:
  struct State;
  explicit MeanAttentionObserver(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// A square map [query, key] of influence; rows sum to 1.
struct InfluenceMap {
  std::size_t tokens = 0;
  std::vector<float> weights;  ///< Row-major [tokens, tokens].
  float At(std::size_t query, std::size_t key) const { return weights[query * tokens + key]; }
};

struct InfluenceOptions {
  /// Layers 0 … layer are followed; the default is all of them.
  std::size_t layer = static_cast<std::size_t>(-1);
  /// Asked once per layer, in flow once per input token; true stops with kCancelled.
  std::function<bool()> cancelled = {};
  std::function<void(double done)> on_progress = {};  ///< From 0 to 1.
};

/// Rollout: R_l = ½ (A_l + I) R_{l-1}, R_{-1} = I, with A_l the mean of layer l's heads and I for
/// the residual connection. Cell [q, k] is how much of position q after the chosen layer comes from
/// input token k, if every step hands on what it has in proportion to its weights. Computed in
/// float from rows in ascending order; layers * tokens³ / 6 multiply-adds for causal maps.
/// kInvalidArgument for a layer that does not exist or without rows, kOutOfMemory, kCancelled.
Result<InfluenceMap> Rollout(const MeanAttentionObserver& maps,
                             const InfluenceOptions& options = {});

/// Flow: the layered graph with an edge of capacity ½ (A_l + I)[i, j] from position i after layer l
/// to position j before it. [key] is the maximum flow from `query` after the chosen layer to input
/// token `key` alone, as in the paper: at most 1, and it need not sum to 1 over the tokens. One
/// maximum flow for each of query + 1 tokens, over layers * tokens² / 2 edges each: for tens of
/// layers and a few hundred tokens. [tokens]
/// kInvalidArgument for a layer or query that does not exist, kOutOfMemory, kCancelled.
Result<std::vector<float>> Flow(const MeanAttentionObserver& maps, std::size_t query,
                                const InfluenceOptions& options = {});

}  // namespace fovea

#endif  // FOVEA_INFLUENCE_H_
