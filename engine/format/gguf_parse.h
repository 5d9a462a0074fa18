// The parser's parts: metadata, then tensor descriptions, each read twice. The first pass checks
// and keeps nothing, so a count in a hostile file cannot make us allocate; the second fills vectors
// of exactly the right size. Used inside format/ only.
#ifndef FOVEA_FORMAT_GGUF_PARSE_H_
#define FOVEA_FORMAT_GGUF_PARSE_H_

#include <string>
#include <string_view>

#include "engine/format/byte_reader.h"
#include "engine/format/gguf_contents.h"

namespace fovea::format {

/// The position in the file, and the errors that name it.
struct ParseState {
  ByteReader reader;
  std::string_view file;

  Status Error(StatusCode code, std::string_view message) const;
  /// The file ends inside `what`.
  Status Truncated(std::string_view what) const;
};

/// Reads `count` entries from the reader's position; leaves it after them.
Status ParseMetadata(ParseState& state, std::uint64_t count, GgufContents* contents);

/// Reads `count` tensor descriptions and finds their data. contents->alignment must be set.
Status ParseTensors(ParseState& state, std::uint64_t count, GgufContents* contents);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_GGUF_PARSE_H_
