#include "tools/attention-dump/page/page_document.h"

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "tools/attention-dump/page/text_code.h"
#include "tools/attention-dump/page/viewer_files.h"
#include "tools/attention-dump/render/label_text.h"

namespace fovea::dump {
namespace {

bool IsThumbnails(const PageBlock& block) {
  return block.name.ends_with("/thumbs");
}

void AppendBlock(const PageBlock& block, std::string* out) {
  *out += "<script type=\"text/plain\" id=\"b:" + block.name + "\" data-bytes=\"" +
          std::to_string(block.bytes.size()) + "\">";
  AppendTextCode(block.bytes, out);
  *out += "</script>\n";
}

/// What differs between a page that is a file and one that talks to its server.
struct Host {
  std::string_view connect = "'none'";  ///< Of the page's security policy.
  std::string nonce = {};               ///< Attribute of the script.
  std::string_view style = {};          ///< After the viewer's.
  std::string_view script = {};
};

void AppendPlace(std::string_view place, const PageDocument& document, const Host& host,
                 std::string* out) {
  if (place == "title") {
    *out += EscapeXml(document.title);
  } else if (place == "connect") {
    *out += host.connect;
  } else if (place == "nonce") {
    *out += host.nonce;
  } else if (place == "style") {
    *out += ViewerStyle();
    *out += host.style;
  } else if (place == "info") {
    *out += document.info_json;
  } else if (place == "script") {
    *out += ViewerScript();
    *out += host.script;
  } else if (place == "thumbs" || place == "blocks") {
    for (const PageBlock& block : document.blocks) {
      if (IsThumbnails(block) == (place == "thumbs")) AppendBlock(block, out);
    }
  }
}

std::string Render(const PageDocument& document, const Host& host) {
  std::size_t length = ViewerScript().size() + document.info_json.size() + (1U << 16U);
  for (const PageBlock& block : document.blocks) {
    length += TextCodeLength(block.bytes.size()) + block.name.size() + 80;
  }
  std::string out;
  out.reserve(length);
  // What the template's places hold; text that was put in is never searched for places again.
  std::string_view rest = ViewerFile("page.html");
  for (;;) {
    const std::size_t open = rest.find("{{");
    const std::size_t close = rest.find("}}", open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) break;
    out += rest.substr(0, open);
    AppendPlace(rest.substr(open + 2, close - open - 2), document, host, &out);
    rest.remove_prefix(close + 2);
  }
  out += rest;
  return out;
}

}  // namespace

std::string RenderHtml(const PageDocument& document) {
  return Render(document, Host());
}

std::string RenderShell(const std::string& title, const std::string& info_json) {
  return RenderHtml({.title = title, .info_json = info_json, .blocks = {}});
}

std::string RenderLivePage(const std::string& title, const std::string& nonce) {
  return Render({.title = title, .info_json = "null", .blocks = {}},
                {.connect = "'self'",
                 .nonce = " nonce=\"" + nonce + "\"",
                 .style = ViewerFile("live.css"),
                 .script = ViewerFile("live.js")});
}

std::string RenderContainer(const PageDocument& document) {
  std::string json = "{\"info\":" + document.info_json + ",\"blocks\":[";
  std::size_t offset = 0;
  for (const PageBlock& block : document.blocks) {  // names are digits, letters and slashes
    if (&block != document.blocks.data()) json += ",";
    json += "{\"name\":\"" + block.name + "\",\"offset\":" + std::to_string(offset) +
            ",\"length\":" + std::to_string(block.bytes.size()) + "}";
    offset += block.bytes.size();
  }
  json += "]}";
  std::string out = "FOVEAPG1";
  const auto length = static_cast<std::uint32_t>(json.size());
  for (const std::uint32_t shift : {0U, 8U, 16U, 24U}) {
    out.push_back(static_cast<char>((length >> shift) & 0xFFU));
  }
  out.reserve(out.size() + json.size() + offset);
  out += json;
  for (const PageBlock& block : document.blocks) out += block.bytes;
  return out;
}

}  // namespace fovea::dump
