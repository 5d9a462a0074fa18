// Safetensors files: right ones are read, and every rule of the format has files that break it.
#include "engine/format/safetensors_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <limits>
#include <random>
#include <string>

#include "tests/format/safetensors_builder.h"

namespace fovea::format {
namespace {

using testing::SafetensorsBytes;
using testing::TensorEntry;

Result<SafetensorsFile> Open(std::span<const std::byte> bytes) {
  return SafetensorsFile::FromBuffer(bytes, "m.safetensors");
}

std::string ErrorOf(std::span<const std::byte> bytes) {
  const auto file = Open(bytes);
  if (file.ok()) return "";
  EXPECT_EQ(file.status().message().find('\n'), std::string::npos);
  return file.status().message();
}

std::string Tiny() {
  return "{\"__metadata__\":{\"format\":\"pt\"}," + TensorEntry("w", "F32", "[2,3]", "[4,28]") +
         "," + TensorEntry("b", "BF16", "[2]", "[0,4]") + "}  ";
}

TEST(SafetensorsFile, ReadsNamesTypesShapesAndData) {
  const auto bytes = SafetensorsBytes(Tiny(), 28);
  auto opened = Open(bytes);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  const SafetensorsFile file = std::move(opened).value();  // Names must survive a move.
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].name, "b");
  const auto w = file.Require("w");
  ASSERT_TRUE(w.ok());
  EXPECT_EQ((*w)->type, SafetensorsType::kF32);
  EXPECT_EQ((*w)->rank, 2);
  EXPECT_EQ((*w)->shape, (std::array<std::uint64_t, 4>{2, 3, 1, 1}));
  EXPECT_EQ((*w)->data.size(), 24U);
  EXPECT_EQ((*w)->data[0], std::byte{4});
  EXPECT_EQ(file.Find("x"), nullptr);
  ASSERT_EQ(file.metadata().size(), 1U);
  EXPECT_EQ(file.metadata()[0].second, "pt");
}

TEST(SafetensorsFile, ScalarsEmptyTensorsAndEmptyFilesAreRight) {
  const auto scalar = SafetensorsBytes("{" + TensorEntry("s", "F32", "[]", "[0,4]") + "}", 4);
  EXPECT_EQ(ErrorOf(scalar), "");
  const auto empty = SafetensorsBytes("{" + TensorEntry("a", "F32", "[0,3]", "[0,0]") + "," +
                                          TensorEntry("b", "F16", "[1]", "[0,2]") + "," +
                                          TensorEntry("c", "F32", "[0]", "[2,2]") + "}",
                                      2);
  EXPECT_EQ(ErrorOf(empty), "");
  EXPECT_EQ(ErrorOf(SafetensorsBytes("{}", 0)), "");
}

TEST(SafetensorsFile, OtherTypesAreListedAndRefusedWhenAskedFor) {
  for (const char* type : {"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "I32", "U32",
                           "I64", "U64", "F64"}) {
    const std::string_view name = type;
    const int bytes = name.ends_with("64")   ? 8
                      : name.ends_with("32") ? 4
                      : name.ends_with("16") ? 2
                                             : 1;
    const auto file = SafetensorsBytes(
        "{" + TensorEntry("t", type, "[1]", "[0," + std::to_string(bytes) + "]") + "}",
        static_cast<std::size_t>(bytes));
    const auto opened = Open(file);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    const auto tensor = opened->Require("t");
    ASSERT_FALSE(tensor.ok());
    EXPECT_EQ(tensor.status().code(), StatusCode::kUnsupported);
    EXPECT_EQ(tensor.status().message(), "m.safetensors: tensor 't': its type is " +
                                             std::string(type) +
                                             "; supported are F32, F16 and BF16");
    EXPECT_EQ(opened->Require("no\nsuch").status().message(),
              "m.safetensors: tensor 'no\\nsuch': missing");
  }
}

std::string Of(std::string_view name, std::string_view type, std::string_view shape,
               std::string_view offsets) {
  return "{" + TensorEntry(name, type, shape, offsets) + "}";
}

TEST(SafetensorsFile, HostileHeadersAreRefusedWithTheTensorAndTheReason) {
  const std::string two = TensorEntry("a", "F32", "[1]", "[0,4]");
  const struct {
    std::string header;
    std::size_t data;
    std::string message;
  } rows[] = {
      {" {}", 0, "does not begin with '{'"},
      {"\n{}", 0, "does not begin with '{'"},
      {"[]", 0, "does not begin with '{'"},
      {"{", 0, "JSON, line 1, column 2: expected a key"},
      {"{}}", 0, "text after the end of the value"},
      {"{}{}", 0, "text after the end of the value"},
      {"{\"a\":1}", 0, "tensor 'a': its description is no JSON object"},
      {"{\"a\":null}", 0, "tensor 'a': its description is no JSON object"},
      {"{\"a\":[]}", 0, "tensor 'a': its description is no JSON object"},
      {"{\"a\":{}}", 0, "tensor 'a': dtype is missing"},
      {R"({"a":{"dtype":"F32"}})", 0, "tensor 'a': shape is missing"},
      {R"({"a":{"dtype":"F32","shape":[1]}})", 0, "tensor 'a': data_offsets are missing"},
      {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}})", 4, "unknown field 'x'"},
      {R"({"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}})", 4,
       "'dtype' twice"},
      {R"({"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}})", 4,
       "tensor 'a': dtype is no string"},
      {Of("a", "f32", "[1]", "[0,4]"), 4, "tensor 'a': its type 'f32' is not known"},
      {Of("a", "F128", "[1]", "[0,16]"), 16, "tensor 'a': its type 'F128' is not known"},
      {Of("a", "", "[1]", "[0,4]"), 4, "tensor 'a': its type '' is not known"},
      {Of("a", "Q8_0", "[1]", "[0,4]"), 4, "tensor 'a': its type 'Q8_0' is not known"},
      {Of("a", "F32", "1", "[0,4]"), 4, "tensor 'a': shape is no array"},
      {Of("a", "F32", "\"[1]\"", "[0,4]"), 4, "tensor 'a': shape is no array"},
      {Of("a", "F32", "{}", "[0,4]"), 4, "tensor 'a': shape is no array"},
      {Of("a", "F32", "[1,1,1,1,1]", "[0,4]"), 4, "it has 5 dimensions, the limit is 4"},
      {Of("a", "F32", "[-1]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[1.0]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[1e0]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[\"1\"]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[null]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[true]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[[1]]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[18446744073709551616]", "[0,4]"), 4, "a dimension is not an integer"},
      {Of("a", "F32", "[1]", "4"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[0]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[0,4,8]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[0,4.0]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[-0.0,4]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[-4,0]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[\"0\",\"4\"]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "{\"x\":0,\"y\":4}"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[0,36893488147419103236]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[0,4e0]"), 4, "data_offsets are not two integers"},
      {Of("a", "F32", "[1]", "[4,0]"), 4, "data_offsets 4 and 0 are in the wrong order"},
      {Of("a", "F32", "[1]", "[18446744073709551612,0]"), 4, "are in the wrong order"},
      {Of("a", "F32", "[1]", "[0,3]"), 3, "make 4 bytes, but data_offsets give it 3"},
      {Of("a", "F32", "[2]", "[0,4]"), 4, "make 8 bytes, but data_offsets give it 4"},
      {Of("a", "F16", "[2]", "[0,8]"), 8, "make 4 bytes, but data_offsets give it 8"},
      {Of("a", "F32", "[]", "[0,0]"), 0, "make 4 bytes, but data_offsets give it 0"},
      {Of("a", "F32", "[0]", "[0,4]"), 4, "make 0 bytes, but data_offsets give it 4"},
      {Of("a", "F32", "[4294967296,4294967296]", "[0,0]"), 0, "its size or offset overflows"},
      {Of("a", "F32", "[4611686018427387904]", "[0,0]"), 0, "its size or offset overflows"},
      {Of("a", "F32", "[2147483648,2147483648,4]", "[0,0]"), 0, "its size or offset overflows"},
      {Of("a", "F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4, "overflows"},
      {Of("a", "F32", "[1]", "[0,4]"), 3, "its data end at byte 4 of the 3 that follow"},
      {Of("a", "F32", "[1]", "[0,4]"), 0, "its data end at byte 4 of the 0 that follow"},
      {Of("a", "F32", "[1]", "[4,8]"), 8, "tensor 'a': the 4 bytes before its data belong to no"},
      {Of("a", "F32", "[1]", "[0,4]"), 5, "m.safetensors: its last 1 bytes belong to no tensor"},
      {"{}", 1, "m.safetensors: its last 1 bytes belong to no tensor"},
      {"{" + two + "," + TensorEntry("b", "F32", "[1]", "[2,6]") + "}", 6,
       "tensor 'b': its data overlaps that of tensor 'a'"},
      {"{" + two + "," + TensorEntry("b", "F32", "[1]", "[0,4]") + "}", 4, "overlaps that of"},
      {"{" + two + "," + TensorEntry("b", "F32", "[2]", "[0,8]") + "}", 8, "overlaps that of"},
      {"{" + two + "," + TensorEntry("b", "F32", "[1]", "[5,9]") + "}", 9,
       "tensor 'b': the 1 bytes before its data belong to no tensor"},
      {"{" + two + "," + two + "}", 4, "has the key 'a' twice"},
      {"{" + two + "," + TensorEntry("\\u0061", "F32", "[1]", "[4,8]") + "}", 8, "key 'a' twice"},
      {Of("", "F32", "[1]", "[0,4]"), 4, "tensor '': a name must have 1 to 65535 bytes"},
      {Of(std::string(65'536, 'n'), "F32", "[1]", "[0,4]"), 4, "a name must have 1 to 65535 bytes"},
      {Of("a\\nb", "F32", "[2]", "[0,4]"), 4, "tensor 'a\\nb': its shape and type make 8"},
      {Of("a\xFF", "F32", "[1]", "[0,4]"), 4, "bytes that are not valid UTF-8"},
      {"{\"__metadata__\":1}", 0, "__metadata__ must be an object of strings"},
      {"{\"__metadata__\":[\"a\"]}", 0, "__metadata__ must be an object of strings"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__: 'a' is a number, not a string"},
      {"{\"__metadata__\":{\"a\":{}}}", 0, "__metadata__: 'a' is an object, not a string"},
      {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "the key '__metadata__' twice"},
      {"{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}", 0, "more than 64 arrays"},
      {"{\"a\":[" + std::string(20'000, '0') + "]}", 0, "begins with 0"},
  };
  for (const auto& row : rows) {
    const std::string message = ErrorOf(SafetensorsBytes(row.header, row.data));
    EXPECT_TRUE(message.starts_with("m.safetensors: ")) << row.header.substr(0, 200);
    EXPECT_NE(message.find(row.message), std::string::npos) << row.header.substr(0, 200) << "\n"
                                                            << message;
  }
}

TEST(SafetensorsFile, HostileLengthsAreRefused) {
  constexpr std::uint64_t kLengths[] = {0,
                                        1,
                                        40,
                                        1'000,
                                        100'000'000,
                                        100'000'001,
                                        std::uint64_t{1} << 32,
                                        std::uint64_t{1} << 63,
                                        std::numeric_limits<std::uint64_t>::max() - 7,
                                        std::numeric_limits<std::uint64_t>::max()};
  for (const std::uint64_t length : kLengths) {
    const auto bytes = SafetensorsBytes(Of("a", "F32", "[1]", "[0,4]"), 4, length);
    const std::string message = ErrorOf(bytes);
    EXPECT_TRUE(message.starts_with("m.safetensors: ")) << length;
    if (length > 100'000'000) {
      EXPECT_EQ(message, "m.safetensors: its header has " + std::to_string(length) +
                             " bytes, the limit is 100000000");
    }
  }
}

TEST(SafetensorsFile, AFileCutAtAnyByteIsRefused) {
  const auto bytes = SafetensorsBytes(Tiny(), 28);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(ErrorOf(std::span(bytes).first(size)), "") << size;
  }
  auto longer = bytes;
  longer.push_back({});
  EXPECT_EQ(ErrorOf(longer), "m.safetensors: its last 1 bytes belong to no tensor");
}

TEST(SafetensorsFile, EveryByteTakesEveryValueWithoutHarm) {
  const auto good = SafetensorsBytes(Tiny(), 28);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < good.size() - 28; ++i) {
    for (unsigned value = 0; value < 256; ++value) {
      auto bytes = good;
      bytes[i] = static_cast<std::byte>(value);
      const auto file = Open(bytes);
      if (!file.ok()) continue;
      ++accepted;
      for (const SafetensorsTensor& tensor : file->tensors()) {
        ASSERT_GE(tensor.data.data(), bytes.data());
        ASSERT_LE(tensor.data.data() + tensor.data.size(), bytes.data() + bytes.size());
      }
    }
  }
  EXPECT_GT(accepted, 256U);  // Letters of names and of metadata, among others.
}

TEST(SafetensorsFile, RandomMutantsAreReadOrRefused) {
  const auto good = SafetensorsBytes(Tiny(), 28);
  constexpr std::string_view kBytes = "{}[]\",:0123456789 FBI-.e";
  std::mt19937 random(5);
  for (int i = 0; i < 50'000; ++i) {
    auto bytes = good;
    for (std::size_t edits = 1 + random() % 4; edits > 0; --edits) {
      const std::size_t position = 8 + random() % (bytes.size() - 36);
      bytes[position] = static_cast<std::byte>(kBytes[random() % kBytes.size()]);
    }
    const auto file = Open(bytes);
    if (file.ok()) continue;
    ASSERT_TRUE(file.status().message().starts_with("m.safetensors: "));
  }
}

TEST(SafetensorsFile, OtherKindsOfFilesAreRecognized) {
  const std::string text = "GGUF....................";
  EXPECT_NE(ErrorOf(std::as_bytes(std::span(text))).find("not a safetensors file"),
            std::string::npos);
  const std::string zip = "PK\x03\x04....................";
  EXPECT_NE(ErrorOf(std::as_bytes(std::span(zip))).find("a zip archive"), std::string::npos);
}

TEST(SafetensorsFile, FortyThousandTensorsAreReadWithinASecond) {
  std::string header = "{";
  for (int i = 0; i < 40'000; ++i) {
    if (i > 0) header += ',';
    header += TensorEntry("model.layers." + std::to_string(i) + ".weight", "F16", "[1]",
                          "[" + std::to_string(2 * i) + "," + std::to_string(2 * i + 2) + "]");
  }
  const auto bytes = SafetensorsBytes(header + "}", 80'000);
  const auto start = std::chrono::steady_clock::now();
  const auto file = Open(bytes);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_NE(file->Find("model.layers.39999.weight"), nullptr);
  EXPECT_LE(file->heap_bytes(), 4 * header.size());
  // An emulator and sanitizers cost about a factor of ten each.
#if defined(FOVEA_SANITIZED)
  constexpr int kPatience = 10;
#else
  constexpr int kPatience = FOVEA_EMULATED != 0 ? 10 : 1;
#endif
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(kPatience));
}

TEST(SafetensorsFile, ReadsRealModels) {
  const std::string path =
      std::string(FOVEA_REFERENCE_DIR) + "/models/albert-rxnmapper/model.safetensors";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
  for (const auto access : {SafetensorsFile::Access::kRead, SafetensorsFile::Access::kMap}) {
    const auto file = SafetensorsFile::Open(path, access);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_GT(file->tensors().size(), 10U);
  }
}

}  // namespace
}  // namespace fovea::format
