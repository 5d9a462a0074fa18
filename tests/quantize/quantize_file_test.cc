// Whole files: what is copied, what is changed, and that failures leave nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "engine/format/gguf_file.h"
#include "fovea/model.h"
#include "tests/format/format_testing.h"
#include "tests/hostile/tiny_llama.h"
#include "tests/platform/temporary_folder.h"
#include "tests/quantize/quantize_testing.h"

namespace fovea::testing {
namespace {

using format::GgufFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Bytes FloatBytes(const std::vector<float>& values) {
  ByteWriter out;
  for (const float value : values) out.Put(value);
  return out.bytes();
}

/// Columns of every kind, and tensors that stay as they are.
GgufBuilder MixedFile() {
  GgufBuilder builder = EverythingBuilder();
  builder.tensors.clear();
  const auto add = [&](const char* name, std::uint64_t columns, std::uint64_t rows) {
    builder.AddTensor(
        name, DataType::kF32, {columns, rows},
        FloatBytes(NormalNumbers(static_cast<std::size_t>(columns * rows), 0.1F, 31)));
  };
  add("token_embd.weight", 256, 40);
  add("output.weight", 256, 40);
  add("blk.0.ffn_down.weight", 96, 7);
  add("blk.0.odd.weight", 20, 3);
  add("position_embd.weight", 256, 8);
  builder.AddTensor("blk.0.experts.weight", DataType::kF32, {256, 3, 2},
                    FloatBytes(NormalNumbers(256 * 6, 0.1F, 32)));
  builder.AddTensor("blk.0.attn_norm.weight", DataType::kF16, {256});
  builder.AddTensor("blk.0.old.weight", DataType::kQ8_0, {256, 2});
  return builder;
}

class QuantizeFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const Bytes& bytes) const {
    const std::string path = folder_.File(name);
    platform::WriteText(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    return path;
  }
  std::string Out() const { return folder_.File("out.gguf"); }
  /// A failure that names `piece` and leaves only the input.
  void ExpectRefused(const std::string& input, const std::string& output,
                     const QuantizeOptions& options, StatusCode code, const std::string& piece) {
    const auto before = folder_.Names();
    const auto report = QuantizeFile(input, output, options);
    ASSERT_FALSE(report.ok());
    EXPECT_EQ(report.status().code(), code) << report.status().message();
    EXPECT_THAT(report.status().message(), HasSubstr(piece));
    EXPECT_EQ(folder_.Names(), before);
  }

  platform::TemporaryFolder folder_;
};

DataType TypeOf(const QuantizeReport& report, const std::string& name) {
  for (const QuantizedTensor& tensor : report.tensors) {
    if (tensor.name == name) return tensor.to;
  }
  ADD_FAILURE() << name << " is missing";
  return DataType::kF32;
}

TEST_F(QuantizeFileTest, CopiesKeysAndConvertsTensors) {
  const std::string input = Write("in.gguf", MixedFile().Build());
  const auto report = QuantizeFile(input, Out(), {.type = DataType::kQ4_K});
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(TypeOf(*report, "token_embd.weight"), DataType::kQ4_K);
  EXPECT_EQ(TypeOf(*report, "output.weight"), DataType::kQ6_K);
  EXPECT_EQ(TypeOf(*report, "blk.0.ffn_down.weight"), DataType::kQ5_0);
  EXPECT_EQ(TypeOf(*report, "blk.0.odd.weight"), DataType::kF16);
  EXPECT_EQ(TypeOf(*report, "position_embd.weight"), DataType::kF32);
  EXPECT_EQ(TypeOf(*report, "blk.0.experts.weight"), DataType::kQ4_K);
  EXPECT_EQ(TypeOf(*report, "blk.0.attn_norm.weight"), DataType::kF32);
  EXPECT_EQ(report->requantized, 1U);

  const auto before = GgufFile::Open(input);
  const auto after = GgufFile::Open(Out());
  ASSERT_TRUE(before.ok());
  ASSERT_TRUE(after.ok()) << after.status().message();
  for (const std::string_view key : before->Keys()) {
    EXPECT_EQ(after->Describe(key), before->Describe(key)) << key;
  }
  EXPECT_EQ(*after->FindStringArray("b.strings"), *before->FindStringArray("b.strings"));
  EXPECT_EQ(*after->FindFloatArray("b.doubles"), *before->FindFloatArray("b.doubles"));
  EXPECT_EQ(*after->GetUint("general.file_type", 0, 99), FileTypeNumber(DataType::kQ4_K));
  EXPECT_EQ(*after->GetUint("general.quantization_version", 0, 99), 2U);
  EXPECT_EQ(after->Keys().size(), before->Keys().size() + 2);

  ASSERT_EQ(after->tensors().size(), before->tensors().size());
  std::uint64_t bytes = 0;
  QuantizationError all;
  for (std::size_t i = 0; i < after->tensors().size(); ++i) {
    const format::SourceTensor& from = before->tensors()[i];
    const format::SourceTensor& to = after->tensors()[i];
    EXPECT_EQ(to.name, from.name);
    EXPECT_EQ(to.shape, from.shape);
    EXPECT_EQ(to.data.size(), report->tensors[i].bytes);
    EXPECT_EQ(from.data.size(), report->tensors[i].bytes_before);
    const std::size_t count = from.Matrix().rows * from.Matrix().cols;
    std::vector<float> values(count);
    ASSERT_TRUE(Decode(from.type, from.data, values).ok());
    if (to.type == from.type) {
      EXPECT_TRUE(std::ranges::equal(to.data, from.data)) << from.name;
    } else {
      EXPECT_TRUE(std::ranges::equal(Encoded(to.type, values), to.data)) << from.name;
    }
    bytes += to.data.size();
    all.Add(report->tensors[i].error);
  }
  EXPECT_EQ(report->tensor_bytes, bytes);
  EXPECT_EQ(report->file_bytes, std::filesystem::file_size(Out()));
  EXPECT_EQ(report->file_bytes_before, std::filesystem::file_size(input));
  EXPECT_DOUBLE_EQ(report->error.Relative(), all.Relative());
}

TEST_F(QuantizeFileTest, GivesTheSameFileForAnyNumberOfThreads) {
  const std::string input = Write("in.gguf", MixedFile().Build());
  for (const DataType type : EncodableTypes()) {
    const auto report = QuantizeFile(input, Out(), {.type = type});
    ASSERT_TRUE(report.ok()) << report.status().message();
    const std::string expected = platform::ReadText(Out());
    for (const std::size_t threads : {2U, 5U}) {
      const auto again = QuantizeFile(input, Out(), {.type = type, .threads = threads});
      ASSERT_TRUE(again.ok());
      EXPECT_TRUE(platform::ReadText(Out()) == expected) << DataTypeName(type);
      EXPECT_EQ(again->error.squared_error, report->error.squared_error);
    }
  }
}

TEST_F(QuantizeFileTest, MakesFilesThatModelsLoadFrom) {
  const std::string input = Write("in.gguf", TinyLlama().Build());
  for (const DataType type : EncodableTypes()) {
    ASSERT_TRUE(QuantizeFile(input, Out(), {.type = type}).ok());
    const auto model = Model::Load(Out());
    ASSERT_TRUE(model.ok()) << DataTypeName(type) << ": " << model.status().message();
    EXPECT_EQ(model->info().vocabulary, kTinyVocabulary);
  }
}

TEST_F(QuantizeFileTest, TiedModelsKeepTheEmbeddingAtTheOutputsTypeUnlessPure) {
  GgufBuilder builder = MixedFile();
  std::erase_if(builder.tensors, [](const auto& tensor) { return tensor.name == "output.weight"; });
  const std::string input = Write("in.gguf", builder.Build());
  const auto mixed = QuantizeFile(input, Out(), {.type = DataType::kQ4_K});
  ASSERT_TRUE(mixed.ok());
  EXPECT_EQ(TypeOf(*mixed, "token_embd.weight"), DataType::kQ6_K);
  const auto pure = QuantizeFile(input, Out(), {.type = DataType::kQ4_K, .pure = true});
  ASSERT_TRUE(pure.ok());
  EXPECT_EQ(TypeOf(*pure, "token_embd.weight"), DataType::kQ4_K);
}

TEST_F(QuantizeFileTest, KeepsAnAlignmentAndReadsVersionTwo) {
  GgufBuilder builder = MixedFile();
  builder.version = 2;
  const std::string old = Write("old.gguf", builder.Build());
  ASSERT_TRUE(QuantizeFile(old, Out(), {}).ok());
  EXPECT_EQ(GgufFile::Open(Out())->version(), 3U);

  GgufBuilder wide;
  wide.alignment = 128;
  wide.Add("general.file_type", std::uint32_t{0})
      .Add("general.alignment", std::uint32_t{128})
      .Add("after", std::uint8_t{7})
      .AddTensor("a.weight", DataType::kF32, {32, 3})
      .AddTensor("b.weight", DataType::kF32, {32, 5});
  const std::string input = Write("wide.gguf", wide.Build());
  ASSERT_TRUE(QuantizeFile(input, Out(), {.type = DataType::kQ4_0, .pure = true}).ok());
  const auto file = GgufFile::Open(Out());
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_EQ(*file->GetUint("general.alignment", 0, 1000), 128U);
  EXPECT_EQ(*file->GetUint("general.file_type", 0, 99), FileTypeNumber(DataType::kQ4_0));
  EXPECT_EQ(*file->GetUint("after", 0, 99), 7U);
  for (const format::SourceTensor& tensor : file->tensors()) {
    EXPECT_EQ((tensor.data.data() - file->bytes().data()) % 128, 0);
  }
}

TEST_F(QuantizeFileTest, NamesTheTensorWhoseNumbersCannotBeEncoded) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), 1e30F}) {
    GgufBuilder builder = MixedFile();
    std::vector<float> values = NormalNumbers(256 * 3, 1.0F, 40);
    values[600] = bad;
    builder.AddTensor("blk.1.bad.weight", DataType::kF32, {256, 3}, FloatBytes(values));
    const std::string input = Write("in.gguf", builder.Build());
    const auto code = bad > 0.0F ? StatusCode::kLimitExceeded : StatusCode::kNonFinite;
    ExpectRefused(input, Out(), {.type = DataType::kQ8_0, .threads = 2}, code,
                  "in.gguf: tensor 'blk.1.bad.weight': row 2: a number is");
  }
}

TEST_F(QuantizeFileTest, RefusesItsInputAsOutput) {
  const std::string input = Write("in.gguf", MixedFile().Build());
  ExpectRefused(input, input, {}, StatusCode::kInvalidArgument, "is the input file itself");
  ExpectRefused(input, folder_.path() + "/./in.gguf", {}, StatusCode::kInvalidArgument, "itself");
  std::filesystem::create_symlink(input, folder_.File("link.gguf"));
  ExpectRefused(input, folder_.File("link.gguf"), {}, StatusCode::kInvalidArgument, "itself");
}

TEST_F(QuantizeFileTest, LeavesNothingBehindWhenItFails) {
  const std::string input = Write("in.gguf", MixedFile().Build());
  const std::string text = Write("text.gguf", ByteWriter().Raw("no model").bytes());
  ExpectRefused(folder_.File("missing"), Out(), {}, StatusCode::kNotFound, "missing");
  ExpectRefused(text, Out(), {}, StatusCode::kMalformed, "not a GGUF file");
  ExpectRefused(input, folder_.path(), {}, StatusCode::kIoError, "directory");
  ExpectRefused(input, folder_.File("no/such/folder"), {}, StatusCode::kIoError, "no/such/folder");
  ExpectRefused(input, Out(), {.type = DataType::kQ2_K}, StatusCode::kInvalidArgument, "Q2_K");
  Bytes cut = MixedFile().Build();
  cut.resize(cut.size() - 1);
  ExpectRefused(Write("cut.gguf", cut), Out(), {}, StatusCode::kMalformed, "cut.gguf");
}

TEST_F(QuantizeFileTest, StopsWhenAskedAndKeepsAnOlderFile) {
  const std::string input = Write("in.gguf", MixedFile().Build());
  platform::WriteText(Out(), "older");
  int asked = 0;
  ExpectRefused(input, Out(), {.cancelled = [&] { return ++asked == 4; }}, StatusCode::kCancelled,
                "cancelled");
  EXPECT_EQ(platform::ReadText(Out()), "older");
  EXPECT_EQ(asked, 4);
}

TEST_F(QuantizeFileTest, TellsHowFarItIs) {
  const std::string input = Write("in.gguf", MixedFile().Build());
  std::vector<double> done;
  std::string last;
  const auto on_progress = [&](double part, const std::string& tensor) {
    done.push_back(part);
    last = tensor;
  };
  ASSERT_TRUE(QuantizeFile(input, Out(), {.on_progress = on_progress}).ok());
  ASSERT_GE(done.size(), 8U);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.front(), 0.0);
  EXPECT_LE(done.back(), 1.0);
  EXPECT_EQ(last, "blk.0.old.weight");
}

}  // namespace
}  // namespace fovea::testing
