#include "platform/aligned_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace fovea::platform {
namespace {

TEST(AlignedBuffer, IsAlignedAndZeroedForEverySize) {
  for (const std::size_t bytes :
       std::vector<std::size_t>{1, 7, 63, 64, 65, 4096, 100'000, 10'000'000}) {
    const AlignedBuffer buffer = AlignedBuffer::Allocate(bytes);
    ASSERT_TRUE(buffer);
    EXPECT_EQ(buffer.size(), bytes);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % kAlignment, 0U);
    EXPECT_TRUE(std::all_of(buffer.data(), buffer.data() + bytes,
                            [](std::byte value) { return value == std::byte{0}; }));
    std::fill_n(buffer.data(), bytes, std::byte{0xAB});  // every byte is ours to write
  }
}

TEST(AlignedBuffer, IsEmptyForNoBytesAndForMoreThanThereIs) {
  EXPECT_FALSE(AlignedBuffer::Allocate(0));
  EXPECT_EQ(AlignedBuffer::Allocate(0).size(), 0U);
  const std::size_t most = std::numeric_limits<std::size_t>::max();
  for (std::size_t bytes : {most, most - 63, most - 128}) {
    EXPECT_FALSE(AlignedBuffer::Allocate(bytes));
  }
}

TEST(AlignedBuffer, MovesItsMemory) {
  AlignedBuffer first = AlignedBuffer::Allocate(100);
  std::byte* data = first.data();
  AlignedBuffer second = std::move(first);
  EXPECT_EQ(second.data(), data);
  AlignedBuffer third = AlignedBuffer::Allocate(5);
  third = std::move(second);
  EXPECT_EQ(third.data(), data);
  EXPECT_EQ(third.size(), 100U);
  third.As<float>(64)[0] = 1.0F;
  EXPECT_EQ(third.As<float>()[16], 1.0F);
}

}  // namespace
}  // namespace fovea::platform
