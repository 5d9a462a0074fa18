#include "tools/attention-dump/dump_shape.h"

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

std::vector<ArraySpec> AllSpecs(const DumpShape& shape) {
  std::vector<ArraySpec> specs = {AttentionSpec(shape)};
  if (shape.scores) specs.push_back({"scores", shape.weight_type(), specs.front().shape});
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
