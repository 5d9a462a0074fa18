// A prefix tree over bytes: finds the pieces that a text starts with. A lookup costs at most 256
// comparisons per byte of the text, whatever the vocabulary.
#ifndef FOVEA_TEXT_BYTE_TRIE_H_
#define FOVEA_TEXT_BYTE_TRIE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/text/heap_bytes.h"

namespace fovea::text {

class ByteTrie {
 public:
  ByteTrie();

  /// Empty pieces are ignored; a piece inserted twice keeps its first id.
  void Insert(std::string_view piece, std::int32_t id);

  struct Match {
    std::int32_t id = -1;  ///< -1: nothing matched.
    std::size_t size = 0;
  };
  /// The longest piece that `text` starts with.
  Match Longest(std::string_view text) const;
  /// The piece of exactly `size` bytes that `text` starts with, or -1.
  std::int32_t OfSize(std::string_view text, std::size_t size) const;
  /// Calls visit(id, size) for every piece that `text` starts with, shortest first.
  template <typename Visit>
  void ForEach(std::string_view text, Visit visit) const {
    std::uint32_t node = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      node = Child(node, static_cast<std::uint8_t>(text[i]));
      if (node == 0) return;
      if (nodes_[node].id >= 0) visit(nodes_[node].id, i + 1);
    }
  }

  std::size_t heap_bytes() const { return HeapBytes(nodes_) + HeapBytes(roots_); }

 private:
  struct Node {
    std::uint32_t first_child = 0;   // 0: none (the root is nobody's child)
    std::uint32_t next_sibling = 0;  // 0: none
    std::int32_t id = -1;
    std::uint8_t byte = 0;
  };
  std::uint32_t Child(std::uint32_t node, std::uint8_t byte) const;

  std::vector<Node> nodes_;
  std::vector<std::uint32_t> roots_;  // children of the root, by byte: constant time
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_BYTE_TRIE_H_
