// The offline page: a template with the style, the script, one JSON object and one block of packed
// weights per head. page/decode.js unpacks what is packed here.
#include <zlib.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>

#include "tools/attention-dump/half.h"
#include "tools/attention-dump/render/base64.h"
#include "tools/attention-dump/render/color.h"
#include "tools/attention-dump/render/embedded_files.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/panel.h"
#include "tools/attention-dump/render/render.h"
#include "tools/attention-dump/render/telling_head.h"

namespace fovea::dump {
namespace {

// Raw deflate (no zlib header): what the browser's DecompressionStream calls "deflate-raw". One
// stream object serves all heads.
class Deflater {
 public:
  Deflater() {
    // The fastest level: weights are noisy, and better levels save 2 % for three times the time.
    ready_ =
        deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK;
  }
  ~Deflater() {
    if (ready_) deflateEnd(&stream_);
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::optional<std::string> Pack(std::string& bytes) {
    if (!ready_ || deflateReset(&stream_) != Z_OK) return std::nullopt;
    std::string out(deflateBound(&stream_, static_cast<uLong>(bytes.size())), '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(bytes.data());
    stream_.avail_in = static_cast<uInt>(bytes.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return std::nullopt;
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

// The visible weights, row after row, as byte planes: the most significant byte of every weight,
// then the next, … . Neighbouring weights differ least in their exponents, so planes compress
// better.
std::string Planes(const MapSet& maps, std::size_t layer, std::size_t head, bool half) {
  std::vector<std::uint32_t> bits;
  const float* map = maps.Map(layer, head);
  for (std::size_t query = 0; query < maps.tokens; ++query) {
    for (std::size_t key = 0; key < maps.tokens; ++key) {
      if (!maps.Visible(layer, query, key)) continue;
      const float weight = map[query * maps.tokens + key];
      bits.push_back(half ? HalfFromFloat(weight) : std::bit_cast<std::uint32_t>(weight));
    }
  }
  std::string planes;
  planes.reserve(bits.size() * (half ? 2 : 4));
  for (int shift = half ? 8 : 24; shift >= 0; shift -= 8) {
    for (const std::uint32_t value : bits) {
      planes.push_back(static_cast<char>((value >> shift) & 0xFF));
    }
  }
  return planes;
}

// Appends one script element per head; false if memory ran out.
bool AppendMaps(const MapSet& maps, std::string_view prefix, bool half, std::string& out) {
  Deflater deflater;
  for (std::size_t layer = 0; layer < maps.layers.size(); ++layer) {
    for (std::size_t head = 0; head < maps.heads.size(); ++head) {
      std::string planes = Planes(maps, layer, head, half);
      const std::optional<std::string> packed = deflater.Pack(planes);
      if (!packed) return false;
      out += "<script type=\"application/octet-stream\" id=\"" + std::string(prefix) + "-" +
             std::to_string(layer) + "-" + std::to_string(head) + "\">";
      AppendBase64(out, *packed);
      out += "</script>\n";
    }
  }
  return true;
}

std::string Digits(double value) {
  char text[40];
  const int length = std::snprintf(text, sizeof(text), "%.6g", value);
  return {text, length > 0 ? static_cast<std::size_t>(length) : 0};
}

template <typename Items, typename ToJson>
std::string JsonArray(const Items& items, ToJson to_json) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ",";
    out += to_json(item);
  }
  return out + "]";
}

std::string JsonNumbers(const std::vector<std::size_t>& numbers) {
  return JsonArray(numbers, [](std::size_t number) { return std::to_string(number); });
}

std::string JsonFlags(const std::vector<bool>& flags) {
  return JsonArray(flags, [](bool flag) { return flag ? "1" : "0"; });
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
  return "\"" + out + "\"";
}

std::string ModelName(const DumpInfo& info) {
  if (!info.model.name.empty()) return info.model.name;
  return info.model.family.empty() ? "Attention" : info.model.family;
}

std::string Summary(const DumpInfo& info, const MapSet& maps) {
  std::string out = info.model.family;
  if (!info.model.weight_type.empty()) out += " · " + info.model.weight_type;
  if (info.model.parameters > 0) {
    out += " · " + Digits(std::round(static_cast<double>(info.model.parameters) / 1e5) / 10.0) +
           " M parameters";
  }
  return out + " · " + std::to_string(maps.tokens) + " tokens · " +
         std::to_string(maps.layers.size()) + " layers × " + std::to_string(maps.heads.size()) +
         " heads · " + info.mask;
}

// The trust stamp as rows of a table.
std::string StampJson(const DumpInfo& info) {
  const ModelInfo& model = info.model;
  std::string out = "[";
  const auto row = [&out](std::string_view name, const std::string& value) {
    if (value.empty()) return;
    out += (out.size() > 1 ? ",[" : "[") + JsonString(name) + "," + JsonString(value) + "]";
  };
  const auto number = [](double value) { return Digits(value); };
  row("model file hash", info.model_hash);
  row("weights", model.weight_type);
  row("KV cache", info.kv_type);
  row("kernels", info.isa + ", " + std::to_string(info.threads) + " threads");
  row("positions",
      model.position +
          (model.rope_base > 0.0F ? ", base " + number(static_cast<double>(model.rope_base)) : "") +
          (model.rope_scaling.empty() || model.rope_scaling == "none"
               ? ""
               : ", " + model.rope_scaling + " × " +
                     number(static_cast<double>(model.rope_factor))));
  row("softcap", model.attention_softcap > 0.0F
                     ? number(static_cast<double>(model.attention_softcap))
                     : "none");
  row("mask", info.mask);
  row("stored as", info.precision);
  row("largest row-sum error", number(info.row_sum_error) + " (before rounding)");
  row("weight on learned sinks", number(info.learned_sink_share));
  row("fovea", info.version);
  return out + "]";
}

std::string InfoJson(const DumpInfo& info, const MapSet& maps, bool half, bool bidirectional) {
  std::vector<std::string> pieces;
  std::vector<bool> special(maps.tokens, false);
  std::vector<bool> generated(maps.tokens, false);
  for (std::size_t i = 0; i < maps.tokens; ++i) {
    pieces.push_back(TokenPiece(info, i));
    if (i < info.tokens.special.size()) special[i] = info.tokens.special[i];
    if (i < info.tokens.generated.size()) generated[i] = info.tokens.generated[i];
  }
  std::vector<std::size_t> windows = maps.windows;
  windows.resize(maps.layers.size(), 0);
  std::vector<std::size_t> kv_heads;  // of maps.heads, which may be fewer than info.heads
  for (const std::size_t head : maps.heads) {
    std::size_t kv_head = head;
    for (std::size_t i = 0; i < info.heads.size() && i < info.kv_head.size(); ++i) {
      if (info.heads[i] == head) kv_head = info.kv_head[i];
    }
    kv_heads.push_back(kv_head);
  }
  const std::size_t first = MostTelling(StatisticsOf(maps, info));
  const std::size_t heads = std::max<std::size_t>(maps.heads.size(), 1);
  return "{\"name\":" + JsonString(ModelName(info)) +
         ",\"first\":" + JsonNumbers({first / heads, first % heads}) +
         ",\"summary\":" + JsonString(Summary(info, maps)) + ",\"stamp\":" + StampJson(info) +
         ",\"precision\":" + (half ? "\"f16\"" : "\"f32\"") +
         ",\"causal\":" + (maps.causal ? "true" : "false") +
         ",\"bidirectional\":" + (bidirectional ? "true" : "false") +
         ",\"layers\":" + JsonNumbers(maps.layers) + ",\"heads\":" + JsonNumbers(maps.heads) +
         ",\"kv_head\":" + JsonNumbers(kv_heads) + ",\"windows\":" + JsonNumbers(windows) +
         ",\"tokens\":" + JsonArray(pieces, [](const auto& piece) { return JsonString(piece); }) +
         ",\"special\":" + JsonFlags(special) + ",\"generated\":" + JsonFlags(generated) +
         ",\"palettes\":{\"blues\":" + Palette("blues") + ",\"viridis\":" + Palette("viridis") +
         "}}";
}

std::string Script() {
  std::string out;
  for (const std::string_view file : {"page/decode.js", "page/colors.js", "page/map_view.js",
                                      "page/grid_view.js", "page/text_view.js", "page/main.js"}) {
    out += EmbeddedFile(file);
  }
  return out;
}

}  // namespace

std::string RenderPage(const DumpInfo& info, const MapSet& maps, const MapSet* bidirectional) {
  const bool half = info.precision != "f32";
  // What the template's places hold; text that was put in is never searched for places again.
  std::string_view rest = EmbeddedFile("page/page.html");
  std::string out;
  for (;;) {
    const std::size_t open = rest.find("{{");
    const std::size_t close = rest.find("}}", open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out += rest.substr(0, open);
    const std::string_view place = rest.substr(open + 2, close - open - 2);
    rest.remove_prefix(close + 2);
    if (place == "title") {
      out += EscapeXml(ModelName(info) + " – attention");
    } else if (place == "style") {
      out += EmbeddedFile("page/page.css");
    } else if (place == "info") {
      out += InfoJson(info, maps, half, bidirectional != nullptr);
    } else if (place == "script") {
      out += Script();
    } else if (place == "maps") {
      if (!AppendMaps(maps, "map", half, out)) return "";
      if (bidirectional != nullptr && !AppendMaps(*bidirectional, "full", half, out)) return "";
    }
  }
  out += rest;
  return out;
}

}  // namespace fovea::dump
