#include "engine/format/gguf_contents.h"

#include <algorithm>
#include <limits>

#include "engine/format/file_kind.h"
#include "engine/format/gguf_parse.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::format {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint32_t kFirstVersion = 2;
constexpr std::uint32_t kLastVersion = 3;

Status CheckMagic(ParseState& state) {
  const std::string_view text(reinterpret_cast<const char*>(state.reader.here()),
                              std::min(state.reader.size(), kMagic.size()));
  if (text == kMagic)
    return state.reader.Skip(1, kMagic.size()) ? Status() : state.Truncated("magic");
  if (!text.empty() && kMagic.starts_with(text)) return state.Truncated("the magic number");
  const std::span<const std::byte> bytes(state.reader.here(), state.reader.size());
  return state.Error(StatusCode::kMalformed,
                     Concat({"not a GGUF file; it looks like ", GuessFileKind(bytes)}));
}

Status CheckVersion(ParseState& state, std::uint32_t* version) {
  if (!state.reader.Read(version)) return state.Truncated("the version");
  if (*version >= kFirstVersion && *version <= kLastVersion) return {};
  // A small number in the other byte order has empty low bytes.
  if (*version != 0 && (*version & 0xFFFFU) == 0) {
    return state.Error(StatusCode::kUnsupported,
                       "big-endian GGUF is not supported; convert the file to little-endian");
  }
  const std::string_view age = *version < kFirstVersion ? "older" : "newer";
  return state.Error(StatusCode::kUnsupported,
                     Concat({"GGUF version ", Number(std::uint64_t{*version}), " is ", age,
                             " than the supported versions 2 and 3"}));
}

}  // namespace

Status ParseState::Error(StatusCode code, std::string_view message) const {
  return {code, Concat({file, ": ", message})};
}

Status ParseState::Truncated(std::string_view what) const {
  const std::string size = Number(std::uint64_t{reader.size()});
  const std::string position = Number(std::uint64_t{reader.position()});
  return Error(StatusCode::kMalformed,
               Concat({"truncated or malformed: ", what, " at byte ", position,
                       " does not fit into the file's ", size, " bytes"}));
}

Status ParseGguf(std::span<const std::byte> bytes, std::string_view file, GgufContents* contents) {
  ParseState state{ByteReader(bytes), file};
  FOVEA_RETURN_IF_ERROR(CheckMagic(state));
  FOVEA_RETURN_IF_ERROR(CheckVersion(state, &contents->version));
  std::uint64_t tensor_count = 0;
  std::uint64_t entry_count = 0;
  if (!state.reader.Read(&tensor_count)) return state.Truncated("the number of tensors");
  if (!state.reader.Read(&entry_count)) return state.Truncated("the number of metadata keys");
  FOVEA_RETURN_IF_ERROR(ParseMetadata(state, entry_count, contents));
  return ParseTensors(state, tensor_count, contents);
}

}  // namespace fovea::format
