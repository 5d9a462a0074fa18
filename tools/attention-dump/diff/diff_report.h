// A comparison as text for the terminal, as .csv and as .json.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_REPORT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_REPORT_H_

#include <string>
#include <utility>
#include <vector>

#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/diff/map_comparison.h"
#include "tools/attention-dump/render/render.h"

namespace fovea::dump {

/// What was compared. `comparison.heads` are in the order in which they are shown.
struct DiffReport {
  bool two_models = true;  ///< Else two texts.
  DumpInfo a, b;
  Comparison comparison;
  std::size_t left_out = 0;  ///< Heads that are not among comparison.heads.
};

/// Lines of at most options.columns.
std::string DiffText(const DiffReport& report, const TerminalOptions& options);

/// The overall numbers as names and values, for a page.
std::vector<std::pair<std::string, std::string>> DiffSummary(const DiffReport& report);

/// layer,head,kv_head,js_mean,js_worst,worst_position,worst_token,top1
std::string DiffCsv(const DiffReport& report);

/// {"format": "fovea-diff", …, "overall": {…}, "heads": [{…} …], "trust_stamps": [{…}, {…}]}
std::string DiffJson(const DiffReport& report);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_DIFF_DIFF_REPORT_H_
