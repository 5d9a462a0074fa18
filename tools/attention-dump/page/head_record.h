// What a page keeps of one head while its rows stream by: statistics, blocks for the thumbnail and
// the pyramid, and, for short texts, the weights themselves.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_HEAD_RECORD_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_HEAD_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/page/block_map.h"

namespace fovea::dump {

/// Thumbnails have at most this many cells per side.
inline constexpr std::size_t kMaxThumbnailSide = 64;

struct HeadRecordOptions {
  bool causal = true;
  std::size_t pyramid_block = 0;  ///< Tokens per block of the pyramid's base; 0: no pyramid.
  bool weights = false;           ///< Keep the visible weights …
  bool half = true;               ///< … as float16.
};

/// Takes the rows of one head, in order, from one thread at a time.
class HeadRecord {
 public:
  explicit HeadRecord(const HeadRecordOptions& options);

  void Add(const AttentionRows& rows);
  /// After the last row.
  void Finish();

  HeadStatistics Statistics() const;
  /// side × side codes.
  std::vector<std::uint8_t> Thumbnail(std::size_t* side) const;
  /// Null without one.
  const BlockMap* pyramid() const { return pyramid_ ? &*pyramid_ : nullptr; }
  /// Visible weights, row after row, as byte planes, the most significant bytes first.
  std::string WeightPlanes() const;
  /// Where weights are kept: the visible ones of a row, each at its key of `out`.
  void CopyRow(std::size_t row, std::span<float> out) const;

 private:
  HeadRecordOptions options_;
  HeadStatisticsObserver statistics_;
  std::optional<BlockMap> thumbnail_;  // none with a pyramid, which gives one too
  std::optional<BlockMap> pyramid_;
  std::vector<std::uint16_t> halves_;
  std::vector<float> floats_;
  struct Row {
    std::size_t begin = 0, end = 0;  // visible keys
    std::size_t first = 0;           // place of the first one's weight
  };
  std::vector<Row> rows_;  // where weights are kept
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_HEAD_RECORD_H_
