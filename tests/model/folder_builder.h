// Writes tiny model folders for tests: config.json and safetensors files with weights that follow
// from their names.
#ifndef FOVEA_TESTS_MODEL_FOLDER_BUILDER_H_
#define FOVEA_TESTS_MODEL_FOLDER_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/tensor/dequantize.h"
#include "fovea/half.h"

namespace fovea::testing {

/// As PyTorch has it: the last dimension is the contiguous one.
struct FolderTensor {
  std::vector<std::uint64_t> shape;
  std::vector<float> values;
  std::string type = "F32";  ///< "F32", "F16" or "BF16"; others are written as zeros of 8 bytes.
};

/// Numbers from -0.5 to 0.5 that depend on the name alone.
inline std::vector<float> SomeWeights(std::string_view name, std::size_t count) {
  std::uint64_t state = 1469598103934665603U;
  for (const char c : name) state = (state ^ static_cast<unsigned char>(c)) * 1099511628211U;
  std::vector<float> values(count);
  for (float& value : values) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    value = static_cast<float>(state >> 40U) / static_cast<float>(1U << 24U) - 0.5F;
  }
  return values;
}

class FolderBuilder {
 public:
  std::string config;  ///< Text of config.json; empty: none.
  std::map<std::string, FolderTensor> tensors;

  /// Adds a tensor or replaces it.
  FolderBuilder& Add(const std::string& name, std::vector<std::uint64_t> shape,
                     const std::string& type = "F32") {
    std::size_t count = 1;
    for (const std::uint64_t size : shape) count *= static_cast<std::size_t>(size);
    tensors[name] = {std::move(shape), SomeWeights(name, count), type};
    return *this;
  }

  /// model.safetensors, or with more shards their files and the index.
  void Write(const std::string& folder, std::size_t shards = 1) const {
    if (!config.empty()) std::ofstream(folder + "/config.json") << config;
    std::vector<std::map<std::string, FolderTensor>> parts(shards);
    std::string index;
    std::size_t next = 0;
    for (const auto& [name, tensor] : tensors) {
      const std::size_t part = next++ % shards;
      parts[part][name] = tensor;
      index += (index.empty() ? "\"" : ", \"") + name + "\": \"" + ShardName(part, shards) + "\"";
    }
    for (std::size_t part = 0; part < shards; ++part) {
      WriteFile(folder + "/" + ShardName(part, shards), parts[part]);
    }
    if (shards == 1) return;
    std::ofstream(folder + "/model.safetensors.index.json")
        << "{\"weight_map\": {" << index << "}}";
  }

  static std::string ShardName(std::size_t part, std::size_t shards) {
    if (shards == 1) return "model.safetensors";
    return "model-" + std::to_string(part + 1) + "-of-" + std::to_string(shards) + ".safetensors";
  }

 private:
  static std::string DataOf(const FolderTensor& tensor) {
    std::string data;
    const auto append = [&data](auto value) {
      char bytes[sizeof(value)];
      std::memcpy(bytes, &value, sizeof(value));
      data.append(bytes, sizeof(value));
    };
    for (const float value : tensor.values) {
      if (tensor.type == "F32") {
        append(value);
      } else if (tensor.type == "F16") {
        append(FloatToHalf(value));
      } else if (tensor.type == "BF16") {
        append(FloatToBFloat16(value));
      } else {
        append(std::uint64_t{0});
      }
    }
    return data;
  }

  static void WriteFile(const std::string& path,
                        const std::map<std::string, FolderTensor>& tensors) {
    std::string header;
    std::string data;
    for (const auto& [name, tensor] : tensors) {
      const std::string bytes = DataOf(tensor);
      std::string shape;
      for (const std::uint64_t size : tensor.shape) {
        shape += (shape.empty() ? "" : ",") + std::to_string(size);
      }
      header += (header.empty() ? "{\"" : ",\"") + name + R"(":{"dtype":")" + tensor.type +
                R"(","shape":[)" + shape + R"(],"data_offsets":[)" + std::to_string(data.size()) +
                "," + std::to_string(data.size() + bytes.size()) + "]}";
      data += bytes;
    }
    header += header.empty() ? "{}" : "}";
    const std::uint64_t size = header.size();
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&size), sizeof(size));
    file << header << data;
  }
};

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_MODEL_FOLDER_BUILDER_H_
