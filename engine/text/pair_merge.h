// Byte-pair merging, which SentencePiece and byte-level BPE share: neighbours are joined, best pair
// first and leftmost among equals, until no pair is in the vocabulary. O(n log n) for any text.
#ifndef FOVEA_TEXT_PAIR_MERGE_H_
#define FOVEA_TEXT_PAIR_MERGE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::text {

/// A run of text that is one symbol so far: an element of a doubly linked list in text order.
struct Symbol {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;  // 0: merged into its left neighbour
  std::int32_t previous = -1;
  std::int32_t next = -1;
  std::int32_t id = -1;  // the number by which find_pair knows it
};

/// A pair that could be merged. It is out of date if either symbol has changed its size since.
template <typename Priority>
struct MergeCandidate {
  Priority priority{};  // smaller is better
  std::int32_t left = -1;
  std::uint32_t left_size = 0;
  std::uint32_t right_size = 0;
  std::int32_t id = -1;  // of the merged symbol
};

/// Merges in place; symbols of size 0 are dead afterwards. `heap` is scratch that may be reused.
/// find_pair(left symbol, right symbol, &candidate) returns whether the two may merge, and sets
/// the candidate's priority and id.
template <typename Priority, typename FindPair>
void MergePairs(std::vector<Symbol>* symbols, std::vector<MergeCandidate<Priority>>* heap,
                FindPair find_pair) {
  using Candidate = MergeCandidate<Priority>;
  std::vector<Symbol>& s = *symbols;
  const auto symbol_at = [&s](std::int32_t index) -> Symbol& {
    return s[static_cast<std::size_t>(index)];
  };
  const auto worse = [](const Candidate& a, const Candidate& b) {
    return a.priority > b.priority || (a.priority == b.priority && a.left > b.left);
  };
  const auto propose = [&](std::int32_t left, std::int32_t right) {
    if (left < 0 || right < 0) return false;
    Candidate candidate;
    if (!find_pair(symbol_at(left), symbol_at(right), &candidate)) return false;
    candidate.left = left;
    candidate.left_size = symbol_at(left).size;
    candidate.right_size = symbol_at(right).size;
    heap->push_back(candidate);
    return true;
  };

  heap->clear();
  for (std::size_t i = 1; i < s.size(); ++i) {
    propose(static_cast<std::int32_t>(i - 1), static_cast<std::int32_t>(i));
  }
  std::make_heap(heap->begin(), heap->end(), worse);
  while (!heap->empty()) {
    std::pop_heap(heap->begin(), heap->end(), worse);
    const Candidate best = heap->back();
    heap->pop_back();
    Symbol& left = symbol_at(best.left);
    if (left.size != best.left_size || left.next < 0) continue;
    Symbol& right = symbol_at(left.next);
    if (right.size != best.right_size) continue;

    left.size += right.size;
    left.id = best.id;
    right.size = 0;
    left.next = right.next;
    if (right.next >= 0) symbol_at(right.next).previous = best.left;
    if (propose(left.previous, best.left)) std::push_heap(heap->begin(), heap->end(), worse);
    if (propose(best.left, left.next)) std::push_heap(heap->begin(), heap->end(), worse);
  }
}

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PAIR_MERGE_H_
