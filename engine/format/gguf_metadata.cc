// Metadata: keys, values, and the alignment that they set.
#include <bit>
#include <limits>

#include "engine/format/gguf_parse.h"
#include "engine/format/gguf_values.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::format {
namespace {

constexpr std::size_t kMaxKeyBytes = 65535;
/// Length, a key of one byte, type, a value of one byte.
constexpr std::size_t kMinEntryBytes = 8 + 1 + 4 + 1;
constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr std::uint64_t kMinAlignment = 8;
constexpr std::uint64_t kMaxAlignment = 65536;

std::string ValueOf(std::string_view key) {
  return Concat({"the value of key ", Quoted(key)});
}

Status CheckBools(const ParseState& state, std::string_view key, const std::byte* data,
                  std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (std::to_integer<unsigned>(data[i]) <= 1) continue;
    return state.Error(StatusCode::kMalformed,
                       Concat({"key ", Quoted(key), ": a bool is neither 0 nor 1"}));
  }
  return {};
}

/// `count` numbers or strings of type value->element, at the reader.
Status ReadItems(ParseState& state, std::string_view key, GgufValue* value) {
  value->data = state.reader.here();
  if (value->element == GgufValueType::kString) {
    for (std::uint64_t i = 0; i < value->count; ++i) {
      std::string_view text;
      if (!state.reader.ReadString(&text)) {
        return state.Truncated(Concat({"string ", Number(i), " of key ", Quoted(key)}));
      }
    }
    return {};
  }
  if (!state.reader.Skip(value->count, ValueBytes(value->element))) {
    return state.Truncated(ValueOf(key));
  }
  if (value->element == GgufValueType::kBool) {
    return CheckBools(state, key, value->data, value->count);
  }
  return {};
}

Status ReadArray(ParseState& state, std::string_view key, GgufValue* value) {
  std::uint32_t element = 0;
  if (!state.reader.Read(&element) || !state.reader.Read(&value->count)) {
    return state.Truncated(Concat({"the array header of key ", Quoted(key)}));
  }
  value->element = static_cast<GgufValueType>(element);
  if (value->element == GgufValueType::kArray) {
    return state.Error(StatusCode::kUnsupported,
                       Concat({"key ", Quoted(key), ": arrays of arrays are not supported"}));
  }
  if (value->element != GgufValueType::kString && ValueBytes(value->element) == 0) {
    return state.Error(StatusCode::kMalformed,
                       Concat({"key ", Quoted(key), ": unknown array element type ",
                               Number(std::uint64_t{element})}));
  }
  return ReadItems(state, key, value);
}

Status ReadValue(ParseState& state, std::string_view key, GgufValue* value) {
  std::uint32_t type = 0;
  if (!state.reader.Read(&type)) return state.Truncated(Concat({"the type of key ", Quoted(key)}));
  value->type = static_cast<GgufValueType>(type);
  value->element = value->type;
  if (value->type == GgufValueType::kArray) return ReadArray(state, key, value);
  if (value->type == GgufValueType::kString) {
    std::string_view text;
    if (!state.reader.ReadString(&text)) return state.Truncated(ValueOf(key));
    value->data = reinterpret_cast<const std::byte*>(text.data());
    value->count = text.size();
    return {};
  }
  if (ValueBytes(value->type) == 0) {
    return state.Error(StatusCode::kMalformed, Concat({"key ", Quoted(key), ": unknown value type ",
                                                       Number(std::uint64_t{type})}));
  }
  value->count = 1;
  return ReadItems(state, key, value);
}

Status ReadEntry(ParseState& state, std::uint64_t number, GgufEntry* entry) {
  if (!state.reader.ReadString(&entry->name)) {
    return state.Truncated(Concat({"metadata key number ", Number(number)}));
  }
  if (entry->name.empty()) {
    return state.Error(StatusCode::kMalformed,
                       Concat({"metadata key number ", Number(number), " is empty"}));
  }
  if (entry->name.size() > kMaxKeyBytes) {
    return state.Error(
        StatusCode::kLimitExceeded,
        Concat({"metadata key ", Quoted(entry->name), " has ",
                Number(std::uint64_t{entry->name.size()}), " bytes; the limit is 65535"}));
  }
  return ReadValue(state, entry->name, &entry->value);
}

Status ReadAlignment(const ParseState& state, GgufContents* contents) {
  const GgufEntry* entry = contents->entry_index.Find(contents->entries, kAlignmentKey);
  if (entry == nullptr) return {};
  const GgufValue& value = entry->value;
  if (!IsIntegral(value.type)) {
    return state.Error(StatusCode::kMalformed,
                       Concat({"key ", Quoted(kAlignmentKey), " must be an integer, not ",
                               ValueTypeName(value.type)}));
  }
  const Integer alignment = ReadInteger(value, 0);
  if (alignment.negative || alignment.magnitude < kMinAlignment ||
      alignment.magnitude > kMaxAlignment || !std::has_single_bit(alignment.magnitude)) {
    return state.Error(StatusCode::kMalformed,
                       Concat({"key ", Quoted(kAlignmentKey), " is ", ToText(alignment),
                               ", but must be a power of two from 8 to 65536"}));
  }
  contents->alignment = static_cast<std::size_t>(alignment.magnitude);
  return {};
}

}  // namespace

Status ParseMetadata(ParseState& state, std::uint64_t count, GgufContents* contents) {
  if (count > state.reader.remaining() / kMinEntryBytes ||
      count > std::numeric_limits<std::uint32_t>::max()) {
    return state.Truncated(Concat({"metadata of ", Number(count), " keys"}));
  }
  const std::size_t start = state.reader.position();
  for (std::uint64_t i = 0; i < count; ++i) {
    GgufEntry entry;
    FOVEA_RETURN_IF_ERROR(ReadEntry(state, i, &entry));
  }
  state.reader.Rewind(start);
  contents->entries.resize(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < contents->entries.size(); ++i) {
    FOVEA_RETURN_IF_ERROR(ReadEntry(state, i, &contents->entries[i]));
  }
  if (const GgufEntry* twice = contents->entry_index.Build(contents->entries)) {
    return state.Error(StatusCode::kMalformed,
                       Concat({"metadata key ", Quoted(twice->name), " appears more than once"}));
  }
  return ReadAlignment(state, contents);
}

}  // namespace fovea::format
