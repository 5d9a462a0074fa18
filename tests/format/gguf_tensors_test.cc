// One test for each rule about tensors.
#include <limits>

#include "tests/format/format_testing.h"
#include "tests/tensor/type_lists.h"

namespace fovea::testing {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

/// One F32 tensor "w" of shape {4}, ready to be made wrong.
GgufBuilder OneTensor() {
  GgufBuilder builder;
  builder.AddTensor("w", DataType::kF32, {4});
  return builder;
}

TEST(GgufTensors, AreDescribedAsTheFileSays) {
  const Bytes bytes = EverythingBuilder().Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  ASSERT_EQ(file->tensors().size(), 5U);
  const format::SourceTensor* cube = file->FindTensor("cube");
  ASSERT_NE(cube, nullptr);
  EXPECT_EQ(cube->type, DataType::kF16);
  EXPECT_EQ(cube->rank, 3U);
  EXPECT_EQ(cube->shape, (std::array<std::uint64_t, 4>{2, 3, 2, 1}));
  EXPECT_EQ(cube->data.size(), 24U);
  const MatrixView matrix = file->FindTensor("super")->Matrix();
  EXPECT_TRUE(matrix);
  EXPECT_EQ(matrix.rows, 2U);
  EXPECT_EQ(matrix.cols, 256U);
  EXPECT_EQ(matrix.row_bytes, 144U);
  EXPECT_EQ(cube->Matrix().rows, 6U);
  EXPECT_EQ(file->FindTensor("none"), nullptr);
  EXPECT_EQ(file->FindTensor("zzz"), nullptr);
}

TEST(GgufTensors, OfEverySupportedTypeAreAccepted) {
  GgufBuilder builder;
  const std::vector<DataType> types = AllTypes();
  for (const DataType type : types) {
    builder.AddTensor(std::string(DataTypeName(type)), type, {256, 3});
  }
  const Bytes bytes = builder.Build();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  for (const DataType type : types) {
    const format::SourceTensor* tensor = file->FindTensor(DataTypeName(type));
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->data.size(), 3 * RowBytes(type, 256));
  }
}

TEST(GgufTensors, RefusesMoreTensorsThanTheFileCanHold) {
  for (const std::uint64_t count : {std::uint64_t{40}, std::uint64_t{1} << 32U, kHuge}) {
    GgufBuilder builder = OneTensor();
    builder.tensor_count = count;
    ExpectRefused(builder.Build(), StatusCode::kMalformed, {std::to_string(count) + " tensors"});
  }
}

TEST(GgufTensors, RefusesEmptyAndOverlongNames) {
  GgufBuilder builder = OneTensor();
  builder.tensors[0].name = "";
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor number 0", "empty name"});
  builder.tensors[0].name = std::string(64, 'n');
  EXPECT_TRUE(Open(builder.Build()).ok());
  builder.tensors[0].name = std::string(65, 'n');
  ExpectRefused(builder.Build(), StatusCode::kLimitExceeded, {"tensor 'nnn", "65 bytes", "64"});
}

TEST(GgufTensors, RefusesTheSameNameTwice) {
  GgufBuilder builder = OneTensor();
  builder.AddTensor("v", DataType::kF32, {1}).AddTensor("w", DataType::kF16, {8});
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "more than once"});
}

TEST(GgufTensors, RefusesRanksOtherThan1To4) {
  GgufBuilder builder = OneTensor();
  builder.tensors[0].rank = 0;
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "0 dimensions", "1 to 4"});
  builder.tensors[0].rank = 5;
  ExpectRefused(builder.Build(), StatusCode::kLimitExceeded, {"tensor 'w'", "5 dimensions"});
  builder.tensors[0].rank = 0xFFFFFFFFU;
  ExpectRefused(builder.Build(), StatusCode::kLimitExceeded, {"tensor 'w'", "4294967295"});
}

TEST(GgufTensors, RefusesADimensionOfZero) {
  GgufBuilder builder = OneTensor();
  builder.tensors[0].shape = {4, 0};
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "dimension 1 is 0"});
}

TEST(GgufTensors, RefusesDimensionsWhoseProductOverflows) {
  const std::uint64_t big = std::uint64_t{1} << 32U;
  const std::vector<std::uint64_t> shapes[] = {
      {big, big}, {big, big, big, big}, {4, kHuge}, {kHuge, 2}, {3, kHuge / 3 + 1}};
  for (const auto& shape : shapes) {
    GgufBuilder builder = OneTensor();
    builder.tensors[0].shape = shape;
    ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "overflows"});
  }
}

TEST(GgufTensors, RefusesSizesThatOverflowInBytes) {
  GgufBuilder builder = OneTensor();
  constexpr unsigned kBits = 8 * sizeof(std::size_t);
  builder.tensors[0].shape = {std::uint64_t{1} << (kBits - 2)};  // times 4 bytes: one too many
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "overflows"});
  builder.tensors[0].shape = {std::uint64_t{1} << (kBits - 3)};  // do not wrap, but do not fit
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "do not fit"});
}

TEST(GgufTensors, RefusesRowsThatAreNotWholeBlocks) {
  GgufBuilder builder;
  builder.AddTensor("w", DataType::kQ4_K, {256});
  builder.tensors[0].shape = {128, 2};
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", "128", "Q4_K", "256"});
}

TEST(GgufTensors, NamesTypesThatAreKnownButNotSupported) {
  const std::pair<std::uint32_t, std::string_view> types[] = {
      {4, "Q4_2"}, {9, "Q8_1"},      {15, "Q8_K"},  {16, "IQ2_XXS"}, {22, "IQ2_S"},
      {28, "F64"}, {31, "Q4_0_4_4"}, {34, "TQ1_0"}, {39, "MXFP4"},   {40, "NVFP4"}};
  for (const auto& [type, name] : types) {
    GgufBuilder builder = OneTensor();
    builder.tensors[0].type = type;
    ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"tensor 'w'", name});
  }
}

TEST(GgufTensors, NamesUnknownTypesByNumber) {
  for (const std::uint32_t type : {43U, 255U, 0x80000000U, 0xFFFFFFFFU}) {
    GgufBuilder builder = OneTensor();
    builder.tensors[0].type = type;
    ExpectRefused(builder.Build(), StatusCode::kUnsupported,
                  {"tensor 'w'", "unknown type " + std::to_string(type)});
  }
}

TEST(GgufTensors, RefusesOffsetsOffTheAlignment) {
  GgufBuilder builder = OneTensor();
  builder.tensors[0].offset = 16;
  builder.tensors[0].data.resize(64);
  ExpectRefused(builder.Build(), StatusCode::kMalformed,
                {"tensor 'w'", "offset 16", "general.alignment 32"});
}

TEST(GgufTensors, RefusesOffsetsOutsideTheFile) {
  constexpr std::uint64_t kFar = std::uint64_t{1} << (5 * sizeof(std::size_t));
  for (const std::uint64_t offset : {std::uint64_t{32}, kFar, kHuge - 31}) {
    GgufBuilder builder = OneTensor();
    builder.tensors[0].offset = offset;
    const std::string_view reason = offset > (kHuge >> 1U) ? "overflows" : "do not fit";
    ExpectRefused(builder.Build(), StatusCode::kMalformed, {"tensor 'w'", reason});
  }
}

TEST(GgufTensors, RefusesTensorsThatOverlap) {
  GgufBuilder builder;
  builder.AddTensor("first", DataType::kF32, {16}).AddTensor("second", DataType::kF32, {16});
  builder.tensors[1].offset = 32;
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'first'", "'second'", "overlaps"});
  builder.tensors[1].offset = 0;
  ExpectRefused(builder.Build(), StatusCode::kMalformed, {"'first'", "'second'", "overlaps"});
  builder.tensors[1].offset = 64;
  EXPECT_TRUE(Open(builder.Build()).ok());
}

TEST(GgufTensors, MayLieInAnyOrderAndWithGaps) {
  GgufBuilder builder;
  builder.AddTensor("late", DataType::kF32, {8}).AddTensor("early", DataType::kF32, {8});
  builder.tensors[0].offset = 96;
  builder.tensors[1].offset = 0;
  Bytes bytes = builder.Build();
  bytes.resize(bytes.size() + 64);
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->tensors()[0].data.data() - file->tensors()[1].data.data(), 96);
}

TEST(GgufTensors, EscapeHostileNamesInMessages) {
  GgufBuilder builder = OneTensor();
  builder.tensors[0].name = "w\r\xC2\x85\xFE";
  builder.tensors[0].type = 999;
  ExpectRefused(builder.Build(), StatusCode::kUnsupported, {"tensor 'w\\r\\xc2\\x85\\xfe'"});
}

}  // namespace
}  // namespace fovea::testing
