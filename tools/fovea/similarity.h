// How alike vectors are: the cosine of the angle between them.
#ifndef FOVEA_TOOLS_FOVEA_SIMILARITY_H_
#define FOVEA_TOOLS_FOVEA_SIMILARITY_H_

#include <cstddef>
#include <span>
#include <string>

namespace fovea::tools {

/// From -1 to 1, computed in double precision; 0 if one of them is all zeros.
double CosineSimilarity(std::span<const float> a, std::span<const float> b);

/// What --similarity prints. vectors: [count, length]. Of two vectors one number; of more a line
/// for each vector, with the similarities to all of them.
std::string SimilarityText(std::span<const float> vectors, std::size_t length);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_SIMILARITY_H_
