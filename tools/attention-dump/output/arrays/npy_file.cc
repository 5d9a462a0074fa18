#include "tools/attention-dump/output/arrays/npy_file.h"

#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/output/arrays/npy_format.h"

namespace fovea::dump {
namespace {

/// The one array first, then the sidecar as a second array: `np.load(path)` gives the map, and a
/// second np.load on the same open file gives the metadata.
class NpyFile final : public ArrayFile {
 public:
  NpyFile(platform::AtomicFile file, ArraySpec array) : ArrayFile(std::move(file), {array}) {}
  using ArrayFile::Preallocate;

 private:
  Status Place(std::vector<Placement>* arrays) const override {
    arrays->front().offset = kNpyHeaderBytes;
    return Status::Ok();
  }

  Result<std::uint64_t> Complete(std::vector<Placement>* arrays,
                                 const std::string& metadata) override {
    const Placement& array = arrays->front();
    const std::string sidecar = NpyString(metadata);
    const std::uint64_t end = array.offset + array.bytes;
    FOVEA_RETURN_IF_ERROR(Write(0, NpyHeader(array.spec.type, array.spec.shape)));
    FOVEA_RETURN_IF_ERROR(Write(end, sidecar));
    return end + sidecar.size();
  }
};

}  // namespace

Result<std::unique_ptr<ArrayFile>> MakeNpy(platform::AtomicFile file, ArraySpec array) {
  auto npy = std::make_unique<NpyFile>(std::move(file), std::move(array));
  FOVEA_RETURN_IF_ERROR(npy->Preallocate());
  return std::unique_ptr<ArrayFile>(std::move(npy));
}

}  // namespace fovea::dump
