// Where a layer and a head of the model stand among those that were chosen.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_HEAD_INDEX_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_HEAD_INDEX_H_

#include <cstddef>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Immutable; may be shared by threads.
class HeadIndex {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Original numbers, each once.
  HeadIndex(const std::vector<std::size_t>& layers, const std::vector<std::size_t>& heads)
      : layers_(Inverse(layers)), heads_(Inverse(heads)), head_count_(heads.size()) {}

  /// Index of a layer among the chosen ones, kNone if it is not one of them.
  std::size_t Layer(std::size_t layer) const {
    return layer < layers_.size() ? layers_[layer] : kNone;
  }
  std::size_t Head(std::size_t head) const { return head < heads_.size() ? heads_[head] : kNone; }
  /// Number of the map, layers outermost: index of the layer × heads + index of the head.
  std::size_t Map(const AttentionRows& rows) const {
    const std::size_t layer = Layer(rows.layer);
    const std::size_t head = Head(rows.head);
    return layer == kNone || head == kNone ? kNone : layer * head_count_ + head;
  }

 private:
  static std::vector<std::size_t> Inverse(const std::vector<std::size_t>& numbers) {
    std::vector<std::size_t> inverse;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] >= inverse.size()) inverse.resize(numbers[i] + 1, kNone);
      inverse[numbers[i]] = i;
    }
    return inverse;
  }

  std::vector<std::size_t> layers_, heads_;  // original number -> index
  std::size_t head_count_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_HEAD_INDEX_H_
