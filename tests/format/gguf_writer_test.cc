// What the writer writes, the reader reads; what it must not write, it refuses.
#include "fovea/gguf_writer.h"

#include "tests/format/format_testing.h"
#include "tests/platform/temporary_folder.h"

namespace fovea::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GgufWriterTest : public ::testing::Test {
 protected:
  GgufWriter Create(std::size_t alignment = 32) const {
    auto writer = GgufWriter::Create(path_, alignment);
    EXPECT_TRUE(writer.ok()) << writer.status().message();
    return std::move(*writer);
  }
  static void ExpectWrong(const Status& status, const std::string& piece) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(piece));
    EXPECT_THAT(status.message(), HasSubstr("file.gguf: "));
  }
  static std::vector<std::byte> Pattern(std::size_t bytes, unsigned start) {
    std::vector<std::byte> out(bytes);
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<std::byte>(start + i);
    return out;
  }

  platform::TemporaryFolder folder_;
  std::string path_ = folder_.File("file.gguf");
};

TEST_F(GgufWriterTest, WritesKeysOfEveryType) {
  GgufWriter writer = Create();
  EXPECT_TRUE(writer.AddNumber("u8", std::uint8_t{200}).ok());
  EXPECT_TRUE(writer.AddNumber("i8", std::int8_t{-7}).ok());
  EXPECT_TRUE(writer.AddNumber("u16", std::uint16_t{60000}).ok());
  EXPECT_TRUE(writer.AddNumber("i16", std::int16_t{-300}).ok());
  EXPECT_TRUE(writer.AddNumber("u32", std::uint32_t{4000000000U}).ok());
  EXPECT_TRUE(writer.AddNumber("i32", std::int32_t{-70000}).ok());
  EXPECT_TRUE(writer.AddNumber("u64", std::uint64_t{1} << 63U).ok());
  EXPECT_TRUE(writer.AddNumber("i64", std::int64_t{-5000000000}).ok());
  EXPECT_TRUE(writer.AddNumber("f32", 1.5F).ok());
  EXPECT_TRUE(writer.AddNumber("f64", -0.25).ok());
  EXPECT_TRUE(writer.AddNumber("bool", true).ok());
  EXPECT_TRUE(writer.AddText("text", "two words").ok());
  EXPECT_TRUE(writer.AddText("empty text", "").ok());
  EXPECT_TRUE(writer.AddTexts("texts", std::vector<std::string>{"", "one"}).ok());
  EXPECT_TRUE(writer.AddNumbers("floats", std::vector<float>{1.0F, -2.0F}).ok());
  EXPECT_TRUE(writer.AddNumbers("ints", std::vector<std::int64_t>{-1, 2}).ok());
  EXPECT_TRUE(writer.AddNumbers("none", std::vector<std::uint8_t>{}).ok());
  ASSERT_TRUE(writer.Finish().ok());

  const auto file = format::GgufFile::Open(path_);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(file->version(), 3U);
  EXPECT_EQ(file->Keys().size(), 17U);
  EXPECT_TRUE(file->tensors().empty());
  const auto number = [&](const char* key) {
    const auto list = file->FindIntArray(key, INT64_MIN, INT64_MAX);
    return list.ok() && list->size() == 1 ? (*list)[0] : 0;
  };
  EXPECT_EQ(number("u8"), 200);
  EXPECT_EQ(number("i8"), -7);
  EXPECT_EQ(number("u16"), 60000);
  EXPECT_EQ(number("i16"), -300);
  EXPECT_EQ(number("u32"), 4000000000);
  EXPECT_EQ(number("i32"), -70000);
  EXPECT_EQ(*file->GetUint("u64", 0, UINT64_MAX), std::uint64_t{1} << 63U);
  EXPECT_EQ(number("i64"), -5000000000);
  EXPECT_EQ(*file->GetFloat("f32"), 1.5F);
  EXPECT_EQ(*file->GetFloat("f64"), -0.25F);
  EXPECT_EQ(**file->FindBool("bool"), true);
  EXPECT_EQ(*file->GetString("text"), "two words");
  EXPECT_EQ(*file->GetString("empty text"), "");
  EXPECT_THAT(*file->FindStringArray("texts"), ElementsAre("", "one"));
  EXPECT_THAT(*file->FindFloatArray("floats"), ElementsAre(1.0F, -2.0F));
  EXPECT_THAT(*file->FindIntArray("ints", -5, 5), ElementsAre(-1, 2));
  EXPECT_TRUE(file->IsArray("none"));
}

TEST_F(GgufWriterTest, WritesTensorsInPiecesAtTheAlignment) {
  for (const std::size_t alignment : {8U, 32U, 256U}) {
    GgufWriter writer = Create(alignment);
    ASSERT_TRUE(writer.Describe("vector", DataType::kF32, {5}).ok());
    ASSERT_TRUE(writer.AddText("between", "tensors").ok());
    ASSERT_TRUE(writer.Describe("matrix", DataType::kQ8_0, {32, 3}).ok());
    ASSERT_TRUE(writer.Describe("cube", DataType::kF16, {1, 2, 3, 2}).ok());
    const auto vector = Pattern(20, 1);
    const auto matrix = Pattern(34 * 3, 50);
    const auto cube = Pattern(24, 99);
    ASSERT_TRUE(writer.Append(vector).ok());
    ASSERT_TRUE(writer.Append(std::span(matrix).first(1)).ok());
    ASSERT_TRUE(writer.Append({}).ok());
    ASSERT_TRUE(writer.Append(std::span(matrix).subspan(1)).ok());
    ASSERT_TRUE(writer.Append(cube).ok());
    EXPECT_FALSE(std::filesystem::exists(path_));
    ASSERT_TRUE(writer.Finish().ok());
    EXPECT_EQ(std::filesystem::file_size(path_), writer.size());

    const auto file = format::GgufFile::Open(path_);
    ASSERT_TRUE(file.ok()) << file.status().message();
    ASSERT_EQ(file->tensors().size(), 3U);
    const std::vector<std::byte>* expected[] = {&vector, &matrix, &cube};
    for (std::size_t i = 0; i < 3; ++i) {
      const format::SourceTensor& tensor = file->tensors()[i];
      EXPECT_TRUE(std::ranges::equal(tensor.data, *expected[i])) << tensor.name;
      EXPECT_EQ((tensor.data.data() - file->bytes().data()) % static_cast<long>(alignment), 0);
    }
    EXPECT_THAT(file->tensors()[2].shape, ElementsAre(1, 2, 3, 2));
    EXPECT_EQ(file->HasKey("general.alignment"), alignment != 32);
    std::filesystem::remove(path_);
  }
}

TEST_F(GgufWriterTest, LeavesNothingBehindUnlessItFinishes) {
  platform::WriteText(path_, "older");
  {
    GgufWriter writer = Create();
    ASSERT_TRUE(writer.Describe("vector", DataType::kF32, {5}).ok());
    ASSERT_TRUE(writer.Append(Pattern(19, 0)).ok());
    ExpectWrong(writer.Finish(), "bytes of a tensor are missing");
  }
  EXPECT_THAT(folder_.Names(), ElementsAre("file.gguf"));
  EXPECT_EQ(platform::ReadText(path_), "older");
}

TEST_F(GgufWriterTest, RefusesWhatReadersWouldRefuse) {
  GgufWriter writer = Create();
  ASSERT_TRUE(writer.AddNumber("key", 1).ok());
  ExpectWrong(writer.AddNumber("key", 2), "key 'key' is added twice");
  ExpectWrong(writer.AddNumber("", 2), "a key must have");
  ExpectWrong(writer.AddNumber(std::string(65536, 'k'), 2), "a key must have");
  ASSERT_TRUE(writer.Describe("a", DataType::kF32, {1}).ok());
  ExpectWrong(writer.Describe("a", DataType::kF32, {1}), "tensor 'a': described twice");
  ExpectWrong(writer.Describe("", DataType::kF32, {1}), "a name must have");
  ExpectWrong(writer.Describe("b", DataType::kF32, {}), "1 to 4 dimensions");
  ExpectWrong(writer.Describe("b", DataType::kF32, {1, 1, 1, 1, 1}), "1 to 4 dimensions");
  ExpectWrong(writer.Describe("b", DataType::kF32, {4, 0}), "a dimension is 0");
  ExpectWrong(writer.Describe("b", DataType::kQ4_K, {128}), "whole blocks");
  ExpectWrong(writer.Describe("b", static_cast<DataType>(99), {128}), "whole blocks");
  ExpectWrong(writer.Describe("b", DataType::kF32, {1ULL << 40U, 1ULL << 40U}), "address space");
  ExpectWrong(writer.Append(Pattern(5, 0)), "more bytes than the tensor has");
  ASSERT_TRUE(writer.Append(Pattern(4, 0)).ok());
  ExpectWrong(writer.Append(Pattern(1, 0)), "more bytes than the tensor has");
  ExpectWrong(writer.AddNumber("late", 2), "comes after tensor data");
  ExpectWrong(writer.Describe("late", DataType::kF32, {1}), "described after tensor data");
  EXPECT_TRUE(writer.Finish().ok());
  for (const std::size_t alignment : {0U, 4U, 33U, 131072U}) {
    ExpectWrong(GgufWriter::Create(path_, alignment).status(), "alignment");
  }
}

TEST_F(GgufWriterTest, SaysWhyAFileCannotBeMade) {
  const auto writer = GgufWriter::Create(folder_.File("no/such/file.gguf"));
  ASSERT_FALSE(writer.ok());
  EXPECT_EQ(writer.status().code(), StatusCode::kIoError);
  EXPECT_THAT(writer.status().message(), HasSubstr("no/such/file.gguf: No such file"));
}

}  // namespace
}  // namespace fovea::testing
