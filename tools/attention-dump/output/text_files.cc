#include "tools/attention-dump/output/text_files.h"

#include <vector>

#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/output/text_fields.h"

namespace fovea::dump {
namespace {

constexpr double kJsonBytesPerVisibleCell = 11.0;
constexpr double kJsonBytesPerMaskedCell = 2.0;
constexpr double kCsvBytesPerVisibleCell = 34.0;

double VisibleCells(std::size_t layers, std::size_t heads, std::size_t tokens) {
  const double maps = static_cast<double>(layers) * static_cast<double>(heads);
  const double length = static_cast<double>(tokens);
  return maps * length * (length + 1.0) / 2.0;
}

}  // namespace

double EstimateJsonBytes(std::size_t layers, std::size_t heads, std::size_t tokens) {
  const double visible = VisibleCells(layers, heads, tokens);
  return visible * (kJsonBytesPerVisibleCell + kJsonBytesPerMaskedCell);
}

double EstimateCsvBytes(std::size_t layers, std::size_t heads, std::size_t tokens) {
  return VisibleCells(layers, heads, tokens) * kCsvBytesPerVisibleCell;
}

std::string RenderJson(const DumpInfo& info, const MapSet& maps) {
  const NumberWriter number(info.half, "null");
  std::string json = "{\"metadata\": " + SidecarJson(info) + ",\n\"attention\": [";
  for (std::size_t layer = 0; layer < maps.layers.size(); ++layer) {
    json += layer == 0 ? "[" : ",\n[";
    for (std::size_t head = 0; head < maps.heads.size(); ++head) {
      json += head == 0 ? "[" : ",\n[";
      const float* weight = maps.Map(layer, head);
      for (std::size_t query = 0; query < maps.tokens; ++query) {
        json += query == 0 ? "[" : ",\n[";
        for (std::size_t key = 0; key < maps.tokens; ++key) {
          if (key > 0) json += ',';
          number.Append(*weight++, &json);
        }
        json += ']';
      }
      json += ']';
    }
    json += ']';
  }
  return json + "]}\n";
}

std::string RenderCsv(const DumpInfo& info, const MapSet& maps) {
  const NumberWriter number(info.half, "nan");
  std::vector<std::string> pieces;
  for (const std::string& piece : info.tokens.pieces) pieces.push_back(QuotedField(piece));
  std::string csv =
      "# " + SidecarJson(info) + "\nlayer,head,query,key,query_token,key_token,weight\n";
  for (std::size_t layer = 0; layer < maps.layers.size(); ++layer) {
    for (std::size_t head = 0; head < maps.heads.size(); ++head) {
      const std::string which =
          std::to_string(maps.layers[layer]) + ',' + std::to_string(maps.heads[head]) + ',';
      const float* map = maps.Map(layer, head);
      for (std::size_t query = 0; query < maps.tokens; ++query) {
        for (std::size_t key = 0; key < maps.tokens; ++key) {
          if (!maps.Visible(layer, query, key)) continue;
          csv += which + std::to_string(query) + ',' + std::to_string(key) + ',' + pieces[query] +
                 ',' + pieces[key] + ',';
          number.Append(map[query * maps.tokens + key], &csv);
          csv += '\n';
        }
      }
    }
  }
  return csv;
}

}  // namespace fovea::dump
