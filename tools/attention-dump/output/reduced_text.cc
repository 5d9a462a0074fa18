#include "tools/attention-dump/output/reduced_text.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/output/text_fields.h"

namespace fovea::dump {
namespace {

constexpr double kBytesPerKeptWeight = 45.0;  // a line of the .csv, the larger of the two
constexpr double kBytesPerBlock = 45.0;

std::string Numbers(std::initializer_list<std::size_t> numbers) {
  std::string text;
  for (const std::size_t number : numbers) text += std::to_string(number) + ',';
  return text;
}

/// "[a,\nb]" of `count` elements.
void AppendList(std::size_t count, const char* separator,
                const std::function<void(std::size_t)>& append, std::string* out) {
  *out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) *out += separator;
    append(i);
  }
  *out += ']';
}

/// Walks [layer][head] and lets `append` write what stands there.
void AppendByHead(const DumpInfo& info, const std::function<void(std::size_t map)>& append,
                  std::string* out) {
  const std::size_t heads = info.heads.size();
  AppendList(
      info.layers.size(), ",\n",
      [&](std::size_t layer) {
        AppendList(
            heads, ",\n", [&](std::size_t head) { append(layer * heads + head); }, out);
      },
      out);
}

void AppendTopKRow(const TopKMaps& top_k, std::size_t row, const NumberWriter& number,
                   std::string* json) {
  const NumberWriter exact(false, "null");
  const std::int32_t* keys = top_k.keys.data() + row * top_k.k;
  const auto count = static_cast<std::size_t>(std::find(keys, keys + top_k.k, -1) - keys);
  *json += "{\"keys\": ";
  AppendList(
      count, ",", [&](std::size_t i) { *json += std::to_string(keys[i]); }, json);
  *json += ", \"weights\": ";
  AppendList(
      count, ",", [&](std::size_t i) { number.Append(top_k.weights[row * top_k.k + i], json); },
      json);
  *json += ", \"residual\": ";
  exact.Append(top_k.residuals[row], json);
  *json += '}';
}

void AppendPooled(const DumpInfo& info, const MapSet& maps, std::string* json) {
  const NumberWriter exact(false, "null");
  const std::size_t side = maps.side();
  AppendByHead(
      info,
      [&](std::size_t map) {
        AppendList(
            side, ",\n",
            [&](std::size_t row) {
              const float* weights = maps.weights.data() + (map * side + row) * side;
              AppendList(
                  side, ",", [&](std::size_t key) { exact.Append(weights[key], json); }, json);
            },
            json);
      },
      json);
}

}  // namespace

double EstimateReducedTextBytes(const DumpShape& shape) {
  const double heads =
      static_cast<double>(shape.layers.size()) * static_cast<double>(shape.heads.size());
  const double tokens = static_cast<double>(shape.tokens);
  double bytes = heads * tokens * static_cast<double>(shape.top_k) * kBytesPerKeptWeight;
  if (shape.pool > 0) {
    const double side = tokens / static_cast<double>(shape.pool) + 1.0;
    bytes += heads * side * side / 2.0 * kBytesPerBlock;
  }
  return bytes;
}

std::string RenderReducedJson(const DumpInfo& info, const TopKMaps* top_k,
                              const PooledMaps* pooled) {
  const NumberWriter number(info.half, "null");
  const std::size_t tokens = info.tokens.size();
  std::string json = "{\"metadata\": " + SidecarJson(info);
  if (top_k != nullptr) {
    json += ",\n\"top_k\": ";
    AppendByHead(
        info,
        [&](std::size_t map) {
          AppendList(
              tokens, ",\n",
              [&](std::size_t query) {
                AppendTopKRow(*top_k, map * top_k->tokens + query, number, &json);
              },
              &json);
        },
        &json);
  }
  if (pooled != nullptr) {
    json += ",\n\"pooled_max\": ";
    AppendPooled(info, pooled->largest, &json);
    json += ",\n\"pooled_mean\": ";
    AppendPooled(info, pooled->mean, &json);
  }
  return json + "}\n";
}

std::string RenderTopKCsv(const DumpInfo& info, const TopKMaps& top_k) {
  const NumberWriter number(info.half, "nan");
  const NumberWriter exact(false, "nan");
  std::vector<std::string> pieces;
  for (const std::string& piece : info.tokens.pieces) pieces.push_back(QuotedField(piece));
  std::string csv =
      "# " + SidecarJson(info) + "\nlayer,head,query,key,query_token,key_token,weight,residual\n";
  for (std::size_t map = 0; map < info.layers.size() * info.heads.size(); ++map) {
    const std::size_t layer = info.layers[map / info.heads.size()];
    const std::size_t head = info.heads[map % info.heads.size()];
    for (std::size_t query = 0; query < pieces.size(); ++query) {
      const std::size_t row = map * top_k.tokens + query;
      for (std::size_t i = row * top_k.k; i < (row + 1) * top_k.k; ++i) {
        if (top_k.keys[i] < 0) break;
        const auto key = static_cast<std::size_t>(top_k.keys[i]);
        csv += Numbers({layer, head, query, key}) + pieces[query] + ',' + pieces[key] + ',';
        number.Append(top_k.weights[i], &csv);
        csv += ',';
        exact.Append(top_k.residuals[row], &csv);
        csv += '\n';
      }
    }
  }
  return csv;
}

std::string RenderPooledCsv(const DumpInfo& info, const PooledMaps& pooled) {
  const NumberWriter exact(false, "nan");
  const MapSet& maps = pooled.largest;
  const auto end = [&](std::size_t block) {
    return std::min((block + 1) * maps.block, maps.tokens);
  };
  std::string csv =
      "# " + SidecarJson(info) + "\nlayer,head,query_begin,query_end,key_begin,key_end,max,mean\n";
  for (std::size_t layer = 0; layer < info.layers.size(); ++layer) {
    for (std::size_t head = 0; head < info.heads.size(); ++head) {
      for (std::size_t query = 0; query < maps.side(); ++query) {
        for (std::size_t key = 0; key < maps.side(); ++key) {
          if (!maps.Visible(layer, query, key)) continue;
          csv += Numbers({info.layers[layer], info.heads[head], query * maps.block, end(query),
                          key * maps.block, end(key)});
          exact.Append(maps.Map(layer, head)[query * maps.side() + key], &csv);
          csv += ',';
          exact.Append(pooled.mean.Map(layer, head)[query * maps.side() + key], &csv);
          csv += '\n';
        }
      }
    }
  }
  return csv;
}

}  // namespace fovea::dump
