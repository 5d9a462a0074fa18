// The first bytes: what is no GGUF file, and versions that are not ours.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/format/format_testing.h"

namespace fovea::testing {
namespace {

Bytes FromText(std::string_view text) {
  return ByteWriter().Raw(text).bytes();
}

/// A folder of its own that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "fovea-format-XXXXXX").string();
    path_ = ::mkdtemp(name.data()) == nullptr ? std::string() : name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string Write(const std::string& name, const Bytes& bytes) const {
    const std::string path = path_ + "/" + name;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return path;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(GgufHeader, AcceptsVersions2And3) {
  for (const std::uint32_t version : {2U, 3U}) {
    GgufBuilder builder = EverythingBuilder();
    builder.version = version;
    const Bytes bytes = builder.Build();
    const auto file = Open(bytes);
    ASSERT_TRUE(file.ok()) << file.error().message();
    EXPECT_EQ(file->version(), version);
    EXPECT_EQ(file->path(), kFileName);
    EXPECT_EQ(file->bytes().data(), bytes.data());
    EXPECT_EQ(file->bytes().size(), bytes.size());
  }
}

TEST(GgufHeader, AcceptsAFileWithNothingInIt) {
  const auto file = Open(GgufBuilder().Build());
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_TRUE(file->tensors().empty());
  EXPECT_TRUE(file->Keys().empty());
}

TEST(GgufHeader, RefusesOlderAndNewerVersions) {
  GgufBuilder builder;
  builder.version = 1;
  ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"GGUF version 1", "older", "2 and 3"});
  builder.version = 0;
  ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"GGUF version 0"});
  builder.version = 4;
  ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"GGUF version 4", "newer", "2 and 3"});
}

TEST(GgufHeader, RefusesBigEndianFiles) {
  for (const std::uint32_t version : {0x02000000U, 0x03000000U, 0x00010000U}) {
    GgufBuilder builder;
    builder.version = version;
    ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"big-endian"});
  }
}

TEST(GgufHeader, TellsWhatAnotherFileLooksLike) {
  const std::pair<std::string_view, std::string_view> kinds[] = {
      {"", "an empty file"},
      {std::string_view("\x20\0\0\0\0\0\0\0{\"__metadata__\"", 23), "safetensors"},
      {"PK\x03\x04....", "zip"},
      {"tjgg....", "GGJT"},
      {"fmgg....", "GGMF"},
      {"lmgg....", "GGML"},
      {"algg....", "GGLA"},
      {"FUGG....", "swapped byte order"},
      {"\x80\x02}q", "pickle"},
      {"\x93NUMPY\x01", "NumPy"},
      {"\x7F"
       "ELF\x02",
       "ELF"},
      {"\x1F\x8B\x08", "gzip"},
      {"<!DOCTYPE html><html>", "HTML"},
      {"<html>", "HTML"},
      {"version https://git-lfs.github.com/spec/v1", "Git LFS"},
      {"{\"model_type\": 1}", "JSON"},
      {"hello\tworld\r\n", "a text"},
      {std::string_view("\0\0\0\0\0\0\0\0\0\0", 10), "zeros"},
      {"\x01\x02\x03\x04", "an unknown kind of file"},
  };
  for (const auto& [text, kind] : kinds) {
    ExpectRefused(FromText(text), StatusCode::kMalformed, {"not a GGUF file", kind});
  }
}

TEST(GgufHeader, SaysThatAShortFileIsTruncated) {
  ExpectRefused(FromText("G"), StatusCode::kMalformed, {"truncated", "magic"});
  ExpectRefused(FromText("GGU"), StatusCode::kMalformed, {"truncated", "3 bytes"});
  ExpectRefused(FromText("GGUF"), StatusCode::kMalformed, {"truncated", "version"});
}

TEST(GgufFile, OpensFromAPathByReadingOrMapping) {
  const TemporaryFolder folder;
  const Bytes bytes = EverythingBuilder().Build();
  const std::string path = folder.Write("all.gguf", bytes);
  for (const auto access : {format::GgufFile::Access::kRead, format::GgufFile::Access::kMap}) {
    auto file = format::GgufFile::Open(path, access);
    ASSERT_TRUE(file.ok()) << file.error().message();
    // Views must survive a move of the file.
    const std::string_view name = file->tensors()[0].name;
    format::GgufFile moved = std::move(*file);
    EXPECT_EQ(name, "vector");
    EXPECT_EQ(moved.path(), path);
    EXPECT_EQ(moved.bytes().size(), bytes.size());
    EXPECT_EQ(moved.FindTensor("cube")->shape[1], 3U);
    auto other = format::GgufFile::Open(path, access);
    ASSERT_TRUE(other.ok());
    moved = std::move(*other);
    EXPECT_EQ(moved.tensors().size(), 5U);
  }
}

TEST(GgufFile, NamesAPathThatCannotBeOpened) {
  const TemporaryFolder folder;
  const std::string missing = folder.path() + "/missing.gguf";
  const auto none = format::GgufFile::Open(missing);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), StatusCode::kNotFound);
  EXPECT_TRUE(none.error().message().starts_with(missing + ": "));
  const auto directory = format::GgufFile::Open(folder.path());
  ASSERT_FALSE(directory.ok());
  EXPECT_EQ(directory.error().code(), StatusCode::kIoError);
  EXPECT_NE(directory.error().message().find("directory"), std::string::npos);
  const std::string bad = folder.Write("bad.gguf", FromText("nothing"));
  const auto text = format::GgufFile::Open(bad);
  ASSERT_FALSE(text.ok());
  EXPECT_EQ(text.error().code(), StatusCode::kMalformed);
  EXPECT_TRUE(text.error().message().starts_with(bad + ": "));
}

}  // namespace
}  // namespace fovea::testing
