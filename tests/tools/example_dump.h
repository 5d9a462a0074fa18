// A small dump that the writers' tests share: two layers (4, and 6 with a window of 2), head 3,
// tokens <s>, "a", " b".
#ifndef FOVEA_TESTS_TOOLS_EXAMPLE_DUMP_H_
#define FOVEA_TESTS_TOOLS_EXAMPLE_DUMP_H_

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

inline DumpInfo ExampleInfo() {
  DumpInfo info;
  info.model.path = "m.gguf";
  info.model.family = "llama";
  info.model.weight_type = "Q8_0";
  info.model_hash = "0123456789abcdef";
  info.text = "a b";
  info.tokens.ids = {1, 7, 8};
  info.tokens.pieces = {"<s>", "a", ",\"b"};
  info.tokens.text_begin = {0, 0, 1};
  info.tokens.text_end = {0, 1, 3};
  info.tokens.word = {-1, 0, 1};
  info.tokens.special = {true, false, false};
  info.tokens.generated = {false, false, true};
  info.layers = {4, 6};
  info.heads = {3};
  info.kv_head = {1};
  info.mask = "causal, sliding window";
  info.windows = {0, 2};
  info.kv_type = "F32";
  info.isa = "scalar";
  info.half = true;
  info.version = "0";
  return info;
}

inline MapSet ExampleMaps() {
  MapSet maps;
  maps.tokens = 3;
  maps.layers = {4, 6};
  maps.heads = {3};
  maps.windows = {0, 2};
  maps.weights = {1, 0, 0, 0.3F, 0.7F, 0, 0.1F, 0.2F, 0.7F,  // layer 4
                  1, 0, 0, 0.3F, 0.7F, 0, 0,    0.1F, 0.9F};
  return maps;
}

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_EXAMPLE_DUMP_H_
