#include "tools/attention-dump/page/page_info.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tools/attention-dump/base/utf8.h"
#include "tools/attention-dump/render/color.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/render/telling_head.h"

namespace fovea::dump {
namespace {

using Json = nlohmann::ordered_json;

std::string Digits(double value, int digits = 6) {
  char text[40];
  const int length = std::snprintf(text, sizeof(text), "%.*g", digits, value);
  return {text, length > 0 ? static_cast<std::size_t>(length) : 0};
}

/// Few enough digits that a long list stays small; null if not finite.
Json Rounded(double value, double steps_per_one = 1e5) {
  return std::isfinite(value) ? Json(std::round(value * steps_per_one) / steps_per_one) : Json();
}

/// JSON that may stand inside a script element; invalid UTF-8 becomes U+FFFD.
std::string Embeddable(const Json& json) {
  const std::string plain = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  out.reserve(plain.size());
  for (const char c : plain) {  // such characters stand inside strings only
    switch (c) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

std::string Palette(std::string_view name) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const ColorMap colors(name);
  std::string out;
  for (int i = 0; i < 256; ++i) {
    const Rgb color = colors.At(i / 255.0);
    for (const unsigned channel : {color.red, color.green, color.blue}) {
      out.push_back(kHex[channel >> 4]);
      out.push_back(kHex[channel & 15]);
    }
  }
  return out;
}

std::string ModelName(const DumpInfo& info) {
  if (!info.model.name.empty()) return info.model.name;
  return info.model.family.empty() ? "Attention" : info.model.family;
}

std::string Summary(const DumpInfo& info) {
  std::string out = info.model.family;
  if (!info.model.weight_type.empty()) out += " · " + info.model.weight_type;
  if (info.model.parameters > 0) {
    out += " · " + Digits(std::round(static_cast<double>(info.model.parameters) / 1e5) / 10.0) +
           " M parameters";
  }
  return out + " · " + std::to_string(info.tokens.size()) + " tokens · " +
         std::to_string(info.layers.size()) + " layers × " + std::to_string(info.heads.size()) +
         " heads · " + info.mask;
}

std::string StoredAs(const DocumentInfo& document) {
  if (document.weights) return document.half ? "weights, f16" : "weights, f32";
  if (document.bits == 32) return "queries and keys, f32";
  return "queries and keys, " + Digits(document.bits_per_number, 3) + " bits per number";
}

/// The trust stamp as rows of a table.
Json Stamp(const std::vector<DocumentInfo>& documents) {
  const DumpInfo& info = *documents.front().text->info;
  const ModelInfo& model = info.model;
  Json rows = Json::array();
  const auto row = [&rows](std::string_view name, const std::string& value) {
    if (!value.empty()) rows.push_back({name, value});
  };
  row("model file hash", info.model_hash);
  row("weights", model.weight_type);
  row("KV cache", info.kv_type);
  row("kernels", info.isa + ", " + std::to_string(info.threads) + " threads");
  const std::string base =
      model.rope_base > 0.0F ? ", base " + Digits(static_cast<double>(model.rope_base)) : "";
  const bool scaled = model.rope_scaling != RopeScaling::kNone;
  row("positions", std::string(PositionKindName(model.position)) + base +
                       (scaled ? ", " + std::string(RopeScalingName(model.rope_scaling)) + " × " +
                                     Digits(static_cast<double>(model.rope_factor))
                               : ""));
  row("softcap", model.attention_softcap > 0.0F
                     ? Digits(static_cast<double>(model.attention_softcap))
                     : "none");
  row("mask", info.mask);
  double max_error = 0.0;
  for (const DocumentInfo& document : documents) {
    max_error = std::max(max_error, document.max_error);
  }
  const DocumentInfo& first = documents.front();
  row("stored as", StoredAs(first));
  // What is stored exactly is only checked, and a sample does; see trace_blocks.h.
  const bool sampled = !first.weights && first.bits == 32;
  row("largest error of a weight shown",
      Digits(max_error, 2) + (sampled ? " (of every 64th row)" : ""));
  row("largest row-sum error", Digits(info.row_sum_error) + " (before rounding)");
  row("weight on learned sinks", Digits(info.learned_sink_share));
  row("fovea", info.version);
  return rows;
}

Json Optional(const std::vector<double>& values, std::size_t index) {
  return index < values.size() ? Rounded(values[index], 1e7) : Json();
}

Json Statistics(const DocumentInfo& document) {
  Json all = Json::array();
  for (std::size_t i = 0; i < document.statistics.size(); ++i) {
    HeadStatistics head = document.statistics[i];
    // Measured on a repeated sequence; they come before all others in a head's type.
    if (i < document.text->duplicate.size()) head.duplicate_token = document.text->duplicate[i];
    if (i < document.text->induction.size()) head.induction = document.text->induction[i];
    all.push_back({{"type", HeadType(head)},
                   {"entropy", Rounded(head.entropy)},
                   {"distance", Rounded(head.mean_distance)},
                   {"confidence", Rounded(head.confidence)},
                   {"previous", Rounded(head.previous_token)},
                   {"self", Rounded(head.self)},
                   {"first", Rounded(head.first_token)},
                   {"duplicate", Optional(document.text->duplicate, i)},
                   {"induction", Optional(document.text->induction, i)},
                   {"effect", Optional(document.text->effects, i)}});
  }
  return all;
}

Json Candidates(const PageText& text) {
  if (text.recording->candidates.empty()) return nullptr;
  Json steps = Json::array();
  for (const dump::Candidates& step : text.recording->candidates) {
    Json next = Json::array();
    for (const dump::Candidates::Next& candidate : step.next) {
      const std::string piece = text.tokenizer != nullptr
                                    ? text.tokenizer->DisplayPiece(candidate.id)
                                    : "#" + std::to_string(candidate.id);
      next.push_back({piece, Rounded(candidate.probability)});
    }
    steps.push_back({{"position", step.position}, {"next", std::move(next)}});
  }
  return steps;
}

Json Losses(const Recording& recording, std::size_t tokens) {
  if (recording.loss.empty()) return nullptr;
  Json losses = Json::array({nullptr});  // nothing predicts the first token
  for (std::size_t i = 0; i + 1 < tokens && i < recording.loss.size(); ++i) {
    losses.push_back(Rounded(recording.loss[i], 1e4));
  }
  return losses;
}

Json Store(const DocumentInfo& document) {
  if (document.weights) {
    return {{"kind", "weights"},
            {"precision", document.half ? "f16" : "f32"},
            {"max_error", document.max_error}};
  }
  return {{"kind", "trace"},
          {"bits", document.bits},
          {"scale", document.scale},
          {"softcap", document.softcap},
          {"dim", document.text->recording->plan.head_dim},
          {"max_error", document.max_error}};
}

Json Document(const DocumentInfo& document) {
  const DumpInfo& info = *document.text->info;
  const Recording& recording = *document.text->recording;
  const DumpTokens& tokens = info.tokens;
  const std::vector<std::uint32_t> utf16 = Utf16Offsets(info.text);
  Json pieces = Json::array(), begin = Json::array(), end = Json::array();
  Json word = Json::array(), special = Json::array(), generated = Json::array();
  const auto offset = [&](const std::vector<std::size_t>& offsets, std::size_t i) {
    return i < offsets.size() ? utf16[std::min(offsets[i], utf16.size() - 1)] : 0;
  };
  const auto flag = [](const std::vector<bool>& flags, std::size_t i) {
    return i < flags.size() && flags[i] ? 1 : 0;
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    pieces.push_back(TokenPiece(info, i));
    begin.push_back(offset(tokens.text_begin, i));
    end.push_back(offset(tokens.text_end, i));
    word.push_back(i < tokens.word.size() ? tokens.word[i] : -1);
    special.push_back(flag(tokens.special, i));
    generated.push_back(flag(tokens.generated, i));
  }
  std::vector<std::size_t> kv_heads;
  for (const std::size_t head : recording.plan.heads) {
    kv_heads.push_back(recording.plan.KvHead(head));
  }
  std::vector<std::size_t> windows = recording.plan.windows;
  windows.resize(recording.plan.layers.size(), 0);
  // Maps without the mask come from the run with it, whose windows and predictions are not theirs.
  const bool own_run = document.causal == recording.plan.causal;
  if (!own_run) std::fill(windows.begin(), windows.end(), 0);
  Json pyramid = nullptr;
  if (document.pyramid_block > 0) {
    pyramid = {{"block", document.pyramid_block}, {"side", document.pyramid_side}};
  }
  return {{"label", document.label},
          {"text", info.text},
          {"tokens", std::move(pieces)},
          {"begin", std::move(begin)},
          {"end", std::move(end)},
          {"word", std::move(word)},
          {"special", std::move(special)},
          {"generated", std::move(generated)},
          {"layers", recording.plan.layers},
          {"heads", recording.plan.heads},
          {"kv_head", kv_heads},
          {"windows", windows},
          {"causal", document.causal},
          {"has_values", document.has_values},
          {"stats", Statistics(document)},
          {"loss", own_run ? Losses(recording, tokens.size()) : Json(nullptr)},
          {"candidates", own_run ? Candidates(*document.text) : Json(nullptr)},
          {"store", Store(document)},
          {"thumb", document.thumbnail_side},
          {"pyramid", std::move(pyramid)},
          {"share", document.shares_first ? Json(0) : Json(nullptr)}};
}

const char* PairKind(bool without_mask, const PagePair* pair) {
  if (without_mask) return "mask";
  if (pair == nullptr) return "";
  switch (pair->kind) {
    case PagePair::Kind::kAblation: return "ablation";
    case PagePair::Kind::kModels: return "models";
    case PagePair::Kind::kTexts: return "texts";
  }
  return "";
}

Json Pair(const std::vector<DocumentInfo>& documents, bool without_mask, const PagePair* pair,
          std::span<const PagePair::Head> changes) {
  if (documents.size() < 2) return nullptr;
  Json summary = Json::array();
  Json heads = nullptr;
  if (pair != nullptr) {
    for (const auto& [name, value] : pair->summary) summary.push_back({name, value});
  }
  if (!changes.empty()) heads = Json::array();
  for (const PagePair::Head& head : changes) {
    heads.push_back({{"js_mean", Rounded(head.js_mean, 1e7)},
                     {"js_worst", Rounded(head.js_worst, 1e7)},
                     {"top1", Rounded(head.top1)}});
  }
  return {{"kind", PairKind(without_mask, pair)},
          {"labels", {documents[0].label, documents[1].label}},
          {"summary", std::move(summary)},
          {"heads", std::move(heads)}};
}

}  // namespace

std::vector<std::uint32_t> Utf16Offsets(const std::string& text) {
  std::vector<std::uint32_t> offsets;
  offsets.reserve(text.size() + 1);
  std::uint32_t offset = 0;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = DecodeUtf8(text, i);
    offsets.insert(offsets.end(), c.bytes, offset);
    offset += c.value > 0xFFFF ? 2 : 1;
    i += c.bytes;
  }
  offsets.push_back(offset);
  return offsets;
}

std::string PageTitle(const DumpInfo& info) {
  return ModelName(info) + " – attention";
}

std::pair<std::size_t, std::size_t> FirstShown(const DocumentInfo& document,
                                               std::span<const PagePair::Head> changes) {
  const std::size_t heads = std::max<std::size_t>(document.text->recording->plan.heads.size(), 1);
  const auto most = std::max_element(
      changes.begin(), changes.end(),
      [](const PagePair::Head& a, const PagePair::Head& b) { return a.js_mean < b.js_mean; });
  const bool changed = most != changes.end() && most->js_mean > 0.0;
  const std::size_t first =
      changed ? static_cast<std::size_t>(most - changes.begin()) : MostTelling(document.statistics);
  return {first / heads, first % heads};
}

std::string PageInfoJson(const std::vector<DocumentInfo>& documents, bool without_mask,
                         const PagePair* pair, std::span<const PagePair::Head> changes) {
  const DumpInfo& info = *documents.front().text->info;
  Json docs = Json::array();
  for (const DocumentInfo& document : documents) docs.push_back(Document(document));
  const auto [layer, head] = FirstShown(documents.front(), changes);
  return Embeddable({{"version", 2},
                     {"title", ModelName(info)},
                     {"summary", Summary(info)},
                     {"stamp", Stamp(documents)},
                     {"palettes", {{"blues", Palette("blues")}, {"viridis", Palette("viridis")}}},
                     {"docs", std::move(docs)},
                     {"pair", Pair(documents, without_mask, pair, changes)},
                     {"first", {layer, head}}});
}

}  // namespace fovea::dump
