// What a dump keeps in memory besides what streams into array files: maps for pictures and the
// terminal, and the reduced maps of --top-k and --pool for text files.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DATA_KEPT_MAPS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DATA_KEPT_MAPS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

/// What --top-k keeps: the largest weights of every row.
struct TopKMaps {
  std::size_t tokens = 0;          ///< Rows per head.
  std::size_t k = 0;               ///< Entries per row.
  std::vector<std::int32_t> keys;  ///< [layers, heads, tokens, k], largest weight first; -1: none
  std::vector<float> weights;      ///< Likewise; 0 where there is no key.
  std::vector<float> residuals;    ///< [layers, heads, tokens]: sum of the weights not kept.
};

/// What --pool keeps: of every block of tokens the largest and the mean weight.
struct PooledMaps {
  MapSet largest, mean;
};

/// What the outputs of the dump need is filled in; the rest stays empty.
struct KeptMaps {
  MapSet whole;
  MapSet picture;
  std::optional<MapSet> bidirectional;
  std::optional<MapSet> before;  ///< For pictures: with the heads that were then taken away.
  TopKMaps top_k;
  PooledMaps pooled;
  std::vector<HeadStatistics> statistics;

  const MapSet& ForPictures() const { return picture.tokens > 0 ? picture : whole; }
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DATA_KEPT_MAPS_H_
