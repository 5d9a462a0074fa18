#include "engine/text/byte_trie.h"

namespace fovea::text {

ByteTrie::ByteTrie() : nodes_(1), roots_(256, 0) {}

std::uint32_t ByteTrie::Child(std::uint32_t node, std::uint8_t byte) const {
  if (node == 0) return roots_[byte];
  std::uint32_t child = nodes_[node].first_child;
  while (child != 0 && nodes_[child].byte != byte) child = nodes_[child].next_sibling;
  return child;
}

void ByteTrie::Insert(std::string_view piece, std::int32_t id) {
  if (piece.empty()) return;
  std::uint32_t node = 0;
  for (const char c : piece) {
    const auto byte = static_cast<std::uint8_t>(c);
    std::uint32_t child = Child(node, byte);
    if (child == 0) {
      child = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back(
          {.first_child = 0, .next_sibling = nodes_[node].first_child, .id = -1, .byte = byte});
      nodes_[node].first_child = child;
      if (node == 0) roots_[byte] = child;
    }
    node = child;
  }
  if (nodes_[node].id < 0) nodes_[node].id = id;
}

ByteTrie::Match ByteTrie::Longest(std::string_view text) const {
  Match best;
  ForEach(text, [&best](std::int32_t id, std::size_t size) { best = {id, size}; });
  return best;
}

std::int32_t ByteTrie::OfSize(std::string_view text, std::size_t size) const {
  if (size > text.size()) return -1;
  std::int32_t found = -1;
  ForEach(text.substr(0, size), [&](std::int32_t id, std::size_t length) {
    if (length == size) found = id;
  });
  return found;
}

}  // namespace fovea::text
