#include "tools/fovea/bench_report.h"

#include <array>
#include <cstdio>

namespace fovea::tools {
namespace {

using Json = nlohmann::ordered_json;

template <typename... Values>
std::string Format(const char* format, Values... values) {
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

double Mebibytes(std::uint64_t bytes) {
  return static_cast<double>(bytes) / 1048576.0;
}

/// Four significant digits: rates are not known better than that, and the file stays readable.
double Rounded(double value) {
  return std::stod(Format("%.4g", value));
}

std::string Line(const std::string& what, const Spread& rate, const std::string& note) {
  return Format("%-24s %12.1f %11.1f - %-11.1f %9.3f", what.c_str(), rate.median, rate.least,
                rate.most, 1e3 / rate.median) +
         (note.empty() ? "" : "  " + note) + "\n";
}

void AddTextLines(const char* name, const BenchRow& row, const std::string& note,
                  std::string& text) {
  const std::string what = name + (" " + std::to_string(row.tokens));
  text += Line(what, row.rate, note);
  if (row.observed_rate) {
    text += Line(what + ", all maps", *row.observed_rate,
                 Format("%.3f x the time", row.observed_ratio));
  }
}

Json Rates(const std::vector<BenchRow>& rows) {
  Json json = Json::object();
  for (const BenchRow& row : rows) json[std::to_string(row.tokens)] = Rounded(row.rate.median);
  return json;
}

/// Texts of a row's length per second.
double TextsPerSecond(const BenchRow& row) {
  return row.rate.median / static_cast<double>(row.tokens);
}

/// "observed_prefill" and the like.
void AddObserved(const char* name, const std::vector<BenchRow>& rows, Json& json) {
  for (const BenchRow& row : rows) {
    if (!row.observed_rate) continue;
    json[name][std::to_string(row.tokens)] = {
        {"tokens_per_second", Rounded(row.observed_rate->median)},
        {"time_ratio", Rounded(row.observed_ratio)}};
  }
}

Json Ranges(const std::vector<BenchRow>& rows) {
  Json json = Json::object();
  for (const BenchRow& row : rows) {
    json[std::to_string(row.tokens)] = {Rounded(row.rate.least), Rounded(row.rate.most)};
  }
  return json;
}

}  // namespace

std::string BenchTable(const BenchSetting& setting, const BenchResults& results) {
  std::string text = setting.model + ": " + setting.weight_type +
                     Format(", %.1f M parameters, %.1f MiB, loaded in %.2f s\n",
                            static_cast<double>(setting.parameters) / 1e6,
                            Mebibytes(setting.file_bytes), setting.load_seconds);
  text += Format("%zu thread%s, ", setting.threads, setting.threads == 1 ? "" : "s") + setting.isa +
          ", " + setting.arithmetic + " products, KV cache " + setting.kv +
          Format("; median of %zu after one to warm up\n\n", setting.repeat);
  text += Format("%-24s %12s %25s %9s\n", "", "tokens/s", "range          ", "ms/token");
  for (const BenchRow& row : results.encode) {
    AddTextLines("encode", row, Format("%.1f texts/s", TextsPerSecond(row)), text);
  }
  for (const BenchRow& row : results.prefill) AddTextLines("prefill", row, "", text);
  for (const BenchRow& row : results.decode) {
    text += Line(Format("decode %zu at %zu", setting.decode, row.tokens), row.rate, "");
  }
  text += Format("\nmemory: KV cache and scratch %.1f MiB",
                 Mebibytes(static_cast<std::uint64_t>(setting.session_bytes)));
  if (setting.peak_resident_bytes != 0) {
    text += Format(", whole process at its peak %.1f MiB", Mebibytes(setting.peak_resident_bytes));
  }
  return text + "\n";
}

Json BenchJson(const BenchSetting& setting, const BenchResults& results) {
  Json json = {
      {"prefill", Rates(results.prefill)},
      {"decode", Rates(results.decode)},
      {"spread", {{"prefill", Ranges(results.prefill)}, {"decode", Ranges(results.decode)}}},
      {"model", setting.model},
      {"weight_type", setting.weight_type},
      {"parameters", setting.parameters},
      {"file_bytes", setting.file_bytes},
      {"threads", setting.threads},
      {"isa", setting.isa},
      {"arithmetic", setting.arithmetic},
      {"kv", setting.kv},
      {"decode_tokens", setting.decode},
      {"repeat", setting.repeat},
      {"load_seconds", Rounded(setting.load_seconds)},
      {"session_bytes", setting.session_bytes}};
  if (setting.peak_resident_bytes != 0) json["peak_resident_bytes"] = setting.peak_resident_bytes;
  AddObserved("observed_prefill", results.prefill, json);
  if (results.encode.empty()) return json;
  json["encode"] = Rates(results.encode);
  for (const BenchRow& row : results.encode) {
    json["texts_per_second"][std::to_string(row.tokens)] = Rounded(TextsPerSecond(row));
  }
  json["spread"]["encode"] = Ranges(results.encode);
  AddObserved("observed_encode", results.encode, json);
  return json;
}

}  // namespace fovea::tools
