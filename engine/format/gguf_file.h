// GGUF v2 and v3: untrusted bytes in, validated descriptions out. This is the only room that parses
// bytes of a model file. It promises: no undefined behaviour for any input, time linear in the
// file, every size computed once in format/checked_size.h.
#ifndef FOVEA_FORMAT_GGUF_FILE_H_
#define FOVEA_FORMAT_GGUF_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/model_source.h"
#include "fovea/status.h"
#include "platform/memory_source.h"

namespace fovea::format {

class GgufFile final : public ModelSource {
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
  ~GgufFile() override;

  std::uint32_t version() const;
  /// Whether bytes() are a mapping of the file (Access::kMap).
  bool is_mapped() const;
  std::vector<std::string_view> Keys() const;  ///< In file order.
  /// Elements of an array without converting it; 0 for a missing key or one that is no array.
  std::uint64_t ArrayLength(std::string_view key) const;

  const std::string& path() const override;
  std::uint64_t file_bytes() const override { return bytes().size(); }
  std::span<const std::byte> bytes() const override;
  std::span<std::byte> mutable_bytes() override;
  std::size_t heap_bytes() const override;
  std::string ContentHash() const override;
  const std::vector<SourceTensor>& tensors() const override;
  const SourceTensor* FindTensor(std::string_view name) const override;

  bool HasKey(std::string_view key) const override;
  Result<std::optional<std::uint64_t>> FindUint(std::string_view key, std::uint64_t min,
                                                std::uint64_t max) const override;
  Result<std::optional<float>> FindFloat(std::string_view key) const override;
  Result<std::optional<bool>> FindBool(std::string_view key) const override;
  Result<std::optional<std::string_view>> FindString(std::string_view key) const override;
  Result<std::vector<std::string_view>> FindStringArray(std::string_view key) const override;
  Result<std::vector<float>> FindFloatArray(std::string_view key) const override;
  Result<std::vector<std::int64_t>> FindIntArray(std::string_view key, std::int64_t min,
                                                 std::int64_t max) const override;
  Result<std::span<const std::byte>> FindBytes(std::string_view key) const override;
  bool IsArray(std::string_view key) const override;
  std::string Describe(std::string_view key) const override;

 private:
  struct Impl;
  explicit GgufFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_GGUF_FILE_H_
