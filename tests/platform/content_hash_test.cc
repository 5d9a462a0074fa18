#include "platform/content_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/file_bytes.h"
#include "tests/platform/temporary_folder.h"

namespace fovea::platform {
namespace {

std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// Long enough for every path of the algorithm, and for several blocks of a mapped file.
std::string LongText(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * 7 + i / 256);
  return text;
}

TEST(ContentHash, IsWhatXxh128sumPrints) {
  EXPECT_EQ(HexContentHash(Bytes("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(HexContentHash(Bytes("abc")), "06b05ab6733a618578af5f94892f3950");
  EXPECT_EQ(HexContentHash(Bytes(LongText(100'000))), "4e53faeda1b5812bb25cea78018497ff");
}

TEST(ContentHash, IsTheSameForBytesThatComeInPieces) {
  const std::string text = LongText(10'000);
  const std::string whole = HexContentHash(Bytes(text));
  for (const std::size_t size : {1U, 63U, 64U, 1000U, 10'000U}) {
    ContentHash hash;
    for (std::size_t begin = 0; begin < text.size(); begin += size) {
      hash.Add(Bytes(std::string_view(text).substr(begin, size)));
    }
    EXPECT_EQ(hash.HexDigits(), whole) << size;
    EXPECT_EQ(hash.HexDigits(), whole) << "asking changes nothing";
  }
  EXPECT_EQ(ContentHash().HexDigits(), HexContentHash({}));
}

TEST(ContentHash, OfAMappedFileLeavesItsContentsAsTheyWere) {
  const TemporaryFolder folder;
  const std::string text = LongText(3'000'001);
  WriteText(folder.File("f"), text);
  FileBytes file;
  ASSERT_TRUE(FileBytes::Open(folder.File("f"), FileBytes::Access::kMap, &file, nullptr));
  EXPECT_EQ(HexContentHashOfMapped(file.bytes()), HexContentHash(Bytes(text)));
  EXPECT_TRUE(std::ranges::equal(file.bytes(), Bytes(text)));
  EXPECT_EQ(HexContentHashOfMapped({}), HexContentHash({}));
}

}  // namespace
}  // namespace fovea::platform
