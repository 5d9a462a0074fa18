#include "tools/attention-dump/data/dump_info.h"

#include <utility>

namespace fovea::dump {

DumpInfo MakeDumpInfo(const Model& model, const Session& session, const Prompt& prompt,
                      const std::vector<std::int32_t>& generated, const DumpShape& shape) {
  DumpInfo info;
  TokenTable table = MakeTokenTable(model.tokenizer(), prompt, generated);
  info.model = model.info();
  info.model_hash = model.info().content_hash;
  info.text = std::move(table.text);
  info.tokens = std::move(table.tokens);
  info.layers = shape.layers;
  info.heads = shape.heads;
  bool windowed = false;
  for (const std::size_t head : shape.heads) info.kv_head.push_back(shape.KvHead(head));
  for (const std::size_t layer : shape.layers) {
    const std::vector<std::size_t>& windows = info.model.windows;
    info.windows.push_back(layer < windows.size() ? windows[layer] : 0);
    windowed = windowed || info.windows.back() != 0;
  }
  if (shape.causal) {
    info.mask = windowed ? "causal, sliding window" : "causal";
  } else {
    info.mask = windowed ? "bidirectional, symmetric window" : "bidirectional";
  }
  info.kv_type = DataTypeName(session.kv_type());
  info.arithmetic = session.arithmetic() == Arithmetic::kFast ? "fast" : "exact";
  info.isa = IsaName(session.isa());
  info.threads = session.threads();
  info.half = shape.half;
  info.version = FOVEA_VERSION;
  return info;
}

}  // namespace fovea::dump
