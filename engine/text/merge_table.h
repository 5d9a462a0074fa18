// The merges of byte-level BPE: which two neighbouring symbols may become one, and how early. A
// symbol is a token id, or a number beyond the vocabulary for text that only merges mention.
#ifndef FOVEA_TEXT_MERGE_TABLE_H_
#define FOVEA_TEXT_MERGE_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/piece_map.h"
#include "fovea/status.h"

namespace fovea::text {

class MergeTable {
 public:
  /// merges: "left right", best first; of equal pairs the first counts. kMalformed names a merge
  /// that is not two parts.
  Status Build(const std::vector<std::string>& merges, const std::vector<std::string>& pieces,
               const PieceMap& map);

  /// The symbol of a text that is no piece, or -1 if no merge mentions it either.
  std::int32_t SymbolOf(const std::string& text) const;

  struct Merge {
    std::int32_t rank = -1;
    std::int32_t symbol = -1;  ///< What the two become.
  };
  /// Null if the two do not merge.
  const Merge* Find(std::int32_t left, std::int32_t right) const;

  std::size_t heap_bytes() const;

 private:
  struct Slot {
    std::int32_t left = -1;  // -1: free
    std::int32_t right = -1;
    Merge merge;
  };
  std::size_t SlotOf(std::int32_t left, std::int32_t right) const;
  std::int32_t Intern(std::string_view text, const std::vector<std::string>& pieces,
                      const PieceMap& map);

  std::vector<Slot> slots_;  // a power of two of them, at most three quarters taken
  // Sorted, not hashed: a file's author chooses these texts.
  std::map<std::string, std::int32_t, std::less<>> extra_symbols_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_MERGE_TABLE_H_
