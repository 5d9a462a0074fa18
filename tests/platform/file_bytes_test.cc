#include "platform/file_bytes.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "tests/platform/temporary_folder.h"

// Under sanitizers an allocation that is too large stops the program unless this option says
// otherwise.
extern "C" {
const char* __asan_default_options();
const char* __asan_default_options() {
  return "allocator_may_return_null=1";
}
const char* __tsan_default_options();
const char* __tsan_default_options() {
  return "allocator_may_return_null=1";
}
}

namespace fovea::platform {
namespace {

using Access = FileBytes::Access;

std::string_view Text(const FileBytes& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::string ErrorOf(const std::string& path, Access access) {
  FileBytes file;
  FileError error;
  EXPECT_FALSE(FileBytes::Open(path, access, &file, &error));
  EXPECT_TRUE(file.bytes().empty());
  return error.reason;
}

class FileBytesTest : public ::testing::TestWithParam<Access> {
 protected:
  TemporaryFolder folder_;
};

TEST_P(FileBytesTest, HoldsEveryByte) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += static_cast<char>(i * 7 + i / 256);
  WriteText(folder_.File("f"), content);
  FileBytes file;
  FileError error;
  ASSERT_TRUE(FileBytes::Open(folder_.File("f"), GetParam(), &file, &error)) << error.reason;
  EXPECT_EQ(Text(file), content);
  EXPECT_EQ(file.mapped(), GetParam() == Access::kMap);
}

TEST_P(FileBytesTest, KeepsTheSpanValidAcrossMoves) {
  WriteText(folder_.File("f"), "abc");
  WriteText(folder_.File("g"), "other");
  FileBytes first;
  FileBytes second;
  FileError error;
  ASSERT_TRUE(FileBytes::Open(folder_.File("f"), GetParam(), &first, &error)) << error.reason;
  ASSERT_TRUE(FileBytes::Open(folder_.File("g"), GetParam(), &second, &error)) << error.reason;
  const std::byte* data = first.bytes().data();
  FileBytes third(std::move(first));
  second = std::move(third);
  EXPECT_EQ(second.bytes().data(), data);
  EXPECT_EQ(Text(second), "abc");
}

// 64-bit machines can address every file that a file system can hold.
#if PTRDIFF_MAX == INT32_MAX
TEST_P(FileBytesTest, NamesTheSizeOfAFileThatTheMachineCannotAddress) {
  WriteText(folder_.File("sparse"), "");
  std::filesystem::resize_file(folder_.File("sparse"), (std::uintmax_t{1} << 32) + 5);
  EXPECT_EQ(ErrorOf(folder_.File("sparse"), GetParam()),
            "4294967301 bytes are more than this machine can address; at most 2147483647 are "
            "possible");
}
#endif

TEST_P(FileBytesTest, GivesAnEmptySpanForAnEmptyFile) {
  WriteText(folder_.File("empty"), "");
  FileBytes file;
  FileError error;
  ASSERT_TRUE(FileBytes::Open(folder_.File("empty"), GetParam(), &file, &error)) << error.reason;
  EXPECT_TRUE(file.bytes().empty());
}

TEST_P(FileBytesTest, SaysWhyItCannotOpen) {
  EXPECT_EQ(ErrorOf(folder_.File("missing"), GetParam()), "No such file or directory");
  EXPECT_EQ(ErrorOf("", GetParam()), "No such file or directory");
  EXPECT_EQ(ErrorOf(folder_.path(), GetParam()), "is a directory");
  EXPECT_EQ(ErrorOf("/dev/null", GetParam()), "is not a regular file");
}

TEST_P(FileBytesTest, TellsAMissingFileFromOtherFailuresByCode) {
  WriteText(folder_.File("f"), "x");
  const auto code_of = [&](const std::string& path) {
    FileBytes file;
    FileError error;
    EXPECT_FALSE(FileBytes::Open(path, GetParam(), &file, &error));
    return error.code;
  };
  EXPECT_EQ(code_of(folder_.File("missing")), FileErrorCode::kNotFound);
  EXPECT_EQ(code_of(folder_.File("f/below")), FileErrorCode::kNotFound);
  EXPECT_EQ(code_of(folder_.path()), FileErrorCode::kOther);
}

TEST_P(FileBytesTest, RefusesAFifoWithoutWaitingForAWriter) {
  const std::string path = folder_.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(path, GetParam()), "is not a regular file");
}

TEST_P(FileBytesTest, LeavesTheResultUntouchedOnFailure) {
  WriteText(folder_.File("f"), "kept");
  FileBytes file;
  FileError error;
  ASSERT_TRUE(FileBytes::Open(folder_.File("f"), GetParam(), &file, &error)) << error.reason;
  EXPECT_FALSE(FileBytes::Open(folder_.File("missing"), GetParam(), &file, &error));
  EXPECT_EQ(Text(file), "kept");
}

INSTANTIATE_TEST_SUITE_P(BothWays, FileBytesTest, ::testing::Values(Access::kRead, Access::kMap),
                         [](const auto& param_info) {
                           return param_info.param == Access::kRead ? "Read" : "Map";
                         });

#if defined(__linux__)
// Files of /proc are regular, claim no bytes and yet have some: a size that is wrong by the time
// the bytes are read, without a race to arrange.
TEST(FileBytesRead, NoticesAFileThatChangedItsSize) {
  EXPECT_EQ(ErrorOf("/proc/self/status", Access::kRead), "changed its size while it was read");
}
#endif

TEST(FileBytesRead, ReportsAFileTooLargeForMemory) {
  const TemporaryFolder folder;
  WriteText(folder.File("huge"), "x");
  std::error_code code;
  // A sparse file: larger than any machine's memory or 32-bit address space, smaller than ext4's
  // limit.
  constexpr std::uintmax_t kAddressable = PTRDIFF_MAX;
  const std::uintmax_t bytes = std::min(std::uintmax_t{15} << 40, kAddressable);
  std::filesystem::resize_file(folder.File("huge"), bytes, code);
  ASSERT_FALSE(code) << code.message();
  FileBytes file;
  FileError error;
  EXPECT_FALSE(FileBytes::Open(folder.File("huge"), Access::kRead, &file, &error));
  EXPECT_EQ(error.code, FileErrorCode::kOutOfMemory);
  EXPECT_EQ(error.reason, "not enough memory for " + std::to_string(bytes) + " bytes");
}

}  // namespace
}  // namespace fovea::platform
