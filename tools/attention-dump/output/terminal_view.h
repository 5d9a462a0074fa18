// What is printed when no file was asked for: a heat map of the most telling head (of two runs: of
// the one that changed most), and a table of heads.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TERMINAL_VIEW_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TERMINAL_VIEW_H_

#include <string>

#include <fovea/fovea.hpp>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/kept_maps.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {

/// Width and abilities of standard output, by the system and the usual variables (COLUMNS, TERM,
/// NO_COLOR, COLORTERM, LC_ALL, LC_CTYPE, LANG).
TerminalOptions DetectTerminal();

/// The text to print, from the maps for pictures and the statistics.
std::string TerminalView(const DumpInfo& info, const KeptMaps& kept,
                         const TerminalOptions& options);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TERMINAL_VIEW_H_
