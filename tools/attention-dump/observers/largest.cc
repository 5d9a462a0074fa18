#include "tools/attention-dump/observers/largest.h"

#include <algorithm>

#include "tools/attention-dump/observers/row_sum_check.h"

namespace fovea::dump {
namespace {

/// Strict order: what is kept rather. As the order of a heap it has the first to go at the front.
bool GoesBefore(const WeightedKey& a, const WeightedKey& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.key < b.key;
}

}  // namespace

double KeepLargest(const float* row, std::size_t begin, std::size_t end, std::size_t k,
                   std::vector<WeightedKey>* kept) {
  kept->clear();
  const std::size_t filled = std::min(end, begin + std::min(k, end - begin));
  for (std::size_t key = begin; key < filled; ++key) {
    kept->push_back({row[key], static_cast<std::int32_t>(key)});
  }
  if (kept->empty() || filled == end) {
    std::sort(kept->begin(), kept->end(), GoesBefore);
    return kept->empty() ? SumOf(row + begin, end - begin) : 0.0;
  }
  std::make_heap(kept->begin(), kept->end(), GoesBefore);
  // Nearly every weight of a long row is below the threshold: the loop that skips them is short.
  for (std::size_t key = filled; key < end; ++key) {
    if (!(row[key] > kept->front().weight)) continue;
    std::pop_heap(kept->begin(), kept->end(), GoesBefore);
    kept->back() = {row[key], static_cast<std::int32_t>(key)};
    std::push_heap(kept->begin(), kept->end(), GoesBefore);
  }
  std::sort_heap(kept->begin(), kept->end(), GoesBefore);
  double sum = 0.0;
  for (const WeightedKey& entry : *kept) sum += static_cast<double>(entry.weight);
  return std::max(0.0, SumOf(row + begin, end - begin) - sum);
}

}  // namespace fovea::dump
