// Numbers from attention maps (formulas: Clark et al. 2019, Vig & Belinkov 2019, Olsson et al.
// 2022, Gu et al. 2025). All work on rows as they are delivered, so no map has to be kept.
#ifndef FOVEA_ANALYSIS_H_
#define FOVEA_ANALYSIS_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "fovea/attention.h"
#include "fovea/model.h"

namespace fovea {

/// Statistics of one head over all rows that came. Means are over rows. Entropies, confidence and
/// row sums hold for maps of any shape. Distances and single positions compare positions of one
/// sequence: in cross-attention they stay 0, but for first_token.
struct HeadStatistics {
  AttentionStream stream = AttentionStream::kSelf;  ///< Which attention this is.
  std::size_t layer = 0;                            ///< Counted from 0.
  std::size_t head = 0;                             ///< Query head.
  std::size_t kv_head = 0;                          ///< Key/value head that it reads.
  std::size_t rows = 0;                             ///< Rows that have come.
  double entropy = 0.0;                             ///< Mean of -Σ A ln A, nats.
  double mean_distance = 0.0;                       ///< Σ A·|q-k| / Σ A over all cells.
  double confidence = 0.0;                          ///< Mean of the row maximum.
  double previous_token = 0.0;                      ///< Mean of A[q, q-1] over rows with q >= 1.
  /// Mean of A[q, 0] over rows with q >= 1, or over all rows in cross-attention (sink share).
  double first_token = 0.0;
  double self = 0.0;  ///< Mean of A[q, q].
  /// Only with a repeat of period S: mean of A[q, q-S] (duplicate token) and of A[q, q-(S-1)]
  /// (induction) over the second block.
  double duplicate_token = 0.0;
  double induction = 0.0;  ///< See duplicate_token.
  /// Largest |Σ A - 1| of a row that attends to a key.
  double row_sum_error = 0.0;
  /// Entropy and mean distance of a head with equal weights on all keys that its mask allows
  /// (padding aside): what "broad" and "local" are compared with.
  double even_entropy = 0.0;
  double even_distance = 0.0;  ///< See even_entropy.
};

/// An observer that keeps only HeadStatistics: O(heads) memory whatever the length. It takes one
/// call at a time, as sessions give it. Example:
/// @code
/// HeadStatisticsObserver statistics({}, 0, 0, &model.info());
/// if (auto logits = session.Prefill(ids, {.observer = &statistics}); !logits) {
///   return logits.status();
/// }
/// for (const HeadStatistics& head : statistics.Heads()) std::cout << HeadType(head) << '\n';
/// @endcode
class HeadStatisticsObserver : public AttentionObserver {
 public:
  /// period > 0: the input is a block of `period` tokens repeated once, starting at `repeat_begin`
  /// (1 after a BOS): fills duplicate_token and induction. With `model` (read here only), memory
  /// for all its heads is reserved now and a run allocates nothing; without, it is allocated on the
  /// session's threads when a head first comes.
  explicit HeadStatisticsObserver(AttentionSelection selection = {}, std::size_t period = 0,
                                  std::size_t repeat_begin = 0, const ModelInfo* model = nullptr);

  const AttentionSelection& selection() const override { return selection_; }
  /// Rows of one head are finished. Called for every selected layer and head if the selection has
  /// rows.
  void OnRows(const AttentionRows& rows) override;

  /// Ordered by stream, then layer, then head.
  std::vector<HeadStatistics> Heads() const;

 private:
  struct Sums {
    HeadStatistics partial;
    double mass = 0.0;
    double weighted_distance = 0.0;
    std::size_t sink_rows = 0;  ///< Rows that count for first_token and previous_token.
    std::size_t repeat_rows = 0;
  };
  Sums& SumsOf(const AttentionRows& rows);
  /// What holds for rows of any map.
  static void AddRow(const float* row, std::size_t key_count, Sums* sums);
  /// What compares the positions of query and keys.
  void AddPositions(const float* row, std::size_t query, std::size_t key_count, Sums* sums) const;

  AttentionSelection selection_;
  std::size_t period_;
  std::size_t repeat_begin_;
  std::vector<Sums> heads_;  ///< Of the heads that have come, by stream, layer, head.
};

/// A plain-words type, the first that fits: "induction" or "duplicate token" (where a repeat was
/// measured), "previous token" or "current token" (that token takes at least 0.4 of the weight on
/// average), "first token (sink)" (over 0.3), "broad" (entropy at least 0.8 of even_entropy),
/// "local" (mean distance at most 8 tokens and half of even_distance), else "mixed". Of
/// cross-attention only the sink, "broad" and "mixed".
std::string_view HeadType(const HeadStatistics& head);

}  // namespace fovea

#endif  // FOVEA_ANALYSIS_H_
