// The JSON object at the head of a page document: what there is, in words and figures.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_INFO_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_INFO_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/attention-dump/page/build_page.h"

namespace fovea::dump {

/// One of the page's documents, beyond what its text says.
struct DocumentInfo {
  const PageText* text = nullptr;
  std::string label;
  bool causal = true;
  bool shares_first = false;               ///< Takes queries and keys from document 0.
  std::vector<HeadStatistics> statistics;  ///< [layers, heads]
  std::size_t thumbnail_side = 0;
  std::size_t pyramid_block = 0, pyramid_side = 0;  ///< 0: none.
  bool has_values = false;
  // How the maps are stored.
  bool weights = false;
  bool half = true;
  int bits = 16;
  float scale = 1.0F, softcap = 0.0F;
  double max_error = 0.0;
  double bits_per_number = 0.0;
};

/// For PageDocument::title.
std::string PageTitle(const DumpInfo& info);

/// For PageDocument::info_json. `without_mask`: the second document is the first without its mask.
/// `pair` may be null. `changes`: of a pair's heads [layers, heads], or empty.
std::string PageInfoJson(const std::vector<DocumentInfo>& documents, bool without_mask,
                         const PagePair* pair, std::span<const PagePair::Head> changes);

/// Indices of the layer and the head that are shown first: of a pair the most changed one, else the
/// most telling one.
std::pair<std::size_t, std::size_t> FirstShown(const DocumentInfo& document,
                                               std::span<const PagePair::Head> changes);

/// For every byte offset of valid UTF-8, the offset in UTF-16 units of the character that it lies
/// in; one more entry for the end.
std::vector<std::uint32_t> Utf16Offsets(const std::string& text);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_PAGE_PAGE_INFO_H_
