// An observer that reads every weight of every map once, where it lies, and keeps one number per
// head: the cheapest honest use of an observer, so what it costs is what delivery costs.
#ifndef FOVEA_TOOLS_FOVEA_MAP_REDUCER_H_
#define FOVEA_TOOLS_FOVEA_MAP_REDUCER_H_

#include <cstddef>
#include <vector>

#include <fovea/attention.h>

namespace fovea::tools {

class MapReducer : public AttentionObserver {
 public:
  MapReducer(std::size_t layers, std::size_t heads);

  const AttentionSelection& selection() const override { return selection_; }
  /// Every (layer, head) has a sum of its own.
  bool concurrent() const override { return true; }
  void OnRows(const AttentionRows& rows) override;

  /// Mean over all rows seen of -ln(sum of squared weights), the collision entropy in nats: 0 where
  /// all weight lies on one key, ln(n) where n keys share it evenly.
  double MeanCollisionEntropy() const;
  std::size_t rows() const;

 private:
  /// Threads write to different heads at once: one cache line each.
  struct alignas(64) Sum {
    double entropy = 0.0;
    std::size_t rows = 0;
  };
  AttentionSelection selection_;
  std::size_t heads_;
  std::vector<Sum> sums_;  // [layers, heads]
};

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_MAP_REDUCER_H_
