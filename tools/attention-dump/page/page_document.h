// The page document: everything that a page shows, ready to be written as one offline file or sent
// to a page that is open. One JSON object says what there is (texts, heads, figures); named blocks
// of packed bytes hold the numbers, so that a page unpacks only what it draws. Built by
// page/build_page.h, read by page/viewer/.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_DOCUMENT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_DOCUMENT_H_

#include <string>
#include <vector>

namespace fovea::dump {

/// One array of numbers. Names (d: document 0 or 1; l, h: indices into its layers and heads; kv:
/// number of a KV head):
///   d/thumbs  every head as side × side codes of the largest weight, head after head, full
///   squares;
///             a code stands for b × b cells, b the smallest power of two that makes them enough
///   d/w/l/h   weights of the visible cells, row after row, as byte planes of f16 or f32
///   d/q/l/h, d/k/l/kv    codes of queries and keys [tokens, dim]: a plane of high bytes of
///             int16, then one of low bytes; value = code × step. With store.bits 32: f32 byte
///             planes
///   d/qs/l/h, d/ks/l/kv  their steps, f32 [dim]; none with store.bits 32
///   d/z/l/h   f32 [tokens]: weight(q, k) = exp(cap(scale · Σ query · key) - z[q])
///   d/p/l/h   base of the pyramid: side × side codes of the largest weight of each block, row
///   after
///             row, then of the mean over its visible cells; a causal document holds only blocks
///             with key block <= query block
///   d/n/l/h   f32 [tokens]: norms of the value vectors behind the output projection
/// Byte planes put the most significant bytes of all numbers first. A code of a weight is one byte:
/// 0 is nothing, else weight = 10^((code - 255) / 254 · 6).
struct PageBlock {
  std::string name;
  std::string bytes;  ///< Raw deflate.
};

struct PageDocument {
  std::string title;      ///< Untrusted text.
  std::string info_json;  ///< Without '<', '>' and '&': it may stand inside a script element.
  std::vector<PageBlock> blocks;  ///< In the order in which the page will want them.
};

/// One self-contained HTML file that needs no network. Thumbnails stand before the viewer's script,
/// which paints as soon as it is read; all other blocks follow.
std::string RenderHtml(const PageDocument& document);

/// The same for a page that is open already: "FOVEAPG1", the length of the following JSON as 32
/// bits little-endian, {"info": …, "blocks": [{"name", "offset", "length"} …]}, then the bytes that
/// the offsets count in.
std::string RenderContainer(const PageDocument& document);

/// A page with the viewer and no document: what `serve` sends first. {{info}} is `info_json`.
std::string RenderShell(const std::string& title, const std::string& info_json);

/// The page that `serve` sends: the viewer, no document, and viewer/live.js, which fetches one from
/// the server for every text that is typed. `nonce`: letters and digits; the script bears it.
std::string RenderLivePage(const std::string& title, const std::string& nonce);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_DOCUMENT_H_
