// A model folder (config.json and safetensors files) as a model source: it speaks GGUF's language.
// The rows of architecture.h say how; their files list the keys and names of encoders and
// encoder-decoders.
#ifndef FOVEA_MODEL_LOAD_FOLDER_FOLDER_SOURCE_H_
#define FOVEA_MODEL_LOAD_FOLDER_FOLDER_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/model_source.h"
#include "engine/format/name_index.h"
#include "engine/model/load/folder/metadata.h"
#include "engine/model/load/folder/open_folder.h"
#include "engine/model/load/folder/tensor_plan.h"
#include "fovea/status.h"
#include "platform/aligned_buffer.h"

namespace fovea::model {

class FolderSource final : public format::ModelSource {
 public:
  /// As OpenFolder.
  static Result<std::unique_ptr<FolderSource>> Open(const std::string& folder,
                                                    const FolderOptions& options = {});

  const std::string& path() const override { return path_; }
  std::uint64_t file_bytes() const override { return file_bytes_; }
  std::span<const std::byte> bytes() const override { return {arena_.data(), arena_.size()}; }
  std::span<std::byte> mutable_bytes() override { return {arena_.data(), arena_.size()}; }
  std::size_t heap_bytes() const override;
  /// Of the bytes of the safetensors files one after another, in the order of their names: what
  /// `cat *.safetensors | xxh128sum` prints.
  std::string ContentHash() const override { return content_hash_; }
  const std::vector<format::SourceTensor>& tensors() const override { return tensors_; }
  const format::SourceTensor* FindTensor(std::string_view name) const override {
    return index_.Find(tensors_, name);
  }

  bool HasKey(std::string_view key) const override { return keys_.Find(key) != nullptr; }
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
  FolderSource() = default;
  Status Read(const FolderOptions& options);
  Status Fill(const TensorPlan& plan, const Facts& facts, const FolderOptions& options);
  Status WrongType(std::string_view key, const Metadata::Value& value,
                   std::string_view wanted) const;
  Status OutOfRange(std::string_view key, bool above) const;

  std::string path_;
  Metadata keys_;
  std::uint64_t file_bytes_ = 0;
  std::string content_hash_;
  platform::AlignedBuffer arena_;
  std::vector<std::string> names_;
  std::vector<format::SourceTensor> tensors_;
  format::NameIndex index_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_FOLDER_SOURCE_H_
