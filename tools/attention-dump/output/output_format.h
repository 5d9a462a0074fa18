// The file formats that a dump can be written in, chosen by the ending of the path.
//
// All that depends on the format reads one table, in output_formats.cc: what a file can hold, and
// the function that writes it. A new format takes two places: its writer, and a row of that table.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_OUTPUT_FORMAT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_OUTPUT_FORMAT_H_

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fovea/fovea.hpp>

#include "platform/atomic_file.h"
#include "tools/attention-dump/data/dump_data.h"
#include "tools/attention-dump/data/dump_shape.h"
#include "tools/attention-dump/data/kept_maps.h"
#include "tools/attention-dump/output/arrays/array_file.h"
#include "tools/attention-dump/page/page_document.h"

namespace fovea::dump {

/// What a file of a format can hold.
enum class OutputContent : std::uint8_t {
  kArrays,   ///< Named arrays, the maps among them; rows are written while the model runs.
  kMaps,     ///< The array of the maps alone; rows are written while the model runs.
  kText,     ///< Numbers as text, for small selections.
  kPicture,  ///< A map, or a grid of them.
  kPage,     ///< A page to explore.
};

/// What the subcommands with a table (heads, diff) write into a file of a format.
enum class TableFormat : std::uint8_t { kNone, kPage, kCsv, kJson };

/// What text, pictures and pages are made from.
struct Drawn {
  const KeptMaps* kept = nullptr;      ///< All that the plan of the recorders named.
  const PageDocument* page = nullptr;  ///< Only if a page is among the outputs.
};

struct OutputFormat {
  std::string_view ending;  ///< ".npz"
  OutputContent content;
  TableFormat table = TableFormat::kNone;
  /// Text that holds one table: not --top-k and --pool together.
  bool one_table = false;

  // The writer: `open` for kArrays and kMaps, `render` for all others.
  /// Preallocates the arrays of a dump of this shape. `header_estimate`: bytes of the sidecar,
  /// roughly.
  Result<std::unique_ptr<ArrayFile>> (*open)(platform::AtomicFile file, const DumpShape& shape,
                                             std::uint64_t header_estimate) = nullptr;
  /// The whole file; empty if there was not enough memory.
  std::string (*render)(const DumpInfo& info, const DumpShape& shape, const Drawn& drawn) = nullptr;
  /// About how many bytes kText will take.
  double (*estimate)(const DumpShape& shape) = nullptr;
};

struct OutputPath {
  std::string path;
  const OutputFormat* format = nullptr;  ///< A row of OutputFormats().
};

/// All formats.
std::span<const OutputFormat> OutputFormats();

/// By the ending of the path, in upper or lower case; null if no format has it.
const OutputFormat* FindOutputFormat(std::string_view path);

/// Whether one of the outputs can hold this.
inline bool AnyHolds(const std::vector<OutputPath>& outputs, OutputContent content) {
  return std::any_of(outputs.begin(), outputs.end(), [content](const OutputPath& output) {
    return output.format->content == content;
  });
}

/// ".npz .npy …": every ending that FindOutputFormat knows.
std::string OutputEndings();

/// The endings of the formats that can hold one of these, separated by ", ", before the last one by
/// `last_separator`: ".npz or .safetensors".
std::string EndingsOf(std::initializer_list<OutputContent> contents,
                      std::string_view last_separator = " or ");

/// ".html, .csv or .json": the endings of the formats that a table can be written in.
std::string TableEndings();

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_OUTPUT_FORMAT_H_
