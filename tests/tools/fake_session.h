// A session in miniature for the tests of observers: random queries and keys, exact causal maps.
#ifndef FOVEA_TESTS_TOOLS_FAKE_SESSION_H_
#define FOVEA_TESTS_TOOLS_FAKE_SESSION_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

inline constexpr std::size_t kTokens = 37;
inline constexpr std::size_t kLayers = 3;
inline constexpr std::size_t kHeads = 4;
inline constexpr std::size_t kKvHeads = 2;
inline constexpr std::size_t kDim = 6;
inline constexpr std::size_t kVocabulary = 11;

/// A session in miniature: random queries and keys, exact causal maps, delivered in uneven tiles.
class FakeSession {
 public:
  FakeSession() {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (auto* values : {&query_, &key_}) {
      for (float& value : *values) value = normal(random);
    }
    for (float& value : logits_) value = normal(random);
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
      for (std::size_t head = 0; head < kHeads; ++head) Attend(layer, head);
    }
  }

  float Weight(std::size_t layer, std::size_t head, std::size_t q, std::size_t k) const {
    return weights_[((layer * kHeads + head) * kTokens + q) * kTokens + k];
  }
  float Score(std::size_t layer, std::size_t head, std::size_t q, std::size_t k) const {
    return scores_[((layer * kHeads + head) * kTokens + q) * kTokens + k];
  }
  const float* Query(std::size_t layer, std::size_t token, std::size_t head) const {
    return query_.data() + ((layer * kTokens + token) * kHeads + head) * kDim;
  }
  const float* Key(std::size_t layer, std::size_t token, std::size_t kv_head) const {
    return key_.data() + ((layer * kTokens + token) * kKvHeads + kv_head) * kDim;
  }
  float LogSumExp(std::size_t layer, std::size_t head, std::size_t q) const {
    return log_sum_exp_[(layer * kHeads + head) * kTokens + q];
  }
  const float* Logits(std::size_t token) const { return logits_.data() + token * kVocabulary; }

  /// Delivers rows begin … end - 1 of one head in tiles of `tile` rows.
  void DeliverRows(AttentionObserver* observer, std::size_t layer, std::size_t head,
                   std::size_t begin, std::size_t end, std::size_t tile) const {
    if (!observer->selection().HasLayer(layer) || !observer->selection().HasHead(head)) return;
    for (std::size_t q = begin; q < end; q += tile) {
      const std::size_t count = std::min(tile, end - q);
      const std::size_t at = ((layer * kHeads + head) * kTokens + q) * kTokens;
      AttentionRows rows;
      rows.layer = layer;
      rows.head = head;
      rows.kv_head = head / (kHeads / kKvHeads);
      rows.query_begin = q;
      rows.query_count = count;
      rows.key_count = q + count;
      rows.weights = weights_.data() + at;
      rows.scores = observer->selection().scores ? scores_.data() + at : nullptr;
      rows.stride = kTokens;
      rows.log_sum_exp = log_sum_exp_.data() + (layer * kHeads + head) * kTokens + q;
      observer->OnRows(rows);
    }
  }

  void DeliverTrace(AttentionObserver* observer, std::size_t layer, std::size_t begin,
                    std::size_t end) const {
    if (!observer->selection().HasLayer(layer) || !observer->selection().trace) return;
    std::vector<float> log_sum_exp;
    for (std::size_t head = 0; head < kHeads; ++head) {
      for (std::size_t q = begin; q < end; ++q) log_sum_exp.push_back(LogSumExp(layer, head, q));
    }
    AttentionTrace trace;
    trace.layer = layer;
    trace.query_begin = begin;
    trace.query_count = end - begin;
    trace.key_begin = begin;
    trace.key_count = end - begin;
    trace.heads = kHeads;
    trace.kv_heads = kKvHeads;
    trace.head_dim = kDim;
    trace.query = Query(layer, begin, 0);
    trace.key = Key(layer, begin, 0);
    trace.log_sum_exp = log_sum_exp.data();
    trace.scale = kScale;
    observer->OnTrace(trace);
  }

  /// A prefill of `prompt` tokens in chunks, then single tokens up to `end`.
  void Deliver(AttentionObserver* observer, std::size_t prompt, std::size_t end) const {
    std::size_t begin = 0;
    while (begin < end) {
      const std::size_t chunk_end = begin < prompt ? std::min(begin + 16, prompt) : begin + 1;
      for (std::size_t layer = 0; layer < kLayers; ++layer) {
        for (std::size_t head = kHeads; head-- > 0;) {
          DeliverRows(observer, layer, head, begin, chunk_end, 5);
        }
        DeliverTrace(observer, layer, begin, chunk_end);
      }
      begin = chunk_end;
    }
  }

  static constexpr float kScale = 0.5F;

 private:
  void Attend(std::size_t layer, std::size_t head) {
    for (std::size_t q = 0; q < kTokens; ++q) {
      const std::size_t at = ((layer * kHeads + head) * kTokens + q) * kTokens;
      double sum = 0.0;
      for (std::size_t k = 0; k < kTokens; ++k) {
        float score = 0.0F;
        for (std::size_t i = 0; i < kDim; ++i) {
          score += Query(layer, q, head)[i] * Key(layer, k, head / (kHeads / kKvHeads))[i] * kScale;
        }
        scores_[at + k] = k <= q ? score : -std::numeric_limits<float>::infinity();
        if (k <= q) sum += std::exp(static_cast<double>(score));
      }
      for (std::size_t k = 0; k <= q; ++k) {
        weights_[at + k] = static_cast<float>(std::exp(static_cast<double>(scores_[at + k])) / sum);
      }
      log_sum_exp_[(layer * kHeads + head) * kTokens + q] = static_cast<float>(std::log(sum));
    }
  }

  std::vector<float> query_ = std::vector<float>(kLayers * kTokens * kHeads * kDim);
  std::vector<float> key_ = std::vector<float>(kLayers * kTokens * kKvHeads * kDim);
  std::vector<float> logits_ = std::vector<float>(kTokens * kVocabulary);
  std::vector<float> weights_ = std::vector<float>(kLayers * kHeads * kTokens * kTokens);
  std::vector<float> scores_ = std::vector<float>(kLayers * kHeads * kTokens * kTokens);
  std::vector<float> log_sum_exp_ = std::vector<float>(kLayers * kHeads * kTokens);
};

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_FAKE_SESSION_H_
