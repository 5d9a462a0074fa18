#include "engine/text/merge_table.h"

#include "engine/text/heap_bytes.h"
#include "engine/text/vocabulary.h"

namespace fovea::text {

std::size_t MergeTable::SlotOf(std::int32_t left, std::int32_t right) const {
  const std::uint64_t key =
      (std::uint64_t{static_cast<std::uint32_t>(left)} << 32) | static_cast<std::uint32_t>(right);
  // Multiplying by 2^64 / golden ratio spreads the key; the high bits are the best mixed ones.
  const std::uint64_t mixed = key * 0x9E3779B97F4A7C15ULL;
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot =
      static_cast<std::size_t>((mixed ^ (mixed >> 32)) * 0xD6E8FEB86659FD93ULL >> 20) & mask;
  while (slots_[slot].left >= 0 && (slots_[slot].left != left || slots_[slot].right != right)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

std::int32_t MergeTable::SymbolOf(const std::string& text) const {
  const auto extra = extra_symbols_.find(text);
  return extra == extra_symbols_.end() ? -1 : extra->second;
}

std::int32_t MergeTable::Intern(std::string_view text, const std::vector<std::string>& pieces,
                                const PieceMap& map) {
  if (const std::int32_t id = map.Find(pieces, text); id >= 0) return id;
  const auto next = static_cast<std::int32_t>(pieces.size() + extra_symbols_.size());
  return extra_symbols_.emplace(text, next).first->second;
}

Status MergeTable::Build(const std::vector<std::string>& merges,
                         const std::vector<std::string>& pieces, const PieceMap& map) {
  if (merges.size() > kMaxPieces) {
    return {StatusCode::kLimitExceeded, "tokenizer.ggml.merges has " +
                                            std::to_string(merges.size()) +
                                            " entries, the limit is " + std::to_string(kMaxPieces)};
  }
  std::size_t slots = 16;
  while (slots * 3 < merges.size() * 4) slots *= 2;
  slots_.assign(slots, {});
  extra_symbols_.clear();
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::string_view merge = merges[i];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      return {StatusCode::kMalformed, "tokenizer.ggml.merges[" + std::to_string(i) +
                                          "] is not two parts with a space between"};
    }
    if (merge.size() > 2 * kMaxPieceBytes) {
      return {StatusCode::kLimitExceeded, "tokenizer.ggml.merges[" + std::to_string(i) + "] has " +
                                              std::to_string(merge.size()) +
                                              " bytes, the limit is " +
                                              std::to_string(2 * kMaxPieceBytes)};
    }
    const std::string_view left = merge.substr(0, space);
    const std::string_view right = merge.substr(space + 1);
    const std::int32_t left_symbol = Intern(left, pieces, map);
    const std::int32_t right_symbol = Intern(right, pieces, map);
    Slot& slot = slots_[SlotOf(left_symbol, right_symbol)];
    if (slot.left >= 0) continue;
    const std::int32_t merged = Intern(std::string(left) + std::string(right), pieces, map);
    slot = {left_symbol, right_symbol, {static_cast<std::int32_t>(i), merged}};
  }
  return Status::Ok();
}

const MergeTable::Merge* MergeTable::Find(std::int32_t left, std::int32_t right) const {
  if (left < 0 || right < 0) return nullptr;
  const Slot& slot = slots_[SlotOf(left, right)];
  return slot.left < 0 ? nullptr : &slot.merge;
}

std::size_t MergeTable::heap_bytes() const {
  std::size_t bytes = HeapBytes(slots_);
  // A node of the tree has its item, three pointers and a colour.
  constexpr std::size_t kNode = sizeof(*extra_symbols_.begin()) + 4 * sizeof(void*);
  for (const auto& [text, symbol] : extra_symbols_) bytes += kNode + HeapBytes(text);
  return bytes;
}

}  // namespace fovea::text
