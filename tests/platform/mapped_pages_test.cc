#include "platform/mapped_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "platform/file_bytes.h"
#include "tests/platform/temporary_folder.h"

namespace fovea::platform {
namespace {

TEST(ReleaseMappedPages, LeavesEveryByteReadableWhateverTheRange) {
  TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += static_cast<char>(i * 13 + i / 512);
  WriteText(folder.File("f"), content);
  FileBytes file;
  ASSERT_TRUE(FileBytes::Open(folder.File("f"), FileBytes::Access::kMap, &file, nullptr));
  for (const std::size_t first : {0U, 1U, 4096U, 5000U, 299'999U, 300'000U}) {
    for (const std::size_t count : {0U, 1U, 4096U, 10'000U, 300'000U}) {
      const std::size_t inside = std::min(count, content.size() - first);
      ReleaseMappedPages(file.bytes().subspan(first, inside));
      ASSERT_TRUE(std::equal(content.begin(), content.end(), file.bytes().begin(),
                             [](char a, std::byte b) { return static_cast<std::byte>(a) == b; }));
    }
  }
  ReleaseMappedPages({});
}

}  // namespace
}  // namespace fovea::platform
