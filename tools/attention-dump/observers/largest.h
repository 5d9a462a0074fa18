// The k largest weights of one row, and how much of the row is not among them.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_LARGEST_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_LARGEST_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fovea::dump {

struct WeightedKey {
  float weight = 0.0F;
  std::int32_t key = 0;
};

/// Puts the min(k, end - begin) largest of row[begin … end - 1] into `kept`, the largest first and
/// the lower key first among equals, and returns the sum of the others: exactly 0 if there are
/// none. The storage of `kept` is used again.
double KeepLargest(const float* row, std::size_t begin, std::size_t end, std::size_t k,
                   std::vector<WeightedKey>* kept);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_LARGEST_H_
