// What a model file says, free of its format: metadata by key, tensors by name. A GGUF file and a
// folder with config.json and safetensors are two sources. Keys and tensor names are those of GGUF;
// a source of another format translates its own, so that everything behind it knows one language.
#ifndef FOVEA_FORMAT_MODEL_SOURCE_H_
#define FOVEA_FORMAT_MODEL_SOURCE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor/matrix_view.h"
#include "fovea/data_type.h"
#include "fovea/status.h"

namespace fovea::format {

/// One tensor, validated: type known, 1–4 dimensions, bytes inside the source and aligned.
struct SourceTensor {
  std::string_view name;  ///< Lives in the source.
  DataType type = DataType::kF32;
  std::size_t rank = 0;
  /// GGUF order: shape[0] is the contiguous dimension; unused ones are 1.
  std::array<std::uint64_t, 4> shape = {1, 1, 1, 1};
  std::span<const std::byte> data;

  /// As [rows, cols] with cols = shape[0] and rows = the product of the others.
  MatrixView Matrix() const;
};

class ModelSource {
 public:
  ModelSource() = default;
  virtual ~ModelSource() = default;

  /// As it was opened; the first word of messages.
  virtual const std::string& path() const = 0;
  /// Bytes of the file, or of all files of a folder.
  virtual std::uint64_t file_bytes() const = 0;
  /// The bytes in memory that tensors point into.
  virtual std::span<const std::byte> bytes() const = 0;
  /// The same bytes, writable, for in-place packing after everything was read; empty if they are
  /// mapped or owned by the caller.
  virtual std::span<std::byte> mutable_bytes() = 0;
  /// Bytes of the lists of keys and tensors, which come on top of bytes().
  virtual std::size_t heap_bytes() const = 0;
  /// Fingerprint of the file's bytes (ModelInfo::content_hash); before bytes are packed.
  virtual std::string ContentHash() const = 0;

  virtual const std::vector<SourceTensor>& tensors() const = 0;
  /// Null if there is none. O(log tensors).
  virtual const SourceTensor* FindTensor(std::string_view name) const = 0;

  // --- Metadata. Finding a key costs O(log keys), whatever the names are. "Find" gives nullopt for
  // a missing key and an error for a key of the wrong type (kMalformed) or out of range (kMalformed
  // below it, kLimitExceeded above); "Get" makes a missing key an error (kNotFound). Messages name
  // the file, the key and what was wrong.
  virtual bool HasKey(std::string_view key) const = 0;

  /// Any integer type (and bool as 0/1), within [min, max].
  Result<std::uint64_t> GetUint(std::string_view key, std::uint64_t min, std::uint64_t max) const;
  virtual Result<std::optional<std::uint64_t>> FindUint(std::string_view key, std::uint64_t min,
                                                        std::uint64_t max) const = 0;
  /// f32 or f64, finite.
  Result<float> GetFloat(std::string_view key) const;
  virtual Result<std::optional<float>> FindFloat(std::string_view key) const = 0;
  virtual Result<std::optional<bool>> FindBool(std::string_view key) const = 0;
  /// The view lives in the source.
  Result<std::string_view> GetString(std::string_view key) const;
  virtual Result<std::optional<std::string_view>> FindString(std::string_view key) const = 0;
  /// Empty vector for a missing key.
  virtual Result<std::vector<std::string_view>> FindStringArray(std::string_view key) const = 0;
  /// Arrays of any float type, converted; a missing key gives an empty vector.
  virtual Result<std::vector<float>> FindFloatArray(std::string_view key) const = 0;
  /// Arrays of any integer or bool type, each value within [min, max]; a missing key gives an empty
  /// vector. A scalar counts as an array of one. At most 2^21 elements of one byte
  /// (kLimitExceeded).
  virtual Result<std::vector<std::int64_t>> FindIntArray(std::string_view key, std::int64_t min,
                                                         std::int64_t max) const = 0;
  /// Text in 8-bit elements (Unigram's precompiled character map); empty for a missing key. The
  /// view lives in the source.
  virtual Result<std::span<const std::byte>> FindBytes(std::string_view key) const = 0;
  /// True if the key exists and is an array.
  virtual bool IsArray(std::string_view key) const = 0;
  /// The value as text for `fovea info` ("llama", "5", "[2048 strings]").
  virtual std::string Describe(std::string_view key) const = 0;

  /// A Status of this source: "<path>: <message>", one line: control characters and bytes that are
  /// not UTF-8 are escaped and a message beyond 1000 characters is cut, so it may quote the file's
  /// texts.
  Status Error(StatusCode code, std::string_view message) const;

 protected:
  ModelSource(ModelSource&&) noexcept = default;
  ModelSource& operator=(ModelSource&&) noexcept = default;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_MODEL_SOURCE_H_
