// What the tests of this room share: opening bytes, expecting errors, and a small file with
// everything.
#ifndef FOVEA_TESTS_FORMAT_FORMAT_TESTING_H_
#define FOVEA_TESTS_FORMAT_FORMAT_TESTING_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/format/gguf_file.h"
#include "tests/format/gguf_builder.h"

namespace fovea::testing {

inline constexpr std::string_view kFileName = "dir/test.gguf";

inline Result<format::GgufFile> Open(const Bytes& bytes) {
  return format::GgufFile::FromBuffer(bytes, std::string(kFileName));
}

/// One line that begins with the file's name and contains each of the pieces.
inline void ExpectMessage(const Status& status, StatusCode code,
                          std::initializer_list<std::string_view> pieces) {
  EXPECT_EQ(StatusCodeName(status.code()), std::string(StatusCodeName(code))) << status.message();
  EXPECT_TRUE(status.message().starts_with(std::string(kFileName) + ": ")) << status.message();
  EXPECT_EQ(status.message().find('\n'), std::string::npos);
  for (const std::string_view piece : pieces) {
    EXPECT_NE(status.message().find(piece), std::string::npos)
        << "'" << piece << "' not in: " << status.message();
  }
}

/// The bytes do not open, for the reason given.
inline void ExpectRefused(const Bytes& bytes, StatusCode code,
                          std::initializer_list<std::string_view> pieces) {
  const auto file = Open(bytes);
  ASSERT_FALSE(file.ok()) << "opened";
  ExpectMessage(file.error(), code, pieces);
}

/// Keys of every type and tensors of several types: about 2 KB.
inline GgufBuilder EverythingBuilder() {
  GgufBuilder builder;
  builder.Add("general.architecture", "llama")
      .Add("general.alignment", std::uint32_t{32})
      .Add("a.u8", std::uint8_t{200})
      .Add("a.i8", std::int8_t{-7})
      .Add("a.u16", std::uint16_t{60000})
      .Add("a.i16", std::int16_t{-300})
      .Add("a.u32", std::uint32_t{4000000000U})
      .Add("a.i32", std::int32_t{-70000})
      .Add("a.u64", std::uint64_t{0xFFFFFFFFFFFFFFFFU})
      .Add("a.i64", std::int64_t{-5000000000})
      .Add("a.f32", 1.5F)
      .Add("a.f64", -0.25)
      .Add("a.bool", true)
      .Add("b.strings", std::vector<std::string>{"", "one", "two words"})
      .Add("b.floats", std::vector<float>{1.0F, -2.0F})
      .Add("b.doubles", std::vector<double>{3.0, 4.5})
      .Add("b.ints", std::vector<std::int32_t>{-1, 0, 1})
      .Add("b.bytes", std::vector<std::uint8_t>{1, 2, 3, 4, 5})
      .Add("b.empty", std::vector<std::uint64_t>{});
  builder.AddTensor("vector", DataType::kF32, {5})
      .AddTensor("matrix", DataType::kQ8_0, {32, 2})
      .AddTensor("cube", DataType::kF16, {2, 3, 2})
      .AddTensor("super", DataType::kQ4_K, {256, 2})
      .AddTensor("four", DataType::kBF16, {1, 2, 1, 2});
  return builder;
}

}  // namespace fovea::testing

#endif  // FOVEA_TESTS_FORMAT_FORMAT_TESTING_H_
