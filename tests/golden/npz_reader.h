// Just enough of NumPy's .npz to read goldens: a zip of .npy files, stored or deflated.
#ifndef FOVEA_TESTS_GOLDEN_NPZ_READER_H_
#define FOVEA_TESTS_GOLDEN_NPZ_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fovea::testing {

struct NpyArray {
  std::string dtype;               ///< As written, e.g. "<f4".
  std::vector<std::size_t> shape;  ///< C order.
  std::vector<std::uint8_t> bytes;

  std::vector<float> Floats() const;       ///< <f4 and <f2
  std::vector<std::int32_t> Ints() const;  ///< <i4
  std::string Text() const { return {bytes.begin(), bytes.end()}; }
};

/// Arrays by name without ".npy"; empty if the file cannot be read (`error` says why).
std::map<std::string, NpyArray> ReadNpz(const std::string& path, std::string* error);

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_GOLDEN_NPZ_READER_H_
