// A safetensors file: untrusted bytes in, validated descriptions out. An 8-byte length, a JSON
// header of that many bytes, then the tensors' data. It promises what gguf_file.h promises: no
// undefined behaviour for any input, time linear in the file, every size computed once in
// format/checked_size.h.
#ifndef FOVEA_FORMAT_SAFETENSORS_FILE_H_
#define FOVEA_FORMAT_SAFETENSORS_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/format/name_index.h"
#include "fovea/status.h"
#include "platform/file_bytes.h"
#include "platform/memory_source.h"

namespace fovea::format {

/// The largest header that the format allows.
inline constexpr std::size_t kMaxSafetensorsHeader = 100'000'000;

/// Every type that the format knows. This engine computes with F32, F16 and BF16; tensors of the
/// others may stand in a file (position ids, masks) and are refused only when they are asked for.
enum class SafetensorsType : std::uint8_t {
  kBool,
  kU8,
  kI8,
  kF8E5M2,
  kF8E4M3,
  kI16,
  kU16,
  kF16,
  kBF16,
  kI32,
  kU32,
  kF32,
  kI64,
  kU64,
  kF64,
};

/// "F32", "BOOL", … as the header spells it.
std::string_view SafetensorsTypeName(SafetensorsType type);
std::size_t SafetensorsTypeBytes(SafetensorsType type);

struct SafetensorsTensor {
  std::string_view name;  ///< Lives in the SafetensorsFile.
  SafetensorsType type = SafetensorsType::kF32;
  std::uint8_t rank = 0;  ///< 0 to 4.
  /// As PyTorch writes it: the last dimension is the contiguous one; unused ones are 1.
  std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};
  std::span<const std::byte> data;  ///< In the file's bytes; not aligned.

  std::span<const std::uint64_t> dimensions() const { return {shape.data(), rank}; }
};

/// Movable; names and data stay valid across moves.
class SafetensorsFile {
 public:
  using Access = platform::FileBytes::Access;

  /// kRead takes the memory for the bytes from `source`, which must outlive the file. Errors begin
  /// with the path and name the tensor.
  static Result<SafetensorsFile> Open(const std::string& path, Access access = Access::kRead,
                                      const platform::MemorySource& source = {});
  /// The buffer must outlive the file. `name` stands for the path in messages.
  static Result<SafetensorsFile> FromBuffer(std::span<const std::byte> bytes, std::string name);

  const std::string& path() const { return path_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  bool mapped() const { return storage_.mapped(); }

  /// In the order of their data.
  const std::vector<SafetensorsTensor>& tensors() const { return tensors_; }
  /// Null if there is none. O(log tensors).
  const SafetensorsTensor* Find(std::string_view name) const { return index_.Find(tensors_, name); }
  /// kNotFound for a missing tensor, kUnsupported for one that is not F32, F16 or BF16.
  Result<const SafetensorsTensor*> Require(std::string_view name) const;

  /// The entries of `__metadata__`, in file order.
  const std::vector<std::pair<std::string, std::string>>& metadata() const { return metadata_; }

  /// Bytes that it holds besides the file's.
  std::size_t heap_bytes() const;

  /// "<path>: <message>".
  Status Error(StatusCode code, std::string_view message) const;

 private:
  SafetensorsFile() = default;
  Status Parse();
  Status TensorError(StatusCode code, std::string_view name, std::string_view message) const;

  friend class SafetensorsHeader;

  std::string path_;
  platform::FileBytes storage_;  // Empty when the bytes are the caller's.
  std::span<const std::byte> bytes_;
  std::unique_ptr<std::string> names_;  // All names, one after another; its address stays.
  std::vector<SafetensorsTensor> tensors_;
  NameIndex index_;
  std::vector<std::pair<std::string, std::string>> metadata_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_SAFETENSORS_FILE_H_
