#include "tools/fovea/vector_file.h"

#include <array>
#include <bit>

#include "tools/common/npy_format.h"

namespace fovea::tools {

static_assert(std::endian::native == std::endian::little, "elements are written as they lie");

Result<VectorFile> VectorFile::Create(const std::string& path, std::size_t length) {
  if (!path.ends_with(".npy")) {
    return Status(StatusCode::kInvalidArgument,
                  "-o: '" + path + "' does not end with .npy, the format that vectors come in");
  }
  VectorFile made(path, length);
  std::string error;
  if (!platform::AtomicFile::Create(path, &made.file_, &error)) return made.Failed(error);
  made.file_.Seek(kNpyHeaderBytes);
  return made;
}

Status VectorFile::Append(std::span<const float> vector) {
  std::string error;
  if (!file_.Write(vector.data(), vector.size_bytes(), &error)) return Failed(error);
  ++vectors_;
  return Status::Ok();
}

Status VectorFile::Finish() {
  const std::array<std::uint64_t, 2> shape = {vectors_, length_};
  const std::string header = NpyHeader("<f4", shape);
  std::string error;
  if (!file_.WriteAt(0, header.data(), header.size(), &error)) return Failed(error);
  if (!file_.Commit(&error)) return Failed(error);
  return Status::Ok();
}

}  // namespace fovea::tools
