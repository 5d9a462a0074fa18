#include "tools/attention-dump/output/arrays/zip_format.h"

#include <algorithm>

#include "tools/attention-dump/base/little_endian.h"

namespace fovea::dump {
namespace {

constexpr std::uint32_t kAbsent32 = 0xFFFFFFFFU;  // "see the ZIP64 field"
constexpr std::uint16_t kAbsent16 = 0xFFFFU;
constexpr std::uint16_t kVersion = 20;
constexpr std::uint16_t kVersionZip64 = 45;
constexpr std::uint16_t kMadeByUnix = 3U << 8U;
constexpr std::uint16_t kDate = 0x0021;  // 1 January 1980: the same input gives the same bytes
constexpr std::uint32_t kFileMode = 0100644U << 16U;
constexpr std::uint16_t kZip64Extra = 0x0001;
constexpr std::uint64_t kLocalHeaderBytes = 30;
constexpr std::uint64_t kLocalZip64Bytes = 20;

class Record {
 public:
  Record& U16(std::uint64_t value) { return Append(static_cast<std::uint16_t>(value)); }
  Record& U32(std::uint64_t value) { return Append(static_cast<std::uint32_t>(value)); }
  Record& U64(std::uint64_t value) { return Append(value); }
  Record& Bytes(const std::string& bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <typename T>
  Record& Append(T value) {
    AppendLittleEndian(value, &bytes_);
    return *this;
  }
  std::string bytes_;
};

/// Version to extract, flags, method (stored), time, date.
void AppendCommon(const ZipMember& member, bool zip64, Record* record) {
  record->U16(zip64 ? kVersionZip64 : kVersion).U16(0).U16(0).U16(0).U16(kDate).U32(member.crc);
}

std::string DirectoryEntry(const ZipMember& member) {
  const bool large = NeedsZip64(member.bytes);
  const bool far = NeedsZip64(member.offset);
  Record extra;
  if (large || far) {
    extra.U16(kZip64Extra).U16((large ? 16U : 0U) + (far ? 8U : 0U));
    if (large) extra.U64(member.bytes).U64(member.bytes);
    if (far) extra.U64(member.offset);
  }
  Record entry;
  entry.U32(0x02014B50).U16(kMadeByUnix | kVersionZip64);
  AppendCommon(member, large || far || member.zip64, &entry);
  const std::uint64_t size = large ? kAbsent32 : member.bytes;
  entry.U32(size).U32(size).U16(member.name.size()).U16(extra.bytes().size()).U16(0);
  entry.U16(0).U16(0).U32(kFileMode).U32(far ? kAbsent32 : member.offset);
  entry.Bytes(member.name).Bytes(extra.bytes());
  return entry.bytes();
}

}  // namespace

bool NeedsZip64(std::uint64_t bytes) {
  return bytes >= kAbsent32;
}

std::uint64_t ZipLocalHeaderBytes(const std::string& name, bool zip64) {
  return kLocalHeaderBytes + name.size() + (zip64 ? kLocalZip64Bytes : 0);
}

std::string ZipLocalHeader(const ZipMember& member) {
  Record header;
  header.U32(0x04034B50);
  AppendCommon(member, member.zip64, &header);
  const std::uint64_t size = member.zip64 ? kAbsent32 : member.bytes;
  header.U32(size).U32(size).U16(member.name.size()).U16(member.zip64 ? kLocalZip64Bytes : 0);
  header.Bytes(member.name);
  if (member.zip64) header.U16(kZip64Extra).U16(16).U64(member.bytes).U64(member.bytes);
  return header.bytes();
}

std::string ZipDirectory(const std::vector<ZipMember>& members, std::uint64_t offset) {
  Record directory;
  for (const ZipMember& member : members) directory.Bytes(DirectoryEntry(member));
  const std::uint64_t size = directory.bytes().size();
  const std::uint64_t count = members.size();
  if (count >= kAbsent16 || NeedsZip64(size) || NeedsZip64(offset)) {
    directory.U32(0x06064B50).U64(44).U16(kMadeByUnix | kVersionZip64).U16(kVersionZip64);
    directory.U32(0).U32(0).U64(count).U64(count).U64(size).U64(offset);
    directory.U32(0x07064B50).U32(0).U64(offset + size).U32(1);
  }
  const std::uint64_t count16 = std::min<std::uint64_t>(count, kAbsent16);
  directory.U32(0x06054B50).U16(0).U16(0).U16(count16).U16(count16);
  directory.U32(std::min<std::uint64_t>(size, kAbsent32));
  directory.U32(std::min<std::uint64_t>(offset, kAbsent32)).U16(0);
  return directory.bytes();
}

}  // namespace fovea::dump
