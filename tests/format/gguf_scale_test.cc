// Time linear in the file, and memory bounded by its metadata.
#include <chrono>
#include <string>

#include "tests/format/format_testing.h"
#include "tests/format/memory_meter.h"

namespace fovea::testing {
namespace {

#if defined(FOVEA_SANITIZED)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif
// An emulator and sanitizers cost about a factor of ten each.
constexpr double kSlowdown = (kSanitized ? 10.0 : 1.0) * (FOVEA_EMULATED ? 10.0 : 1.0);

constexpr std::size_t kFixedMemory = std::size_t{16} << 20U;

/// Opens the bytes within a second, in memory of at most 4 × metadata + 16 MiB.
void ExpectCheap(const Bytes& bytes, std::size_t metadata_bytes) {
  const std::size_t before = AllocatedBytes();
  ResetPeak();
  const auto start = std::chrono::steady_clock::now();
  const auto file = Open(bytes);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_LT(seconds.count(), 1.0 * kSlowdown);
  EXPECT_LE(PeakBytes() - before, 4 * metadata_bytes + kFixedMemory);
}

/// The name of a number in as few characters as can be.
std::string ShortName(std::size_t number) {
  std::string name;
  do {
    name += static_cast<char>('!' + number % 90);
    number /= 90;
  } while (number != 0);
  return name;
}

TEST(GgufScale, SixtyThousandKeysOpenInUnderASecond) {
  GgufBuilder builder;
  // Long common beginnings are the worst case for comparing names.
  const std::string start(200, 'k');
  for (int i = 0; i < 60000; ++i) builder.Add(start + std::to_string(i), std::uint32_t{1});
  const Bytes bytes = builder.Build();
  ExpectCheap(bytes, bytes.size());
}

TEST(GgufScale, FortyThousandTensorsOpenInUnderASecond) {
  GgufBuilder builder;
  for (int i = 0; i < 40000; ++i) {
    builder.AddTensor("blk." + std::to_string(i) + ".weight", DataType::kF32, {1});
  }
  const Bytes bytes = builder.Build();
  ExpectCheap(bytes, bytes.size() - 40000 * 32);
}

TEST(GgufScale, AMillionOfTheSmallestKeysStayInsideTheMemoryBound) {
  GgufBuilder builder;
  for (std::size_t i = 0; i < 1000000; ++i) builder.Add(ShortName(i), std::uint8_t{1});
  const Bytes bytes = builder.Build();
  const std::size_t before = AllocatedBytes();
  ResetPeak();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_LE(PeakBytes() - before, 4 * bytes.size() + kFixedMemory);
  EXPECT_EQ(file->Keys().size(), 1000000U);
}

TEST(GgufScale, ClaimedCountsAllocateNothing) {
  // A large file of zeros whose header promises as many keys or tensors as could fit.
  for (const bool tensors : {false, true}) {
    GgufBuilder builder;
    builder.entry_count = tensors ? 0 : 2000000;
    builder.tensor_count = tensors ? 1000000 : 0;
    Bytes bytes = builder.Build();
    bytes.resize(std::size_t{40} << 20U);
    const std::size_t before = AllocatedBytes();
    ResetPeak();
    EXPECT_FALSE(Open(bytes).ok());
    EXPECT_LE(PeakBytes() - before, std::size_t{64} << 10U);
  }
}

TEST(GgufScale, ArraysOfAMillionStringsAreReadInUnderASecond) {
  GgufBuilder builder;
  builder.Add("tokens", std::vector<std::string>(1000000, "token"));
  const Bytes bytes = builder.Build();
  ExpectCheap(bytes, bytes.size());
  const auto file = Open(bytes);
  const std::size_t before = AllocatedBytes();
  ResetPeak();
  const auto tokens = file->FindStringArray("tokens");
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ(tokens->size(), 1000000U);
  EXPECT_EQ(tokens->back(), "token");
  EXPECT_LE(PeakBytes() - before, 4 * bytes.size() + kFixedMemory);
}

}  // namespace
}  // namespace fovea::testing
