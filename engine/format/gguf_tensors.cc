// Tensor descriptions, and where their data lies.
#include <algorithm>
#include <limits>
#include <optional>

#include "engine/format/gguf_parse.h"
#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::format {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxRank = 4;
/// Name length, a name of one byte, rank, one dimension, type, offset.
constexpr std::size_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;

/// A tensor as described; its data is found when the end of all descriptions is known.
struct Description {
  SourceTensor tensor;
  std::uint64_t offset = 0;
};

Status TensorError(const ParseState& state, StatusCode code, std::string_view name,
                   std::string_view message) {
  return state.Error(code, Concat({"tensor ", Quoted(name), ": ", message}));
}

Status ReadName(ParseState& state, std::uint64_t number, std::string_view* name) {
  if (!state.reader.ReadString(name)) {
    return state.Truncated(Concat({"the name of tensor number ", Number(number)}));
  }
  if (name->empty()) {
    return state.Error(StatusCode::kMalformed,
                       Concat({"tensor number ", Number(number), " has an empty name"}));
  }
  if (name->size() > kMaxNameBytes) {
    return TensorError(
        state, StatusCode::kLimitExceeded, *name,
        Concat({"the name has ", Number(std::uint64_t{name->size()}), " bytes; the limit is 64"}));
  }
  return {};
}

Status ReadShape(ParseState& state, SourceTensor* tensor) {
  std::uint32_t rank = 0;
  if (!state.reader.Read(&rank)) {
    return state.Truncated(Concat({"the shape of tensor ", Quoted(tensor->name)}));
  }
  if (rank == 0 || rank > kMaxRank) {
    return TensorError(
        state, rank == 0 ? StatusCode::kMalformed : StatusCode::kLimitExceeded, tensor->name,
        Concat({"it has ", Number(std::uint64_t{rank}), " dimensions; 1 to 4 are allowed"}));
  }
  tensor->rank = rank;
  for (std::size_t i = 0; i < rank; ++i) {
    if (!state.reader.Read(&tensor->shape[i])) {
      return state.Truncated(Concat({"the shape of tensor ", Quoted(tensor->name)}));
    }
    if (tensor->shape[i] == 0) {
      return TensorError(state, StatusCode::kMalformed, tensor->name,
                         Concat({"dimension ", Number(std::uint64_t{i}), " is 0"}));
    }
  }
  std::size_t elements = 0;
  if (!CheckedProduct(tensor->shape, &elements)) {
    return TensorError(state, StatusCode::kMalformed, tensor->name,
                       "the product of its dimensions overflows");
  }
  return {};
}

Status ReadType(ParseState& state, SourceTensor* tensor) {
  std::uint32_t type = 0;
  if (!state.reader.Read(&type)) {
    return state.Truncated(Concat({"the type of tensor ", Quoted(tensor->name)}));
  }
  tensor->type = static_cast<DataType>(type);
  const std::size_t block = BlockElements(tensor->type);
  if (block == 0) {
    const std::string_view foreign = ForeignTensorTypeName(type);
    const std::string number = Number(std::uint64_t{type});
    return TensorError(state, StatusCode::kUnsupported, tensor->name,
                       foreign.empty() ? Concat({"unknown type ", number})
                                       : Concat({"type ", foreign, " is not supported"}));
  }
  if (tensor->shape[0] % block != 0) {
    return TensorError(
        state, StatusCode::kMalformed, tensor->name,
        Concat({"rows of ", Number(tensor->shape[0]), " elements are not a multiple of ",
                DataTypeName(tensor->type), "'s block of ", Number(std::uint64_t{block})}));
  }
  return {};
}

Status ReadDescription(ParseState& state, std::uint64_t number, std::size_t alignment,
                       Description* description) {
  SourceTensor& tensor = description->tensor;
  FOVEA_RETURN_IF_ERROR(ReadName(state, number, &tensor.name));
  FOVEA_RETURN_IF_ERROR(ReadShape(state, &tensor));
  FOVEA_RETURN_IF_ERROR(ReadType(state, &tensor));
  if (!state.reader.Read(&description->offset)) {
    return state.Truncated(Concat({"the offset of tensor ", Quoted(tensor.name)}));
  }
  if (description->offset % alignment != 0) {
    return TensorError(state, StatusCode::kMalformed, tensor.name,
                       Concat({"offset ", Number(description->offset), " is not a multiple of ",
                               "general.alignment ", Number(std::uint64_t{alignment})}));
  }
  return {};
}

Status FindData(const ParseState& state, std::span<const std::byte> bytes, std::size_t data_start,
                Description* description) {
  SourceTensor& tensor = description->tensor;
  const auto& shape = tensor.shape;
  std::size_t blocks = 0;
  const bool fits = CheckedProduct(
      std::array{shape[0] / BlockElements(tensor.type), shape[1], shape[2], shape[3]}, &blocks);
  const Placement place = Place({.base = data_start,
                                 .offset = description->offset,
                                 .count = blocks,
                                 .item_bytes = BlockBytes(tensor.type)},
                                bytes.size());
  if (!fits || place.fault == PlaceFault::kOverflow) {
    return TensorError(state, StatusCode::kMalformed, tensor.name, "its size or offset overflows");
  }
  if (!place.ok()) {
    return TensorError(
        state, StatusCode::kMalformed, tensor.name,
        Concat({"its ", Number(std::uint64_t{place.bytes}), " bytes at byte ",
                Number(std::uint64_t{place.offset}), " do not fit into the file's ",
                Number(std::uint64_t{bytes.size()}), " bytes (truncated download?)"}));
  }
  tensor.data = bytes.subspan(place.offset, place.bytes);
  return {};
}

/// After sorting by offset, if any two tensors overlap, so do two neighbours.
Status CheckOverlaps(const ParseState& state, const std::vector<SourceTensor>& tensors) {
  std::vector<std::uint32_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return tensors[a].data.data() < tensors[b].data.data();
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const SourceTensor& before = tensors[order[i - 1]];
    const SourceTensor& after = tensors[order[i]];
    if (before.data.data() + before.data.size() > after.data.data()) {
      return TensorError(state, StatusCode::kMalformed, after.name,
                         Concat({"its data overlaps that of tensor ", Quoted(before.name)}));
    }
  }
  return {};
}

}  // namespace

Status ParseTensors(ParseState& state, std::uint64_t count, GgufContents* contents) {
  if (count > state.reader.remaining() / kMinTensorBytes ||
      count > std::numeric_limits<std::uint32_t>::max()) {
    return state.Truncated(Concat({"the description of ", Number(count), " tensors"}));
  }
  const std::size_t start = state.reader.position();
  const std::span<const std::byte> bytes(state.reader.here() - start, state.reader.size());
  for (std::uint64_t i = 0; i < count; ++i) {
    Description description;
    FOVEA_RETURN_IF_ERROR(ReadDescription(state, i, contents->alignment, &description));
  }
  if (count == 0) return {};

  const Placement data =
      Place({.base = state.reader.position(), .count = 0, .alignment = contents->alignment},
            bytes.size());
  if (!data.ok()) return state.Truncated("the tensors' data");
  state.reader.Rewind(start);
  contents->tensors.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    Description description;
    FOVEA_RETURN_IF_ERROR(ReadDescription(state, i, contents->alignment, &description));
    FOVEA_RETURN_IF_ERROR(FindData(state, bytes, data.offset, &description));
    contents->tensors.push_back(description.tensor);
  }
  if (const SourceTensor* twice = contents->tensor_index.Build(contents->tensors)) {
    return TensorError(state, StatusCode::kMalformed, twice->name,
                       "the name appears more than once");
  }
  return CheckOverlaps(state, contents->tensors);
}

}  // namespace fovea::format
