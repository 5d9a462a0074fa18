// A tiny valid llama file, to be made wrong in one place by a test.
#ifndef FOVEA_TESTS_MODEL_EDITABLE_LLAMA_H_
#define FOVEA_TESTS_MODEL_EDITABLE_LLAMA_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/format/gguf_builder.h"

namespace fovea::testing {

class EditableLlama {
 public:
  EditableLlama() {
    Set("general.architecture", "llama");
    Set("llama.block_count", std::uint32_t{2});
    Set("llama.embedding_length", std::uint32_t{16});
    Set("llama.context_length", std::uint32_t{32});
    Set("llama.feed_forward_length", std::uint32_t{24});
    Set("llama.attention.head_count", std::uint32_t{4});
    Set("llama.attention.head_count_kv", std::uint32_t{2});
    Set("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    Tensor("token_embd.weight", {16, 10});
    Tensor("output_norm.weight", {16});
    for (const char* layer : {"blk.0.", "blk.1."}) {
      const std::string prefix = layer;
      Tensor(prefix + "attn_norm.weight", {16});
      Tensor(prefix + "attn_q.weight", {16, 16});
      Tensor(prefix + "attn_k.weight", {16, 8});
      Tensor(prefix + "attn_v.weight", {16, 8});
      Tensor(prefix + "attn_output.weight", {16, 16});
      Tensor(prefix + "ffn_norm.weight", {16});
      Tensor(prefix + "ffn_gate.weight", {16, 24});
      Tensor(prefix + "ffn_up.weight", {16, 24});
      Tensor(prefix + "ffn_down.weight", {24, 16});
    }
  }

  /// Adds a key or replaces its value.
  template <typename T>
  EditableLlama& Set(const std::string& key, T value) {
    keys_[key] = [key, value](GgufBuilder& builder) { builder.Add(key, value); };
    return *this;
  }
  EditableLlama& Remove(const std::string& key) {
    keys_.erase(key);
    return *this;
  }
  /// Adds a tensor or replaces it; an empty shape removes it.
  EditableLlama& Tensor(const std::string& name, std::vector<std::uint64_t> shape,
                        DataType type = DataType::kF32, Bytes data = {}) {
    tensors_.erase(name);
    if (!shape.empty()) tensors_[name] = {std::move(shape), type, std::move(data)};
    return *this;
  }

  Bytes Build() const {
    GgufBuilder builder;
    for (const auto& [key, add] : keys_) add(builder);
    for (const auto& [name, tensor] : tensors_) {
      builder.AddTensor(name, tensor.type, tensor.shape, tensor.data);
    }
    return builder.Build();
  }

 private:
  struct Described {
    std::vector<std::uint64_t> shape;
    DataType type = DataType::kF32;
    Bytes data;
  };
  std::map<std::string, std::function<void(GgufBuilder&)>> keys_;
  std::map<std::string, Described> tensors_;
};

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_MODEL_EDITABLE_LLAMA_H_
