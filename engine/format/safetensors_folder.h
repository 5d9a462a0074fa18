// The weights of a model folder: one model.safetensors, or the shards that
// model.safetensors.index.json names.
#ifndef FOVEA_FORMAT_SAFETENSORS_FOLDER_H_
#define FOVEA_FORMAT_SAFETENSORS_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/name_index.h"
#include "engine/format/safetensors_file.h"
#include "fovea/status.h"
#include "platform/memory_source.h"

namespace fovea::format {

class SafetensorsFolder {
 public:
  /// Opens model.safetensors, or else every shard of the index. A shard's name must be the plain
  /// name of a file in the folder that ends with ".safetensors": no path in a file is followed.
  /// kNotFound if the folder has neither file or misses a shard; messages name the file.
  static Result<SafetensorsFolder> Open(
      const std::string& folder, SafetensorsFile::Access access = SafetensorsFile::Access::kRead,
      const platform::MemorySource& source = {});

  /// In the order in which the index first names them.
  const std::vector<SafetensorsFile>& files() const { return files_; }

  /// Null if there is none. Only tensors that the index names are found. O(log tensors).
  const SafetensorsTensor* Find(std::string_view name) const;
  /// kNotFound for a missing tensor, kUnsupported for one that is not F32, F16 or BF16.
  Result<const SafetensorsTensor*> Require(std::string_view name) const;

  std::size_t tensor_count() const { return places_.size(); }
  std::size_t heap_bytes() const;

 private:
  struct Place {
    std::string_view name;  // In the shard.
    std::uint32_t file = 0;
  };

  SafetensorsFolder() = default;
  Status OpenShards(const std::string& folder, const std::string& index_path,
                    SafetensorsFile::Access access, const platform::MemorySource& source);

  std::string path_;  // Of the one file, or of the index.
  std::vector<SafetensorsFile> files_;
  std::vector<Place> places_;
  NameIndex index_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_SAFETENSORS_FOLDER_H_
