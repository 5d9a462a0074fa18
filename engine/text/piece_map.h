// Finds the id of a piece by its bytes: a hash table over a vocabulary's pieces that stores ids
// only.
#ifndef FOVEA_TEXT_PIECE_MAP_H_
#define FOVEA_TEXT_PIECE_MAP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/heap_bytes.h"
#include "fovea/status.h"

namespace fovea::text {

class PieceMap {
 public:
  /// Empty pieces are left out: no text matches them. kMalformed names both ids of a duplicate.
  Status Build(const std::vector<std::string>& pieces);

  /// The id, or -1. `pieces` must be the vector that was given to Build.
  std::int32_t Find(const std::vector<std::string>& pieces, std::string_view text) const;

  std::size_t longest() const { return longest_; }  ///< Bytes of the longest piece.
  std::size_t heap_bytes() const { return HeapBytes(slots_); }

 private:
  std::vector<std::int32_t> slots_;  // -1 is free; a power of two of them, at most half taken
  std::size_t longest_ = 0;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PIECE_MAP_H_
