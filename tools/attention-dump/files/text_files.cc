#include "tools/attention-dump/files/text_files.h"

#include <array>
#include <charconv>
#include <cmath>

#include "tools/attention-dump/half.h"
#include "tools/attention-dump/sidecar.h"

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

/// Appends numbers in the fewest digits that read back to the stored precision.
class NumberWriter {
 public:
  NumberWriter(bool half, std::string not_a_number)
      : half_(half), not_a_number_(std::move(not_a_number)) {}

  void Append(float value, std::string* out) const {
    // Five significant digits tell all halves apart; for floats to_chars finds the shortest.
    const float stored = half_ ? FloatFromHalf(HalfFromFloat(value)) : value;
    if (!std::isfinite(stored)) {
      *out += not_a_number_;
      return;
    }
    std::array<char, 32> digits{};
    char* const begin = digits.data();
    char* const limit = begin + digits.size();
    const auto result = half_ ? std::to_chars(begin, limit, stored, std::chars_format::general, 5)
                              : std::to_chars(begin, limit, stored);
    out->append(begin, result.ptr);
  }

 private:
  bool half_;
  std::string not_a_number_;
};

/// RFC 4180: quotes doubled; line breaks may stand in a quoted field but make the file hard to read
/// by line, and display pieces hold none.
std::string Quoted(const std::string& field) {
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
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
  const NumberWriter number(info.precision != "f32", "null");
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
  const NumberWriter number(info.precision != "f32", "nan");
  std::vector<std::string> pieces;
  for (const std::string& piece : info.tokens.pieces) pieces.push_back(Quoted(piece));
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
