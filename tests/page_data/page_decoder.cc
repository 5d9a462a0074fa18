#include "tests/page_data/page_decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "fovea/half.h"

namespace fovea::dump {
namespace {

std::string Inflate(std::string packed) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return "";
  std::string out;
  char piece[65536];
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof(piece);
    result = inflate(&stream, Z_NO_FLUSH);
    out.append(piece, sizeof(piece) - stream.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(stream.avail_in, 0U);
  inflateEnd(&stream);
  return out;
}

std::uint32_t LittleEndian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

/// Numbers of `width` bytes each from their byte planes.
std::vector<std::uint32_t> FromPlanes(const std::string& planes, std::size_t width) {
  const std::size_t count = planes.size() / width;
  std::vector<std::uint32_t> numbers(count, 0);
  for (std::size_t plane = 0; plane < width; ++plane) {
    for (std::size_t i = 0; i < count; ++i) {
      numbers[i] = numbers[i] << 8 | static_cast<unsigned char>(planes[plane * count + i]);
    }
  }
  return numbers;
}

/// Queries or keys: [tokens, dim].
std::vector<double> TraceArray(const DecodedPage& page, const std::string& values,
                               const std::string& steps, std::size_t bits, std::size_t dim) {
  std::vector<double> out;
  if (bits == 32) {
    for (const std::uint32_t number : FromPlanes(page.blocks.at(values), 4)) {
      out.push_back(static_cast<double>(std::bit_cast<float>(number)));
    }
    return out;
  }
  const std::vector<float> step = FloatsOf(page.blocks.at(steps));
  EXPECT_EQ(step.size(), dim);
  for (const std::uint32_t number : FromPlanes(page.blocks.at(values), 2)) {
    const auto code = static_cast<std::int16_t>(static_cast<std::uint16_t>(number));
    out.push_back(code * static_cast<double>(step[out.size() % dim]));
  }
  return out;
}

}  // namespace

std::string DecodeText(const std::string& text, std::size_t bytes) {
  std::string symbols;
  for (int c = 0x21; c <= 0x7E; ++c) {
    if (c != '&' && c != '<' && c != '\\') symbols.push_back(static_cast<char>(c));
  }
  EXPECT_EQ(symbols.size(), 91U);
  std::vector<bool> bits;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const std::size_t value = symbols.find(text[i]) + 91 * symbols.find(text[i + 1]);
    for (std::size_t bit = 0; bit < 13; ++bit) bits.push_back((value >> bit & 1) != 0);
  }
  std::string out(bytes, '\0');
  for (std::size_t i = 0; i < bytes * 8; ++i) {
    if (i < bits.size() && bits[i]) out[i / 8] = static_cast<char>(out[i / 8] | (1 << (i % 8)));
  }
  return out;
}

DecodedPage DecodeHtml(const std::string& html) {
  DecodedPage page;
  const auto text_of = [&](std::size_t tag_end) {
    return html.substr(tag_end + 1, html.find("</script>", tag_end) - tag_end - 1);
  };
  const std::size_t info = html.find("<script type=\"application/json\" id=\"info\">");
  EXPECT_NE(info, std::string::npos);
  page.info = nlohmann::json::parse(text_of(html.find('>', info)), nullptr, false);
  EXPECT_FALSE(page.info.is_discarded());
  const std::string begin = "<script type=\"text/plain\" id=\"b:";
  for (std::size_t at = html.find(begin); at != std::string::npos; at = html.find(begin, at + 1)) {
    const std::size_t name = at + begin.size();
    const std::size_t name_end = html.find('"', name);
    const std::size_t count = html.find("data-bytes=\"", name_end) + 12;
    const std::size_t bytes = std::stoul(html.substr(count));
    const std::string text = text_of(html.find('>', count));
    page.order.push_back(html.substr(name, name_end - name));
    page.blocks[page.order.back()] = Inflate(DecodeText(text, bytes));
  }
  return page;
}

DecodedPage DecodeContainer(const std::string& bytes) {
  DecodedPage page;
  EXPECT_EQ(bytes.substr(0, 8), "FOVEAPG1");
  const std::size_t length = LittleEndian(bytes.data() + 8);
  const nlohmann::json head = nlohmann::json::parse(bytes.substr(12, length), nullptr, false);
  EXPECT_FALSE(head.is_discarded());
  page.info = head["info"];
  for (const nlohmann::json& block : head["blocks"]) {
    page.order.push_back(block["name"]);
    page.blocks[block["name"]] =
        Inflate(bytes.substr(12 + length + block["offset"].get<std::size_t>(), block["length"]));
  }
  return page;
}

std::vector<float> FloatsOf(const std::string& bytes) {
  std::vector<float> numbers;
  for (std::size_t i = 0; i + 3 < bytes.size(); i += 4) {
    numbers.push_back(std::bit_cast<float>(LittleEndian(bytes.data() + i)));
  }
  return numbers;
}

double WeightOfCode(char code) {
  const int value = static_cast<unsigned char>(code);
  return value == 0 ? 0.0 : std::pow(10.0, (value - 255) / 254.0 * 6.0);
}

std::vector<double> MapOf(const DecodedPage& page, std::size_t document, std::size_t layer,
                          std::size_t head) {
  const nlohmann::json& doc = page.info["docs"][document];
  const std::size_t tokens = doc["tokens"].size();
  const std::size_t window = doc["windows"][layer];
  const bool causal = doc["causal"];
  const auto visible = [&](std::size_t q, std::size_t k) {
    return !causal || (k <= q && (window == 0 || q - k < window));
  };
  const std::string number = std::to_string(document);
  const std::string place = "/" + std::to_string(layer) + "/";
  const std::string head_place = place + std::to_string(head);
  std::vector<double> map(tokens * tokens, 0.0);
  const nlohmann::json& store = doc["store"];
  if (store["kind"] == "weights") {
    const bool half = store["precision"] == "f16";
    const auto numbers = FromPlanes(page.blocks.at(number + "/w" + head_place), half ? 2 : 4);
    std::size_t at = 0;
    for (std::size_t q = 0; q < tokens; ++q) {
      for (std::size_t k = 0; k < tokens; ++k) {
        if (!visible(q, k) || at >= numbers.size()) continue;
        const std::uint32_t bits = numbers[at++];
        const float value =
            half ? HalfToFloat(static_cast<std::uint16_t>(bits)) : std::bit_cast<float>(bits);
        map[q * tokens + k] = static_cast<double>(value);
      }
    }
    EXPECT_EQ(at, numbers.size());
    return map;
  }
  const std::string source = doc["share"].is_null() ? number : doc["share"].dump();
  const std::string kv_place = place + doc["kv_head"][head].dump();
  const std::size_t bits = store["bits"];
  const std::size_t dim = store["dim"];
  const double scale = store["scale"];
  const double cap = store["softcap"];
  const auto query =
      TraceArray(page, source + "/q" + head_place, source + "/qs" + head_place, bits, dim);
  const auto key = TraceArray(page, source + "/k" + kv_place, source + "/ks" + kv_place, bits, dim);
  const std::vector<float> normaliser = FloatsOf(page.blocks.at(number + "/z" + head_place));
  EXPECT_EQ(query.size(), tokens * dim);
  EXPECT_EQ(key.size(), tokens * dim);
  EXPECT_EQ(normaliser.size(), tokens);
  for (std::size_t q = 0; q < tokens; ++q) {
    for (std::size_t k = 0; k < tokens; ++k) {
      if (!visible(q, k)) continue;
      double score = 0.0;
      for (std::size_t c = 0; c < dim; ++c) score += query[q * dim + c] * key[k * dim + c];
      score *= scale;
      if (cap > 0.0) score = cap * std::tanh(score / cap);
      map[q * tokens + k] = std::exp(score - static_cast<double>(normaliser[q]));
    }
  }
  return map;
}

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace fovea::dump
