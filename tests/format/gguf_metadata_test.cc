// One test for each rule about metadata.
#include <limits>

#include "tests/format/format_testing.h"

namespace fovea::testing {
namespace {

constexpr std::uint32_t kU8 = 0;
constexpr std::uint32_t kU32 = 4;
constexpr std::uint32_t kBool = 7;
constexpr std::uint32_t kString = 8;
constexpr std::uint32_t kArray = 9;
constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

Bytes ArrayHeader(std::uint32_t element, std::uint64_t count) {
  return ByteWriter().Put(element).Put(count).bytes();
}

TEST(GgufMetadata, RefusesMoreKeysThanTheFileCanHold) {
  for (const std::uint64_t count : {std::uint64_t{2}, std::uint64_t{1} << 32U, kHuge / 14, kHuge}) {
    GgufBuilder builder;
    builder.Add("a", std::uint8_t{1});
    builder.entry_count = count;
    ExpectRefused(builder.Build(), StatusCode::kMalformed,
                  {"metadata of " + std::to_string(count) + " keys", "byte 24"});
  }
}

TEST(GgufMetadata, RefusesAnEmptyKey) {
  GgufBuilder builder;
  builder.Add("a", true).Add("", std::uint64_t{1});
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"key number 1", "empty"});
}

TEST(GgufMetadata, RefusesKeysBeyond65535Bytes) {
  const std::string longest(65535, 'k');
  GgufBuilder builder;
  builder.Add(longest, std::uint8_t{1});
  const Bytes bytes = builder.Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_TRUE(file->HasKey(longest));
  builder.Add(longest + "k", std::uint8_t{1});
  ExpectRefused(builder.Build(), StatusCode::kLimitExceeded, {"'kkkk", "65536", "65535"});
}

TEST(GgufMetadata, RefusesTheSameKeyTwice) {
  GgufBuilder builder;
  builder.Add("x", true).Add("twice.key", std::uint8_t{1}).Add("y", true).Add("twice.key", "text");
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'twice.key'", "more than once"});
}

TEST(GgufMetadata, RefusesAnUnknownValueType) {
  for (const std::uint32_t type : {13U, 100U, 0xFFFFFFFFU}) {
    GgufBuilder builder;
    builder.AddRaw("odd.key", type, Bytes(16));
    ExpectRefused(builder.Build(), StatusCode::kMalformed,
                  {"'odd.key'", "unknown value type " + std::to_string(type)});
  }
}

TEST(GgufMetadata, RefusesAnUnknownArrayElementType) {
  GgufBuilder builder;
  builder.AddRaw("odd.key", kArray, ArrayHeader(13, 0));
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'odd.key'", "element type 13"});
}

TEST(GgufMetadata, RefusesNestedArrays) {
  GgufBuilder builder;
  ByteWriter payload;
  for (int depth = 0; depth < 1000; ++depth) payload.Raw(ArrayHeader(kArray, 1));
  payload.Raw(ArrayHeader(kU8, 0));
  builder.AddRaw("deep.key", kArray, payload.bytes());
  ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"'deep.key'", "arrays of arrays"});
}

TEST(GgufMetadata, RefusesArraysLongerThanTheFile) {
  for (const std::uint64_t count : {std::uint64_t{5}, kHuge / 4 + 1, kHuge}) {
    GgufBuilder builder;
    Bytes payload = ArrayHeader(kU32, count);
    payload.resize(payload.size() + 16);  // four elements
    builder.AddRaw("long.key", kArray, payload);
    ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'long.key'", "does not fit"});
  }
}

TEST(GgufMetadata, RefusesStringArraysThatLeaveTheFile) {
  for (const std::uint64_t length : {std::uint64_t{4}, kHuge, kHuge - 7}) {
    GgufBuilder builder;
    ByteWriter payload;
    payload.Put(kString).Put(std::uint64_t{2}).String("one").Put(length).Raw("two");
    builder.AddRaw("text.key", kArray, payload.bytes());
    ExpectRefused(builder.Build(), StatusCode::kMalformed, {"string 1", "'text.key'"});
  }
  GgufBuilder builder;
  builder.AddRaw("text.key", kArray, ArrayHeader(kString, kHuge));
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"string 0", "'text.key'"});
}

TEST(GgufMetadata, RefusesStringsAndKeysThatLeaveTheFile) {
  GgufBuilder builder;
  builder.AddRaw("text.key", kString, ByteWriter().Put(std::uint64_t{4}).Raw("abc").bytes());
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'text.key'", "does not fit"});
  const Bytes key = ByteWriter()
                        .Raw("GGUF")
                        .Put(std::uint32_t{3})
                        .Put(std::uint64_t{0})
                        .Put(std::uint64_t{1})
                        .Put(kHuge)
                        .Raw("0123456789")
                        .bytes();
  ExpectRefused(key, StatusCode::kMalformed, {"key number 0"});
}

TEST(GgufMetadata, RefusesBoolsThatAreNeither0Nor1) {
  GgufBuilder scalar;
  scalar.AddRaw("flag.key", kBool, Bytes{std::byte{2}});
  ExpectRefused(scalar.Build(), StatusCode::kMalformed, {"'flag.key'", "bool"});
  GgufBuilder array;
  Bytes payload = ArrayHeader(kBool, 2);
  payload.push_back(std::byte{1});
  payload.push_back(std::byte{0xFF});
  array.AddRaw("flags.key", kArray, payload);
  ExpectRefused(array.Build(), StatusCode::kMalformed, {"'flags.key'", "bool"});
}

TEST(GgufMetadata, RefusesAlignmentsThatAreNoSensiblePowerOfTwo) {
  for (const std::uint32_t alignment : {0U, 1U, 4U, 7U, 33U, 96U, 131072U, 0x80000000U}) {
    GgufBuilder builder;
    builder.Add("general.alignment", alignment);
    ExpectRefused(builder.Build(), StatusCode::kMalformed,
                  {"'general.alignment' is " + std::to_string(alignment), "power of two"});
  }
  GgufBuilder negative;
  negative.Add("general.alignment", std::int32_t{-32});
  ExpectRefused(negative.Build(), StatusCode::kMalformed, {"'general.alignment' is -32"});
  GgufBuilder text;
  text.Add("general.alignment", "32");
  ExpectRefused(text.Build(), StatusCode::kMalformed, {"'general.alignment'", "not string"});
}

TEST(GgufMetadata, UsesTheAlignmentThatTheFileStates) {
  for (const std::uint32_t alignment : {8U, 64U, 65536U}) {
    GgufBuilder builder;
    builder.alignment = alignment;
    builder.Add("general.alignment", alignment);
    builder.AddTensor("a", DataType::kF32, {1}, ByteWriter().Put(2.5F).bytes());
    builder.AddTensor("b", DataType::kF32, {1}, ByteWriter().Put(3.5F).bytes());
    const Bytes bytes = builder.Build();
    const auto file = Open(bytes);
    ASSERT_TRUE(file.ok()) << file.error().message();
    for (const format::SourceTensor& tensor : file->tensors()) {
      EXPECT_EQ(static_cast<std::size_t>(tensor.data.data() - bytes.data()) % alignment, 0U);
    }
    float value = 0.0F;
    std::memcpy(&value, file->FindTensor("b")->data.data(), sizeof(value));
    EXPECT_EQ(value, 3.5F);
  }
}

TEST(GgufMetadata, EscapesHostileKeysInMessages) {
  GgufBuilder builder;
  builder.AddRaw("evil\x1b[2J\n\xFFkey", 77, Bytes(8));
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'evil\\x1b[2J\\n\\xffkey'"});
}

}  // namespace
}  // namespace fovea::testing
