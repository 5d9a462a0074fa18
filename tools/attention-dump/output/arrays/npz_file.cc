// .npz: a ZIP archive of .npy members, stored. Local headers have a fixed length, so array data has
// its place from the start; check sums are taken by reading the file once at the end.
#include "tools/attention-dump/output/arrays/npz_file.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "fovea/status_macros.h"
#include "tools/attention-dump/output/arrays/npy_format.h"
#include "tools/attention-dump/output/arrays/zip_format.h"

namespace fovea::dump {
namespace {

std::uint32_t Crc(std::uint32_t crc, const void* data, std::size_t bytes) {
  return static_cast<std::uint32_t>(crc32_z(crc, static_cast<const Bytef*>(data), bytes));
}

class NpzFile final : public ArrayFile {
 public:
  NpzFile(platform::AtomicFile file, std::vector<ArraySpec> arrays)
      : ArrayFile(std::move(file), std::move(arrays)) {
    for (const ArraySpec& array : this->arrays()) {
      Result<std::uint64_t> bytes = ArrayBytes(array.type, array.shape);
      zip64_.push_back(!bytes || NeedsZip64(kNpyHeaderBytes + *bytes));
    }
  }
  using ArrayFile::Preallocate;

 private:
  static std::string MemberName(const ArraySpec& spec) { return spec.name + ".npy"; }

  Status Place(std::vector<Placement>* arrays) const override {
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < arrays->size(); ++i) {
      Placement& array = (*arrays)[i];
      const std::string name = MemberName(array.spec);
      array.offset = end + ZipLocalHeaderBytes(name, zip64_[i]) + kNpyHeaderBytes;
      end = array.offset + array.bytes;
    }
    return Status::Ok();
  }

  /// Check sum of a member's .npy header and its data, as they stand in the file.
  Result<std::uint32_t> CheckSum(const std::string& header, const Placement& array) const {
    std::uint32_t crc = Crc(0, header.data(), header.size());
    std::string block(static_cast<std::size_t>(std::min<std::uint64_t>(array.bytes, 1U << 20U)),
                      '\0');
    for (std::uint64_t done = 0; done < array.bytes;) {
      const std::uint64_t count = std::min<std::uint64_t>(array.bytes - done, block.size());
      const std::size_t bytes = static_cast<std::size_t>(count);
      FOVEA_RETURN_IF_ERROR(Read(array.offset + done, block.data(), bytes));
      crc = Crc(crc, block.data(), bytes);
      done += count;
    }
    return crc;
  }

  Result<std::uint64_t> Complete(std::vector<Placement>* arrays,
                                 const std::string& metadata) override {
    std::vector<ZipMember> members;
    std::uint64_t end = 0;
    for (std::size_t i = 0; i < arrays->size(); ++i) {
      const Placement& array = (*arrays)[i];
      const std::string header = NpyHeader(array.spec.type, array.spec.shape);
      Result<std::uint32_t> crc = CheckSum(header, array);
      FOVEA_RETURN_IF_ERROR(crc);
      members.push_back({.name = MemberName(array.spec),
                         .offset = end,
                         .bytes = kNpyHeaderBytes + array.bytes,
                         .crc = *crc,
                         .zip64 = zip64_[i]});
      FOVEA_RETURN_IF_ERROR(Write(end, ZipLocalHeader(members.back()) + header));
      end = array.offset + array.bytes;
    }
    const std::string sidecar = NpyString(metadata);
    members.push_back({.name = "metadata.npy",
                       .offset = end,
                       .bytes = sidecar.size(),
                       .crc = Crc(0, sidecar.data(), sidecar.size()),
                       .zip64 = NeedsZip64(sidecar.size())});
    const std::string last = ZipLocalHeader(members.back()) + sidecar;
    const std::string directory = ZipDirectory(members, end + last.size());
    FOVEA_RETURN_IF_ERROR(Write(end, last + directory));
    return end + last.size() + directory.size();
  }

  std::vector<bool> zip64_;  // by the planned size, so that headers keep their length
};

}  // namespace

Result<std::unique_ptr<ArrayFile>> MakeNpz(platform::AtomicFile file,
                                           std::vector<ArraySpec> arrays) {
  auto npz = std::make_unique<NpzFile>(std::move(file), std::move(arrays));
  FOVEA_RETURN_IF_ERROR(npz->Preallocate());
  return std::unique_ptr<ArrayFile>(std::move(npz));
}

}  // namespace fovea::dump
