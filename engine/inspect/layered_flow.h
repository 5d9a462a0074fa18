// Maximum flow through the layers of a decoder: Dinic's algorithm on a graph whose edges are two
// dense triangles per layer, so that no lists of neighbours are kept.
#ifndef FOVEA_INSPECT_LAYERED_FLOW_H_
#define FOVEA_INSPECT_LAYERED_FLOW_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::inspect {

/// Nodes are (level, token), level 0 being the input; an edge leads from (level + 1, i) to
/// (level, j) for every j <= i.
class LayeredFlow {
 public:
  /// Memory: 16 bytes for each edge. May throw std::bad_alloc.
  LayeredFlow(std::size_t layers, std::size_t tokens);

  /// Capacities of the edges from (layer + 1, from): [from + 1], by token. To be filled in.
  double* Capacities(std::size_t layer, std::size_t from) {
    return capacity_.data() + EdgeOf(layer, from, 0);
  }

  /// The maximum flow from (layers, tokens - 1) to (0, target).
  double MaximumFlow(std::size_t target);

 private:
  using Node = std::uint32_t;
  static constexpr std::int32_t kUnreached = -1;
  /// Flows below this are rounding.
  static constexpr double kLeast = 1e-12;

  std::size_t EdgeOf(std::size_t layer, std::size_t from, std::size_t to) const {
    return layer * (tokens_ * (tokens_ + 1) / 2) + from * (from + 1) / 2 + to;
  }
  Node NodeOf(std::size_t level, std::size_t token) const {
    return static_cast<Node>(level * tokens_ + token);
  }
  struct Step {
    Node to = 0;
    std::size_t edge = 0;
    bool forward = true;
  };
  /// The i-th edge of the residual graph out of a node, forward ones first; false after the last.
  bool StepAt(Node node, std::size_t i, Step* step) const;
  double Residual(const Step& step) const {
    return step.forward ? capacity_[step.edge] - flow_[step.edge] : flow_[step.edge];
  }

  bool FindDistances();
  double Augment();

  std::size_t layers_;
  std::size_t tokens_;
  std::vector<double> capacity_;  // [layers, triangle]
  std::vector<double> flow_;      // [layers, triangle]
  // Per node:
  std::vector<std::int32_t> distance_;  // from the source
  std::vector<std::uint32_t> next_;     // the step to try next
  std::vector<Node> queue_;
  std::vector<Step> path_;
  Node source_ = 0;
  Node sink_ = 0;
  std::size_t target_ = 0;
};

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_LAYERED_FLOW_H_
