#include "tools/attention-dump/data/dump_shape.h"

#include <utility>

namespace fovea::dump {

DumpShape MapShape(const ModelInfo& model, std::size_t tokens, std::vector<std::size_t> layers,
                   std::vector<std::size_t> heads) {
  DumpShape shape;
  shape.tokens = tokens;
  shape.layers = std::move(layers);
  shape.heads = std::move(heads);
  shape.model_heads = model.heads;
  shape.kv_heads = model.kv_heads;
  shape.head_dim = model.head_dim;
  shape.vocabulary = model.vocabulary;
  shape.causal = model.causal;
  shape.model_layers = model.layers;
  shape.hidden_size = model.hidden_size;
  return shape;
}

std::string QueryName(std::size_t layer) {
  return "q.L" + std::to_string(layer);
}
std::string KeyName(std::size_t layer) {
  return "k.L" + std::to_string(layer);
}
std::string LogSumExpName(std::size_t layer) {
  return "lse.L" + std::to_string(layer);
}

namespace {

std::size_t Blocks(std::size_t tokens, std::size_t block) {
  return (tokens + block - 1) / block;
}

constexpr Axis kFixed = Axis::kFixed;
constexpr Axis kTokens = Axis::kTokens;
constexpr Axis kBlocks = Axis::kBlocks;

/// [layer, head, query, key]
ArraySpec MapSpec(const std::string& name, const DumpShape& shape) {
  return {name,
          shape.weight_type(),
          {shape.layers.size(), shape.heads.size(), shape.tokens, shape.tokens},
          {kFixed, kFixed, kTokens, kTokens}};
}

void AppendTrace(const DumpShape& shape, std::size_t layer, std::vector<ArraySpec>* specs) {
  const std::size_t heads = shape.heads.size();
  specs->push_back({QueryName(layer),
                    ElementType::kF32,
                    {heads, shape.tokens, shape.head_dim},
                    {kFixed, kTokens, kFixed}});
  specs->push_back({KeyName(layer),
                    ElementType::kF32,
                    {shape.kv_heads, shape.tokens, shape.head_dim},
                    {kFixed, kTokens, kFixed}});
  specs->push_back(
      {LogSumExpName(layer), ElementType::kF32, {heads, shape.tokens}, {kFixed, kTokens}});
}

}  // namespace

ArraySpec AttentionSpec(const DumpShape& shape) {
  return MapSpec("attention", shape);
}

/// The arrays of an encoder–decoder, all of whose layers and heads are written.
std::vector<ArraySpec> StreamSpecs(const DumpShape& shape) {
  const std::size_t layers = shape.layers.size();
  const std::size_t heads = shape.heads.size();
  const ElementType type = shape.weight_type();
  std::vector<ArraySpec> specs = {
      {"encoder_attention",
       type,
       {shape.encoder_layers, shape.encoder_heads, shape.source_tokens, shape.source_tokens}},
      {"decoder_attention", type, {layers, heads, shape.tokens, shape.tokens}},
      {"cross_attention", type, {layers, heads, shape.tokens, shape.source_tokens}}};
  if (shape.logits) {
    specs.push_back({"logits", ElementType::kF32, {shape.tokens, shape.vocabulary}});
  }
  specs.push_back({"source_tokens", ElementType::kI32, {shape.source_tokens}});
  specs.push_back({"target_tokens", ElementType::kI32, {shape.tokens}});
  return specs;
}

std::vector<ArraySpec> AllSpecs(const DumpShape& shape) {
  if (shape.source_tokens > 0) return StreamSpecs(shape);
  const std::size_t layers = shape.layers.size();
  const std::size_t heads = shape.heads.size();
  std::vector<ArraySpec> specs;
  if (shape.maps) specs.push_back(AttentionSpec(shape));
  if (shape.scores) specs.push_back(MapSpec("scores", shape));
  if (shape.top_k > 0) {
    const Shape kept = {layers, heads, shape.tokens, shape.top_k};
    const std::vector<Axis> axes = {kFixed, kFixed, kTokens, kFixed};
    specs.push_back({"topk_index", ElementType::kI32, kept, axes});
    specs.push_back({"topk_weight", shape.weight_type(), kept, axes});
    specs.push_back(
        {"residual", ElementType::kF32, {layers, heads, shape.tokens}, {kFixed, kFixed, kTokens}});
  }
  if (shape.pool > 0) {
    // Always exact: they are small, and means of long rows are below what a half can tell from 0.
    const std::size_t side = Blocks(shape.tokens, shape.pool);
    for (const char* name : {"pooled_max", "pooled_mean"}) {
      specs.push_back({name,
                       ElementType::kF32,
                       {layers, heads, side, side},
                       {kFixed, kFixed, kBlocks, kBlocks}});
    }
  }
  if (shape.logits) {
    specs.push_back(
        {"logits", ElementType::kF32, {shape.tokens, shape.vocabulary}, {kTokens, kFixed}});
  }
  if (shape.embeddings) {
    specs.push_back(
        {"embeddings", ElementType::kF32, {shape.tokens, shape.hidden_size}, {kTokens, kFixed}});
  }
  if (shape.hidden) {
    specs.push_back({"hidden",
                     ElementType::kF32,
                     {shape.model_layers + 1, shape.tokens, shape.hidden_size},
                     {kFixed, kTokens, kFixed}});
  }
  if (shape.trace) {
    for (const std::size_t layer : shape.layers) AppendTrace(shape, layer, &specs);
  }
  specs.push_back({"tokens", ElementType::kI32, {shape.tokens}, {kTokens}});
  if (shape.generates) {
    specs.push_back({"greedy_tokens", ElementType::kI32, {shape.generated}, {Axis::kGenerated}});
  }
  specs.push_back({"layers", ElementType::kI32, {layers}});
  specs.push_back({"heads", ElementType::kI32, {heads}});
  specs.push_back({"kv_head", ElementType::kI32, {heads}});
  return specs;
}

Shape FinalShape(const ArraySpec& planned, const DumpShape& shape, std::size_t tokens,
                 std::size_t generated) {
  Shape final_shape = planned.shape;
  for (std::size_t i = 0; i < planned.axes.size(); ++i) {
    switch (planned.axes[i]) {
      case Axis::kFixed: break;
      case Axis::kTokens: final_shape[i] = tokens; break;
      case Axis::kBlocks: final_shape[i] = Blocks(tokens, shape.pool); break;
      case Axis::kGenerated: final_shape[i] = generated; break;
    }
  }
  return final_shape;
}

}  // namespace fovea::dump
