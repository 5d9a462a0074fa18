#include "fovea/gguf_writer.h"

#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include "engine/format/gguf_types.h"
#include "engine/format/message.h"
#include "engine/tensor/dequantize.h"
#include "fovea/status_macros.h"
#include "platform/atomic_file.h"
#include "platform/checked_math.h"

namespace fovea {
namespace {

using format::Concat;
using format::GgufValueType;
using format::Quoted;

constexpr std::uint32_t kVersion = 3;
constexpr std::string_view kTooLarge = "its size does not fit into this machine's address space";
constexpr std::string_view kAlignmentKey = "general.alignment";

/// Appends numbers and texts as GGUF stores them.
class Encoder {
 public:
  template <typename T>
  void Number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    Raw(std::as_bytes(std::span(&value, 1)));
  }
  void Raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void Text(std::string_view text) {
    Number(std::uint64_t{text.size()});
    Raw(std::as_bytes(std::span(text)));
  }
  void PadTo(std::size_t alignment) {
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace

struct GgufWriter::Impl {
  std::string path;
  std::size_t alignment = 32;
  platform::AtomicFile file;
  Encoder entries;
  Encoder descriptions;
  std::set<std::string, std::less<>> keys;
  std::set<std::string, std::less<>> names;
  std::vector<std::size_t> tensor_bytes;  ///< Without padding, in order.
  platform::CheckedSize data_bytes = 0;   ///< Of the tensors described so far, padded.
  bool header_written = false;
  std::size_t current = 0;       ///< The tensor that Append writes to.
  std::size_t current_done = 0;  ///< Its bytes that are written.

  Status Error(StatusCode code, std::string_view message) const {
    return {code, Concat({path, ": ", message})};
  }

  Status Write(std::span<const std::byte> bytes) {
    std::string reason;
    if (file.Write(bytes.data(), bytes.size(), &reason)) return {};
    return Error(StatusCode::kIoError, reason);
  }

  Status WriteHeader() {
    if (header_written) return {};
    header_written = true;
    Encoder header;
    header.Raw(std::as_bytes(std::span("GGUF", 4)));
    header.Number(kVersion);
    header.Number(std::uint64_t{tensor_bytes.size()});
    header.Number(std::uint64_t{keys.size()});
    header.Raw(entries.bytes());
    header.Raw(descriptions.bytes());
    header.PadTo(alignment);
    return Write(header.bytes());
  }

  /// Zeros up to the next tensor.
  Status WritePadding() {
    const auto past = static_cast<std::size_t>(file.position() % alignment);
    const std::vector<std::byte> zeros((alignment - past) % alignment);
    return Write(zeros);
  }
};

GgufWriter::GgufWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GgufWriter::GgufWriter(GgufWriter&&) noexcept = default;
GgufWriter& GgufWriter::operator=(GgufWriter&&) noexcept = default;
GgufWriter::~GgufWriter() = default;

Result<GgufWriter> GgufWriter::Create(const std::string& path, std::size_t alignment) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->alignment = alignment;
  if (!std::has_single_bit(alignment) || alignment < 8 || alignment > 65536) {
    return impl->Error(StatusCode::kInvalidArgument,
                       "the alignment must be a power of two from 8 to 65536");
  }
  std::string reason;
  if (!platform::AtomicFile::Create(path, &impl->file, &reason)) {
    return impl->Error(StatusCode::kIoError, reason);
  }
  GgufWriter writer(std::move(impl));
  if (alignment != 32) {
    const Status status = writer.AddNumber(kAlignmentKey, static_cast<std::uint32_t>(alignment));
    FOVEA_RETURN_IF_ERROR(status);
  }
  return writer;
}

Status GgufWriter::AddRaw(std::string_view key, std::uint32_t type,
                          std::span<const std::byte> value) {
  if (impl_->header_written) {
    return impl_->Error(StatusCode::kInvalidArgument,
                        Concat({"key ", Quoted(key), " comes after tensor data"}));
  }
  if (key.empty() || key.size() > 65535) {
    return impl_->Error(StatusCode::kInvalidArgument, "a key must have 1 to 65535 bytes");
  }
  if (!impl_->keys.emplace(key).second) {
    return impl_->Error(StatusCode::kInvalidArgument,
                        Concat({"key ", Quoted(key), " is added twice"}));
  }
  impl_->entries.Text(key);
  impl_->entries.Number(type);
  impl_->entries.Raw(value);
  return {};
}

Status GgufWriter::AddText(std::string_view key, std::string_view text) {
  Encoder value;
  value.Text(text);
  return AddRaw(key, static_cast<std::uint32_t>(GgufValueType::kString), value.bytes());
}

Status GgufWriter::AddArray(std::string_view key, std::uint32_t type, std::size_t count,
                            std::span<const std::byte> values) {
  Encoder value;
  value.Number(type);
  value.Number(std::uint64_t{count});
  value.Raw(values);
  return AddRaw(key, static_cast<std::uint32_t>(GgufValueType::kArray), value.bytes());
}

Status GgufWriter::AddTexts(std::string_view key, std::span<const std::string> texts) {
  Encoder values;
  for (const std::string& text : texts) values.Text(text);
  return AddArray(key, static_cast<std::uint32_t>(GgufValueType::kString), texts.size(),
                  values.bytes());
}

Status GgufWriter::Describe(std::string_view name, DataType type,
                            const std::vector<std::uint64_t>& shape) {
  const auto wrong = [&](std::string_view what) {
    return impl_->Error(StatusCode::kInvalidArgument,
                        Concat({"tensor ", Quoted(name), ": ", what}));
  };
  if (impl_->header_written) return wrong("described after tensor data");
  if (name.empty() || name.size() > 65535) return wrong("a name must have 1 to 65535 bytes");
  if (shape.empty() || shape.size() > 4) return wrong("a tensor has 1 to 4 dimensions");
  platform::CheckedSize bytes = 1;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) return wrong("a dimension is 0");
    if (!std::in_range<std::size_t>(shape[i])) return wrong(kTooLarge);
    const auto size = static_cast<std::size_t>(shape[i]);
    bytes = bytes * (i == 0 ? RowBytes(type, size) : size);
  }
  if (bytes.value() == 0) return wrong("its columns do not make whole blocks of its type");
  const platform::CheckedSize end = (impl_->data_bytes + bytes).AlignedUp(impl_->alignment);
  if (!end.ok()) return wrong(kTooLarge);
  if (!impl_->names.emplace(name).second) return wrong("described twice");

  Encoder& description = impl_->descriptions;
  description.Text(name);
  description.Number(static_cast<std::uint32_t>(shape.size()));
  for (const std::uint64_t size : shape) description.Number(size);
  description.Number(static_cast<std::uint32_t>(type));
  description.Number(std::uint64_t{impl_->data_bytes.value()});
  impl_->tensor_bytes.push_back(bytes.value());
  impl_->data_bytes = end;
  return {};
}

Status GgufWriter::Append(std::span<const std::byte> bytes) {
  Impl& impl = *impl_;
  if (impl.current == impl.tensor_bytes.size() ||
      bytes.size() > impl.tensor_bytes[impl.current] - impl.current_done) {
    return impl.Error(StatusCode::kInvalidArgument, "more bytes than the tensor has");
  }
  FOVEA_RETURN_IF_ERROR(impl.WriteHeader());
  FOVEA_RETURN_IF_ERROR(impl.Write(bytes));
  impl.current_done += bytes.size();
  if (impl.current_done < impl.tensor_bytes[impl.current]) return {};
  ++impl.current;
  impl.current_done = 0;
  return impl.WritePadding();
}

Status GgufWriter::Finish() {
  if (impl_->current != impl_->tensor_bytes.size()) {
    return impl_->Error(StatusCode::kInvalidArgument, "the bytes of a tensor are missing");
  }
  FOVEA_RETURN_IF_ERROR(impl_->WriteHeader());
  std::string reason;
  if (impl_->file.Commit(&reason)) return {};
  return impl_->Error(StatusCode::kIoError, reason);
}

std::uint64_t GgufWriter::size() const {
  return impl_->file.position();
}

}  // namespace fovea
