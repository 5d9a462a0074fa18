// GGUF v2 and v3: untrusted bytes in, validated descriptions out. This is the only room that parses
// bytes of a model file. It promises: no undefined behaviour for any input, time linear in the
// file, every size computed once in format/checked_size.h.
#ifndef FOVEA_FORMAT_GGUF_FILE_H_
#define FOVEA_FORMAT_GGUF_FILE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor/matrix_view.h"
#include "fovea/data_type.h"
#include "fovea/status.h"
#include "platform/memory_source.h"

namespace fovea::format {

/// One tensor, validated: type known, 1–4 dimensions, bytes inside the file and aligned.
struct GgufTensor {
  std::string_view name;  ///< Lives in the file's bytes.
  DataType type = DataType::kF32;
  std::size_t rank = 0;
  /// GGUF order: shape[0] is the contiguous dimension; unused ones are 1.
  std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};
  std::span<const std::byte> data;

  /// As [rows, cols] with cols = shape[0] and rows = the product of the others.
  MatrixView Matrix() const;
};

class GgufFile {
 public:
  enum class Access { kRead, kMap };

  /// kRead takes the memory for the bytes from `source`, which must outlive the file.
  static Result<GgufFile> Open(const std::string& path, Access access = Access::kRead,
                               const platform::MemorySource& source = {});
  /// The buffer must outlive the file. `name` stands for the path in messages.
  static Result<GgufFile> FromBuffer(std::span<const std::byte> bytes, std::string name);
  /// The same with a copy of the bytes: the buffer may be released afterwards.
  static Result<GgufFile> FromCopy(std::span<const std::byte> bytes, std::string name,
                                   const platform::MemorySource& source = {});

  GgufFile(GgufFile&&) noexcept;
  GgufFile& operator=(GgufFile&&) noexcept;
  ~GgufFile();

  const std::string& path() const;
  std::uint32_t version() const;
  std::span<const std::byte> bytes() const;
  /// Whether they are a mapping of the file (Access::kMap).
  bool is_mapped() const;
  /// The same bytes, writable, for in-place packing after everything was read; empty if they are
  /// mapped or owned by the caller.
  std::span<std::byte> mutable_bytes();

  /// Bytes of the lists of keys and tensors, which come on top of bytes().
  std::size_t heap_bytes() const;

  const std::vector<GgufTensor>& tensors() const;
  /// Null if there is none. O(log tensors).
  const GgufTensor* FindTensor(std::string_view name) const;

  // --- Metadata. Finding a key costs O(log keys), whatever the names are. "Find" gives nullopt for
  // a missing key and an error for a key of the wrong type (kMalformed) or out of range (kMalformed
  // below it, kLimitExceeded above); "Get" makes a missing key an error (kNotFound). Messages name
  // the file, the key and what was wrong.
  bool HasKey(std::string_view key) const;
  std::vector<std::string_view> Keys() const;  ///< In file order.

  /// Any integer type (and bool as 0/1), within [min, max].
  Result<std::uint64_t> GetUint(std::string_view key, std::uint64_t min, std::uint64_t max) const;
  Result<std::optional<std::uint64_t>> FindUint(std::string_view key, std::uint64_t min,
                                                std::uint64_t max) const;
  /// f32 or f64, finite.
  Result<float> GetFloat(std::string_view key) const;
  Result<std::optional<float>> FindFloat(std::string_view key) const;
  Result<std::optional<bool>> FindBool(std::string_view key) const;
  /// The view lives in the file's bytes.
  Result<std::string_view> GetString(std::string_view key) const;
  Result<std::optional<std::string_view>> FindString(std::string_view key) const;
  /// Empty vector for a missing key.
  Result<std::vector<std::string_view>> FindStringArray(std::string_view key) const;
  /// Arrays of any float type, converted; a missing key gives an empty vector.
  Result<std::vector<float>> FindFloatArray(std::string_view key) const;
  /// Arrays of any integer or bool type, each value within [min, max]; a missing key gives an empty
  /// vector. A scalar counts as an array of one. At most 2^21 elements of one byte
  /// (kLimitExceeded).
  Result<std::vector<std::int64_t>> FindIntArray(std::string_view key, std::int64_t min,
                                                 std::int64_t max) const;
  /// True if the key exists and is an array.
  bool IsArray(std::string_view key) const;
  /// Elements of an array without converting it; 0 for a missing key or one that is no array.
  std::uint64_t ArrayLength(std::string_view key) const;
  /// The value as text for `fovea info` ("llama", "5", "[2048 strings]").
  std::string Describe(std::string_view key) const;

  /// A Status of this file: "<path>: <message>", one line: control characters and bytes that are
  /// not UTF-8 are escaped and a message beyond 1000 characters is cut, so it may quote the file's
  /// texts.
  Status Error(StatusCode code, std::string_view message) const;

 private:
  struct Impl;
  explicit GgufFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_GGUF_FILE_H_
