#include "engine/text/piece_map.h"

#include <algorithm>
#include <functional>

namespace fovea::text {
namespace {

std::size_t SlotCount(std::size_t pieces) {
  std::size_t slots = 16;
  while (slots < pieces * 2) slots *= 2;
  return slots;
}

std::size_t Hash(std::string_view text) {
  return std::hash<std::string_view>{}(text);
}

}  // namespace

Status PieceMap::Build(const std::vector<std::string>& pieces) {
  slots_.assign(SlotCount(pieces.size()), -1);
  longest_ = 0;
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const std::string& piece = pieces[id];
    if (piece.empty()) continue;
    std::size_t slot = Hash(piece) & mask;
    while (slots_[slot] >= 0) {
      if (pieces[static_cast<std::size_t>(slots_[slot])] == piece) {
        return {StatusCode::kMalformed, "tokenizer.ggml.tokens[" + std::to_string(id) +
                                            "] repeats the text of token " +
                                            std::to_string(slots_[slot])};
      }
      slot = (slot + 1) & mask;
    }
    slots_[slot] = static_cast<std::int32_t>(id);
    longest_ = std::max(longest_, piece.size());
  }
  return Status::Ok();
}

std::int32_t PieceMap::Find(const std::vector<std::string>& pieces, std::string_view text) const {
  if (text.empty() || text.size() > longest_) return -1;
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = Hash(text) & mask;
  while (slots_[slot] >= 0) {
    if (pieces[static_cast<std::size_t>(slots_[slot])] == text) return slots_[slot];
    slot = (slot + 1) & mask;
  }
  return -1;
}

}  // namespace fovea::text
