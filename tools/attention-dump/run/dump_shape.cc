#include "tools/attention-dump/run/dump_shape.h"

namespace fovea::dump {

std::string QueryName(std::size_t layer) {
  return "q.L" + std::to_string(layer);
}
std::string KeyName(std::size_t layer) {
  return "k.L" + std::to_string(layer);
}
std::string LogSumExpName(std::size_t layer) {
  return "lse.L" + std::to_string(layer);
}

ArraySpec AttentionSpec(const DumpShape& shape) {
  return {"attention",
          shape.weight_type(),
          {shape.layers.size(), shape.heads.size(), shape.tokens, shape.tokens}};
}

namespace {

std::size_t Blocks(std::size_t tokens, std::size_t block) {
  return (tokens + block - 1) / block;
}

}  // namespace

std::vector<ArraySpec> AllSpecs(const DumpShape& shape) {
  const std::size_t layers = shape.layers.size();
  const std::size_t heads = shape.heads.size();
  std::vector<ArraySpec> specs;
  if (shape.maps) specs.push_back(AttentionSpec(shape));
  if (shape.scores) {
    specs.push_back({"scores", shape.weight_type(), AttentionSpec(shape).shape});
  }
  if (shape.top_k > 0) {
    const Shape kept = {layers, heads, shape.tokens, shape.top_k};
    specs.push_back({"topk_index", ElementType::kI32, kept});
    specs.push_back({"topk_weight", shape.weight_type(), kept});
    specs.push_back({"residual", ElementType::kF32, {layers, heads, shape.tokens}});
  }
  if (shape.pool > 0) {
    // Always exact: they are small, and means of long rows are below what a half can tell from 0.
    const std::size_t side = Blocks(shape.tokens, shape.pool);
    specs.push_back({"pooled_max", ElementType::kF32, {layers, heads, side, side}});
    specs.push_back({"pooled_mean", ElementType::kF32, {layers, heads, side, side}});
  }
  if (shape.logits) {
    specs.push_back({"logits", ElementType::kF32, {shape.tokens, shape.vocabulary}});
  }
  if (shape.trace) {
    const Shape query = {shape.heads.size(), shape.tokens, shape.head_dim};
    const Shape key = {shape.kv_heads, shape.tokens, shape.head_dim};
    for (const std::size_t layer : shape.layers) {
      specs.push_back({QueryName(layer), ElementType::kF32, query});
      specs.push_back({KeyName(layer), ElementType::kF32, key});
      specs.push_back(
          {LogSumExpName(layer), ElementType::kF32, {shape.heads.size(), shape.tokens}});
    }
  }
  specs.push_back({"tokens", ElementType::kI32, {shape.tokens}});
  if (shape.generates) specs.push_back({"greedy_tokens", ElementType::kI32, {shape.generated}});
  specs.push_back({"layers", ElementType::kI32, {shape.layers.size()}});
  specs.push_back({"heads", ElementType::kI32, {shape.heads.size()}});
  specs.push_back({"kv_head", ElementType::kI32, {shape.heads.size()}});
  return specs;
}

Shape FinalShape(const ArraySpec& planned, const DumpShape& shape, std::size_t tokens,
                 std::size_t generated) {
  const std::string& name = planned.name;
  Shape final_shape = planned.shape;
  if (name == "attention" || name == "scores") {
    final_shape[2] = final_shape[3] = tokens;
  } else if (name == "topk_index" || name == "topk_weight" || name == "residual") {
    final_shape[2] = tokens;
  } else if (name == "pooled_max" || name == "pooled_mean") {
    final_shape[2] = final_shape[3] = Blocks(tokens, shape.pool);
  } else if (name == "logits" || name == "tokens") {
    final_shape[0] = tokens;
  } else if (name == "greedy_tokens") {
    final_shape[0] = generated;
  } else if (name != "layers" && name != "heads" && name != "kv_head" && shape.trace) {
    final_shape[1] = tokens;  // q, k, lse
  }
  return final_shape;
}

}  // namespace fovea::dump
