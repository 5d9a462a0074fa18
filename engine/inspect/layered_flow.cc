#include "engine/inspect/layered_flow.h"

#include <algorithm>
#include <limits>

namespace fovea::inspect {

LayeredFlow::LayeredFlow(std::size_t layers, std::size_t tokens)
    : layers_(layers),
      tokens_(tokens),
      capacity_(layers * (tokens * (tokens + 1) / 2)),
      flow_(capacity_.size()),
      distance_((layers + 1) * tokens),
      next_(distance_.size()),
      source_(NodeOf(layers, tokens - 1)) {
  queue_.reserve(distance_.size());
  path_.reserve(distance_.size());
}

bool LayeredFlow::StepAt(Node node, std::size_t i, Step* step) const {
  const std::size_t level = node / tokens_;
  const std::size_t token = node % tokens_;
  // Tokens before the target cannot reach it.
  const std::size_t down = level > 0 ? token + 1 - target_ : 0;
  if (i < down) {
    const std::size_t to = token - i;
    *step = {NodeOf(level - 1, to), EdgeOf(level - 1, token, to), true};
    return true;
  }
  const std::size_t from = token + (i - down);
  if (level == layers_ || from >= tokens_) return false;
  *step = {NodeOf(level + 1, from), EdgeOf(level, from, token), false};
  return true;
}

/// Breadth first from the source; whether the sink can be reached.
bool LayeredFlow::FindDistances() {
  std::fill(distance_.begin(), distance_.end(), kUnreached);
  distance_[source_] = 0;
  queue_.assign(1, source_);
  for (std::size_t next = 0; next < queue_.size(); ++next) {
    const Node node = queue_[next];
    Step step;
    for (std::size_t i = 0; StepAt(node, i, &step); ++i) {
      if (distance_[step.to] != kUnreached || Residual(step) <= kLeast) continue;
      distance_[step.to] = distance_[node] + 1;
      // Nothing that is as far as the sink lies on a shortest way to it.
      if (step.to == sink_) return true;
      queue_.push_back(step.to);
    }
  }
  return false;
}

/// A blocking flow along shortest ways, depth first.
double LayeredFlow::Augment() {
  std::fill(next_.begin(), next_.end(), 0U);
  double total = 0.0;
  path_.clear();
  Node node = source_;
  for (;;) {
    if (node == sink_) {
      double least = std::numeric_limits<double>::infinity();
      for (const Step& step : path_) least = std::min(least, Residual(step));
      std::size_t kept = path_.size();  // Steps before the first that is full now.
      for (std::size_t i = path_.size(); i-- > 0;) {
        flow_[path_[i].edge] += path_[i].forward ? least : -least;
        if (Residual(path_[i]) <= kLeast) kept = i;
      }
      total += least;
      path_.resize(kept);
      node = path_.empty() ? source_ : path_.back().to;
      continue;
    }
    Step step;
    bool found = false;
    while (!found && StepAt(node, next_[node], &step)) {
      found = distance_[step.to] == distance_[node] + 1 && Residual(step) > kLeast;
      if (!found) ++next_[node];
    }
    if (found) {
      path_.push_back(step);
      node = step.to;
    } else if (path_.empty()) {
      return total;
    } else {
      distance_[node] = kUnreached;  // A dead end.
      path_.pop_back();
      node = path_.empty() ? source_ : path_.back().to;
    }
  }
}

double LayeredFlow::MaximumFlow(std::size_t target) {
  target_ = target;
  sink_ = NodeOf(0, target);
  std::fill(flow_.begin(), flow_.end(), 0.0);
  double total = 0.0;
  while (FindDistances()) total += Augment();
  return total;
}

}  // namespace fovea::inspect
