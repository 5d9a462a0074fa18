// A head's map in blocks of tokens, made while its rows stream by: the largest weight of every
// block and, for a pyramid, the mean over its visible cells, one byte each. Memory: the blocks and
// two rows of floats.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BLOCK_MAP_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BLOCK_MAP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fovea::dump {

/// One byte for a weight: 0 is nothing (below 10^-6), else 10^((code - 255) / 254 · 6).
std::uint8_t WeightCode(float weight);

class BlockMap {
 public:
  /// Blocks of `block` tokens per side. Or, with `most_side` > 0, as few tokens per block (a power
  /// of two) as keep the side within `most_side`, whatever the length turns out to be; `block`
  /// is then 1, `most_side` even, and there are no means.
  BlockMap(bool causal, std::size_t block, bool with_means, std::size_t most_side = 0);

  /// Rows come in order, all of them. Keys [begin, end) are visible; `weights` begins at key 0.
  void AddRow(const float* weights, std::size_t begin, std::size_t end);
  /// After the last row.
  void Finish();

  std::size_t block() const { return block_; }
  /// Blocks per side.
  std::size_t side() const { return largest_.size(); }

  /// Rows of codes one after the other; of a causal map only blocks with key <= query.
  std::string LargestCodes() const { return Join(largest_); }
  std::string MeanCodes() const { return Join(means_); }

  /// side × side codes of the largest weights, the hidden ones 0, after joining blocks until the
  /// side is at most `most_side`.
  std::vector<std::uint8_t> Square(std::size_t most_side, std::size_t* side) const;

 private:
  using Rows = std::vector<std::vector<std::uint8_t>>;

  static std::string Join(const Rows& rows);
  static Rows Halved(const Rows& rows);
  void Flush();

  bool causal_;
  std::size_t block_;
  bool with_means_;
  std::size_t most_side_;
  Rows largest_, means_;  // finished rows of blocks

  // The row of blocks that is being filled.
  struct Visible {
    std::size_t begin, end;
  };
  std::vector<Visible> pending_;
  std::vector<float> column_largest_, column_sum_;  // per key
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_BLOCK_MAP_H_
