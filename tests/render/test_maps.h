// Small hand-made maps and hostile strings for the tests of this module.
#ifndef FOVEA_TESTS_RENDER_TEST_MAPS_H_
#define FOVEA_TESTS_RENDER_TEST_MAPS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

/// Every visible cell of a row has the same weight, but key 0 has half of the row.
inline MapSet SinkMaps(std::size_t tokens, std::size_t layers, std::size_t heads,
                       bool causal = true) {
  MapSet maps;
  maps.tokens = tokens;
  maps.causal = causal;
  for (std::size_t i = 0; i < layers; ++i) maps.layers.push_back(i);
  for (std::size_t i = 0; i < heads; ++i) maps.heads.push_back(i);
  maps.windows.assign(layers, 0);
  maps.weights.assign(layers * heads * tokens * tokens, 0.0F);
  for (std::size_t map = 0; map < layers * heads; ++map) {
    for (std::size_t query = 0; query < tokens; ++query) {
      const std::size_t keys = causal ? query + 1 : tokens;
      float* row = maps.weights.data() + (map * tokens + query) * tokens;
      for (std::size_t key = 0; key < keys; ++key) {
        row[key] = keys == 1 ? 1.0F : (key == 0 ? 0.5F : 0.5F / static_cast<float>(keys - 1));
      }
    }
  }
  return maps;
}

/// Strings that try to break out of every format.
inline std::vector<std::string> HostilePieces() {
  return {"</script><script>alert(1)</script>",
          "]]>",
          "<!--",
          "\"'&amp;<s>",
          "{{maps}}",
          std::string("\0\x01\x02", 3),
          "\x1b[2J\x1b]0;owned\x07",
          "\xc2\x9b"
          "31m",
          "\xff\xfe\xc0\xaf",
          "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae",
          std::string(5000, 'x'),
          "",
          "日本語",
          "👩\xe2\x80\x8d👧",
          "Z\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85",
          "\r\n\t"};
}

inline DumpInfo InfoFor(const MapSet& maps, const std::vector<std::string>& pieces = {}) {
  DumpInfo info;
  info.model.name = "tiny";
  info.model.family = "llama";
  info.mask = "causal";
  info.half = true;
  for (std::size_t i = 0; i < maps.tokens; ++i) {
    info.tokens.ids.push_back(static_cast<std::int32_t>(i));
    info.tokens.pieces.push_back(pieces.empty() ? "t" + std::to_string(i)
                                                : pieces[i % pieces.size()]);
    info.tokens.special.push_back(false);
    info.tokens.generated.push_back(false);
  }
  info.layers = maps.layers;
  info.heads = maps.heads;
  info.kv_head = maps.heads;
  return info;
}

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_RENDER_TEST_MAPS_H_
