// Readers of the array formats, written from the formats' own descriptions and sharing nothing with
// the writers. They throw std::runtime_error at the first byte that breaks a rule.
#ifndef FOVEA_TESTS_TOOLS_READERS_H_
#define FOVEA_TESTS_TOOLS_READERS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fovea::dump {

struct ReadArray {
  std::string type;  ///< "<f2", "<f4", "<i4", "<U…"
  std::vector<std::uint64_t> shape;
  std::string bytes;

  std::vector<float> Floats() const;           ///< Of f2 or f4.
  std::vector<std::int32_t> Integers() const;  ///< Of i4.
  std::string Text() const;                    ///< Of a 0-d U, as UTF-8.
};

/// One .npy at `*at` in `bytes`; moves `*at` behind it.
ReadArray ReadNpy(const std::string& bytes, std::size_t* at);

/// Every member of an .npz, by its name without ".npy". Checks local headers against the directory,
/// check sums, and that members follow each other without gaps.
std::map<std::string, ReadArray> ReadNpz(const std::string& bytes);

struct ReadTensors {
  std::map<std::string, ReadArray> arrays;
  std::map<std::string, std::string> metadata;
};

/// Checks header padding, offsets without gaps, alignment and sizes.
ReadTensors ReadSafetensors(const std::string& bytes);

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_READERS_H_
