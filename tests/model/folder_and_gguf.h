// The same model twice: as a folder with Hugging Face's names and layouts, and as a GGUF file with
// those of llama.cpp's converter. What differs is written here once more, independently of the
// engine's tables.
#ifndef FOVEA_TESTS_MODEL_FOLDER_AND_GGUF_H_
#define FOVEA_TESTS_MODEL_FOLDER_AND_GGUF_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tests/format/gguf_builder.h"
#include "tests/model/folder_builder.h"

namespace fovea::testing {

using Floats = std::vector<float>;

inline constexpr std::size_t kTinyHidden = 32;
inline constexpr std::size_t kTinyHeads = 4;
inline constexpr std::size_t kTinyKvHeads = 2;
inline constexpr std::size_t kTinyHeadDim = 8;
inline constexpr std::size_t kTinyFfn = 48;
inline constexpr std::size_t kTinyVocabulary = 120;
inline constexpr std::size_t kTinyContext = 64;
inline constexpr std::size_t kTinyLayers = 3;

/// [heads][2][half][columns] to [heads][half][2][columns].
inline Floats Interleaved(const Floats& from, std::size_t heads, std::size_t columns) {
  const std::size_t dim = from.size() / columns / heads;
  Floats to(from.size());
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t side = 0; side < 2; ++side) {
      for (std::size_t i = 0; i < dim / 2; ++i) {
        for (std::size_t c = 0; c < columns; ++c) {
          to[(head * dim + 2 * i + side) * columns + c] =
              from[(head * dim + side * dim / 2 + i) * columns + c];
        }
      }
    }
  }
  return to;
}

/// [rows][columns] to [columns][rows].
inline Floats Transposed(const Floats& from, std::size_t columns) {
  const std::size_t rows = from.size() / columns;
  Floats to(from.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  }
  return to;
}

/// [heads][3][…] to [3][heads][…].
inline Floats Separated(const Floats& from, std::size_t heads) {
  const std::size_t block = from.size() / (3 * heads);
  Floats to(from.size());
  for (std::size_t head = 0; head < heads; ++head) {
    for (std::size_t part = 0; part < 3; ++part) {
      std::memcpy(to.data() + (part * heads + head) * block,
                  from.data() + (head * 3 + part) * block, block * sizeof(float));
    }
  }
  return to;
}

inline Floats PlusOne(Floats values) {
  for (float& value : values) value += 1.0F;
  return values;
}

class FolderAndGguf {
 public:
  explicit FolderAndGguf(std::string name) : name_(std::move(name)) {
    gguf.Add("general.architecture", name_);
    Key("block_count", std::uint32_t{kTinyLayers});
    Key("embedding_length", std::uint32_t{kTinyHidden});
    Key("context_length", std::uint32_t{kTinyContext});
    Key("feed_forward_length", std::uint32_t{kTinyFfn});
    Key("attention.head_count", std::uint32_t{kTinyHeads});
  }

  FolderBuilder folder;
  GgufBuilder gguf;

  template <typename T>
  FolderAndGguf& Key(const std::string& key, T value) {
    gguf.Add(name_ + "." + key, value);
    return *this;
  }

  /// A tensor of the folder alone.
  const Floats& Source(const std::string& from, std::vector<std::uint64_t> shape) {
    folder.Add(from, std::move(shape));
    return folder.tensors[from].values;
  }
  /// A tensor of the GGUF file alone. The shape is PyTorch's.
  void Target(const std::string& to, std::vector<std::uint64_t> shape, const Floats& values) {
    Bytes data(values.size() * sizeof(float));
    std::memcpy(data.data(), values.data(), data.size());
    gguf.AddTensor(to, DataType::kF32, {shape.rbegin(), shape.rend()}, std::move(data));
  }
  /// The same in both.
  void Both(const std::string& from, const std::string& to, std::vector<std::uint64_t> shape) {
    Target(to, shape, Source(from, shape));
  }
  void BothWithBias(const std::string& from, const std::string& to,
                    std::vector<std::uint64_t> shape) {
    Both(from + ".weight", to + ".weight", shape);
    Both(from + ".bias", to + ".bias", {shape.front()});
  }

 private:
  std::string name_;
};

/// "<before><layer><after>"
inline std::string In(const std::string& before, std::size_t layer, const std::string& after) {
  return before + std::to_string(layer) + "." + after;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_MODEL_FOLDER_AND_GGUF_H_
