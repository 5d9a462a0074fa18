// A complete llama model of about 16 KB, as small as a real one can be: the victim of hostile
// tests.
#ifndef FOVEA_TESTS_HOSTILE_TINY_LLAMA_H_
#define FOVEA_TESTS_HOSTILE_TINY_LLAMA_H_

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/format/gguf_builder.h"

namespace fovea::testing {

inline constexpr std::uint32_t kTinyWidth = 32;
inline constexpr std::uint32_t kTinyHidden = 64;
inline constexpr std::uint32_t kTinyVocabulary = 48;

/// Small random floats.
inline Bytes RandomFloats(std::size_t count, std::mt19937_64& random) {
  ByteWriter out;
  for (std::size_t i = 0; i < count; ++i) {
    out.Put(static_cast<float>(random() % 2001) / 4000.0F - 0.25F);
  }
  return out.bytes();
}

/// Q8_0 blocks with a scale of 2^-8 and random quants.
inline Bytes RandomQ8(std::size_t elements, std::mt19937_64& random) {
  ByteWriter out;
  for (std::size_t block = 0; block < elements / 32; ++block) {
    out.Put(std::uint16_t{0x1C00});
    for (std::size_t i = 0; i < 32; ++i) {
      out.Put(static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127));
    }
  }
  return out.bytes();
}

/// The tensors of the model, without any key.
inline GgufBuilder TinyLlamaTensors(std::mt19937_64& random) {
  GgufBuilder builder;
  const auto norm = [&](const std::string& name) {
    builder.AddTensor(name, DataType::kF32, {kTinyWidth}, RandomFloats(kTinyWidth, random));
  };
  const auto matrix = [&](const std::string& name, std::uint32_t cols, std::uint32_t rows) {
    builder.AddTensor(name, DataType::kQ8_0, {cols, rows},
                      RandomQ8(std::size_t{cols} * rows, random));
  };
  matrix("token_embd.weight", kTinyWidth, kTinyVocabulary);
  norm("blk.0.attn_norm.weight");
  matrix("blk.0.attn_q.weight", kTinyWidth, kTinyWidth);
  matrix("blk.0.attn_k.weight", kTinyWidth, kTinyWidth / 2);
  matrix("blk.0.attn_v.weight", kTinyWidth, kTinyWidth / 2);
  matrix("blk.0.attn_output.weight", kTinyWidth, kTinyWidth);
  norm("blk.0.ffn_norm.weight");
  matrix("blk.0.ffn_gate.weight", kTinyWidth, kTinyHidden);
  matrix("blk.0.ffn_up.weight", kTinyWidth, kTinyHidden);
  matrix("blk.0.ffn_down.weight", kTinyHidden, kTinyWidth);
  norm("output_norm.weight");
  matrix("output.weight", kTinyWidth, kTinyVocabulary);
  return builder;
}

/// <unk>, <s>, </s>, the space and some letters, and a few longer pieces.
inline void AddTinyVocabulary(GgufBuilder* builder) {
  std::vector<std::string> tokens = {"<unk>", "<s>", "</s>", "\xE2\x96\x81"};
  std::vector<std::int32_t> types = {2, 3, 3};
  for (char c = 'a'; c <= 'z'; ++c) tokens.emplace_back(1, c);
  for (const char* piece : {"th", "the", "at", "cat", "on", "in", "er", "he", "is", "it", "an",
                            "nd", "ed", "re", "to", "of", "ing", "and"}) {
    tokens.emplace_back(piece);
  }
  types.resize(tokens.size(), 1);
  std::vector<float> scores;
  for (std::size_t i = 0; i < tokens.size(); ++i) scores.push_back(-static_cast<float>(i));
  builder->Add("tokenizer.ggml.model", "llama")
      .Add("tokenizer.ggml.tokens", tokens)
      .Add("tokenizer.ggml.scores", scores)
      .Add("tokenizer.ggml.token_type", types)
      .Add("tokenizer.ggml.bos_token_id", std::uint32_t{1})
      .Add("tokenizer.ggml.eos_token_id", std::uint32_t{2});
}

/// The integer keys of the family, right for the tensors above.
using IntegerKey = std::pair<std::string, std::uint32_t>;
inline std::vector<IntegerKey> TinyIntegerKeys() {
  return {{"llama.block_count", 1},
          {"llama.context_length", 64},
          {"llama.embedding_length", kTinyWidth},
          {"llama.feed_forward_length", kTinyHidden},
          {"llama.attention.head_count", 2},
          {"llama.attention.head_count_kv", 1},
          {"llama.attention.key_length", kTinyWidth / 2},
          {"llama.attention.value_length", kTinyWidth / 2},
          {"llama.rope.dimension_count", kTinyWidth / 2},
          {"llama.vocab_size", kTinyVocabulary}};
}

inline GgufBuilder TinyLlama() {
  std::mt19937_64 random(7);  // fixed: the same weights every time
  GgufBuilder builder = TinyLlamaTensors(random);
  builder.Add("general.architecture", "llama");
  for (const auto& [key, value] : TinyIntegerKeys()) builder.Add(key, value);
  builder.Add("llama.attention.layer_norm_rms_epsilon", 1e-5F)
      .Add("llama.rope.freq_base", 10000.0F);
  AddTinyVocabulary(&builder);
  return builder;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_HOSTILE_TINY_LLAMA_H_
