// The records of a ZIP archive whose members are stored uncompressed: all that an .npz needs. ZIP64
// records are used where a size, an offset or the number of members needs them.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ZIP_FORMAT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ZIP_FORMAT_H_

#include <cstdint>
#include <string>
#include <vector>

namespace fovea::dump {

struct ZipMember {
  std::string name;
  std::uint64_t offset = 0;  ///< Of the local header.
  std::uint64_t bytes = 0;   ///< Of the content.
  std::uint32_t crc = 0;
  /// Keep space for 64-bit sizes in the local header. Needed from 4 GiB - 1 on.
  bool zip64 = false;
};

bool NeedsZip64(std::uint64_t bytes);

/// Length of ZipLocalHeader for a member of that name.
std::uint64_t ZipLocalHeaderBytes(const std::string& name, bool zip64);

/// What stands before the content of a member.
std::string ZipLocalHeader(const ZipMember& member);

/// What ends an archive: central directory, for an archive whose members end at `offset`.
std::string ZipDirectory(const std::vector<ZipMember>& members, std::uint64_t offset);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_ARRAYS_ZIP_FORMAT_H_
