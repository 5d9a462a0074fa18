// Attention maps as things to look at: pictures (PNG, SVG) and terminal text. Every function
// returns the bytes of the whole file or text: this module opens no file, prints nothing, keeps no
// state and knows no model, only DumpInfo and MapSet. All strings in them (token pieces, names, the
// text) are untrusted: they are escaped for the format and never reach a terminal as control
// characters.
//
// Row = query, column = key, origin top-left. A masked cell is drawn as masked (hatched), never as
// zero. Colours have a fixed scale: 0 to 1, or 0.0001 to 1 on a log scale.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_RENDER_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_RENDER_H_

#include <cstddef>
#include <string>
#include <vector>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"

namespace fovea::dump {

struct PictureOptions {
  std::string title;  ///< Above the picture; may be empty.
  bool log_scale = false;
  std::string colormap = "blues";  ///< "blues" or "viridis"; anything else is "blues".
  /// Hide the first key (it often takes most of the weight) and renormalise the rest of each row.
  /// Not of maps that are pooled already.
  bool drop_first = false;
};

/// Cells per side that a picture of so many layers and heads can show; longer texts are pooled (the
/// largest weight of each block of tokens).
std::size_t MaxPictureCells(std::size_t layers, std::size_t heads);

/// One head with token labels if the set has one head, else a layer × head grid. Values are written
/// into the cells up to 20 tokens. Empty if the picture could not be encoded (out of memory).
std::string RenderPng(const DumpInfo& info, const MapSet& maps, const PictureOptions& options);
std::string RenderSvg(const DumpInfo& info, const MapSet& maps, const PictureOptions& options);

/// Two sets with the same layers, heads and tokens, side by side on one scale: one head as two
/// large maps, several heads as a grid of pairs. If the shapes differ, `left` is drawn alone.
std::string RenderComparisonPng(const DumpInfo& info, const MapSet& left, const MapSet& right,
                                const std::string& left_title, const std::string& right_title,
                                const PictureOptions& options);
std::string RenderComparisonSvg(const DumpInfo& info, const MapSet& left, const MapSet& right,
                                const std::string& left_title, const std::string& right_title,
                                const PictureOptions& options);

struct TerminalOptions {
  std::size_t columns = 80;  ///< No line is wider; at least 20 are assumed.
  bool color = true;         ///< False: an ASCII ramp and no escape sequences.
  bool unicode = true;       ///< False: ASCII only.
  bool true_color = false;   ///< 24-bit colours instead of the 256 that every colour terminal has.
};

/// Cells per side that a terminal can show of a text of any length.
std::size_t TerminalCells(const TerminalOptions& options);

/// A heat map of one head with token labels, every line ending in '\n'. Long texts are pooled (the
/// largest weight of each block of tokens) to fit the columns.
std::string RenderTerminal(const DumpInfo& info, const MapSet& maps, std::size_t layer_index,
                           std::size_t head_index, const TerminalOptions& options);

/// The heads that show something nameable first (induction, previous token, duplicate token, sink,
/// current token), then the rest by confidence; at most `max_rows` of them.
std::string RenderHeadTable(const std::vector<HeadStatistics>& heads,
                            const TerminalOptions& options, std::size_t max_rows);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_RENDER_H_
