#include "platform/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/platform/temporary_folder.h"

namespace fovea::platform {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string CreateError(const std::string& path) {
  AtomicFile file;
  std::string error;
  EXPECT_FALSE(AtomicFile::Create(path, &file, &error));
  EXPECT_FALSE(file.is_open());
  return error;
}

/// Limits how large files may grow, which is how a full disk is had without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_limit_);
    rlimit limit = old_limit_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_limit_);
    ::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_ = {};
  void (*old_handler_)(int) = nullptr;
};

class AtomicFileTest : public ::testing::Test {
 protected:
  AtomicFile Open(const std::string& name) {
    AtomicFile file;
    EXPECT_TRUE(AtomicFile::Create(folder_.File(name), &file, &error_)) << error_;
    return file;
  }

  TemporaryFolder folder_;
  std::string error_;
};

TEST_F(AtomicFileTest, AppearsUnderItsNameOnlyWhenCommitted) {
  AtomicFile file = Open("out");
  ASSERT_TRUE(file.Write("hello ", 6, &error_)) << error_;
  ASSERT_TRUE(file.Write("world", 5, &error_)) << error_;
  EXPECT_EQ(file.position(), 11U);
  EXPECT_FALSE(std::filesystem::exists(folder_.File("out")));
  ASSERT_TRUE(file.Commit(&error_)) << error_;
  EXPECT_EQ(ReadText(folder_.File("out")), "hello world");
  EXPECT_THAT(folder_.Names(), ElementsAre("out"));
}

TEST_F(AtomicFileTest, LeavesNothingAndTheOldFileWhenNotCommitted) {
  WriteText(folder_.File("out"), "old");
  {
    AtomicFile file = Open("out");
    ASSERT_TRUE(file.Write("new", 3, &error_));
  }
  EXPECT_EQ(ReadText(folder_.File("out")), "old");
  EXPECT_THAT(folder_.Names(), ElementsAre("out"));
}

TEST_F(AtomicFileTest, ReplacesAnOlderFile) {
  WriteText(folder_.File("out"), "something longer");
  AtomicFile file = Open("out");
  ASSERT_TRUE(file.Write("new", 3, &error_));
  ASSERT_TRUE(file.Commit(&error_, AtomicFile::Durability::kSynced)) << error_;
  EXPECT_EQ(ReadText(folder_.File("out")), "new");
}

TEST_F(AtomicFileTest, FollowsASymbolicLinkToAFile) {
  WriteText(folder_.File("real"), "old");
  std::filesystem::create_symlink(folder_.File("real"), folder_.File("link"));
  AtomicFile file = Open("link");
  ASSERT_TRUE(file.Write("new", 3, &error_));
  ASSERT_TRUE(file.Commit(&error_)) << error_;
  EXPECT_EQ(ReadText(folder_.File("real")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.File("link")));
}

TEST_F(AtomicFileTest, FillsGapsWithZerosAndReadsBack) {
  AtomicFile file = Open("out");
  ASSERT_TRUE(file.WriteAt(10, "end", 3, &error_));
  EXPECT_EQ(file.position(), 0U);
  file.Seek(2);
  ASSERT_TRUE(file.Write("ab", 2, &error_));
  char text[4] = {};
  ASSERT_TRUE(file.ReadAt(9, text, 4, &error_)) << error_;
  EXPECT_EQ(std::string(text, 4), std::string("\0end", 4));
  EXPECT_FALSE(file.ReadAt(10, text, 4, &error_));
  EXPECT_EQ(error_, "unexpected end of file");
  ASSERT_TRUE(file.Resize(12));
  ASSERT_TRUE(file.Commit(&error_)) << error_;
  EXPECT_EQ(ReadText(folder_.File("out")), std::string("\0\0ab\0\0\0\0\0\0en", 12));
}

TEST_F(AtomicFileTest, TakesPositionedWritesFromSeveralThreads) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kPieces = 200;
  AtomicFile file = Open("out");
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&file, t] {
      const std::string piece(7, static_cast<char>('a' + t));
      std::string error;
      for (std::size_t i = 0; i < kPieces; ++i) {
        EXPECT_TRUE(file.WriteAt((i * kThreads + t) * 7, piece.data(), 7, &error)) << error;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(file.Commit(&error_)) << error_;
  std::string expected;
  for (std::size_t i = 0; i < kPieces; ++i) expected += "aaaaaaabbbbbbbcccccccddddddd";
  EXPECT_EQ(ReadText(folder_.File("out")), expected);
}

TEST_F(AtomicFileTest, MovesAndDiscardsWhatItReplaces) {
  AtomicFile first = Open("first");
  AtomicFile second = Open("second");
  ASSERT_TRUE(first.Write("1", 1, &error_));
  second = std::move(first);
  EXPECT_EQ(folder_.Names().size(), 1U);
  ASSERT_TRUE(second.Commit(&error_)) << error_;
  EXPECT_THAT(folder_.Names(), ElementsAre("first"));
}

TEST_F(AtomicFileTest, SaysWhyItCannotBeCreated) {
  EXPECT_EQ(CreateError(folder_.File("no/such/folder/out")), "No such file or directory");
  EXPECT_EQ(CreateError(folder_.path()), "is a directory");
  EXPECT_EQ(CreateError(folder_.path() + "/"), "is a directory");
  EXPECT_EQ(CreateError(""), "No such file or directory");
  WriteText(folder_.File("file"), "x");
  EXPECT_EQ(CreateError(folder_.File("file/out")), "Not a directory");
}

TEST_F(AtomicFileTest, DoesNotReplaceADevice) {
  EXPECT_EQ(CreateError("/dev/full"), "is not a regular file");
  EXPECT_EQ(CreateError("/dev/null"), "is not a regular file");
}

TEST_F(AtomicFileTest, DiscardsItselfWhenTheNameBecameAFolder) {
  AtomicFile file = Open("out");
  std::filesystem::create_directory(folder_.File("out"));
  EXPECT_FALSE(file.Commit(&error_));
  EXPECT_EQ(error_, "Is a directory");
  EXPECT_THAT(folder_.Names(), ElementsAre("out"));
  EXPECT_FALSE(file.is_open());
}

TEST_F(AtomicFileTest, ReportsWritesThatDoNotFitAndLeavesNothing) {
  const std::string data(10'000, 'x');
  {
    const FileSizeLimit limit(4096);
    AtomicFile file = Open("out");
    EXPECT_FALSE(file.Write(data.data(), data.size(), &error_));
    EXPECT_EQ(error_, "File too large");
    EXPECT_EQ(file.position(), 0U);
    error_.clear();
    EXPECT_FALSE(file.WriteAt(5000, "x", 1, &error_));
    EXPECT_EQ(error_, "File too large");
    EXPECT_FALSE(file.Resize(5000, &error_));
  }
  EXPECT_THAT(folder_.Names(), IsEmpty());
}

TEST_F(AtomicFileTest, RefusesOffsetsBeyondTheLargestFile) {
  AtomicFile file = Open("out");
  EXPECT_FALSE(file.WriteAt(~std::uint64_t{0}, "x", 1, &error_));
  EXPECT_FALSE(file.WriteAt(std::uint64_t{1} << 63, "x", 1, &error_));
  EXPECT_FALSE(file.Resize(~std::uint64_t{0}));
  char byte = 0;
  EXPECT_FALSE(file.ReadAt(~std::uint64_t{0}, &byte, 1, nullptr));
}

TEST_F(AtomicFileTest, FailsCleanlyWhenNotOpen) {
  AtomicFile file;
  char byte = 0;
  EXPECT_FALSE(file.Write("x", 1, &error_));
  EXPECT_FALSE(file.ReadAt(0, &byte, 1, &error_));
  EXPECT_FALSE(file.Resize(1));
  EXPECT_FALSE(file.Commit(&error_));
  EXPECT_EQ(error_, "Bad file descriptor");
  file.Discard();
}

}  // namespace
}  // namespace fovea::platform
