#include "tools/attention-dump/output/arrays/array_file.h"
#include "tools/attention-dump/output/arrays/npy_file.h"
#include "tools/attention-dump/output/arrays/npz_file.h"
#include "tools/attention-dump/output/arrays/safetensors_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <memory>

#include "tests/tools/readers.h"
#include "tests/tools/temporary_folder.h"
#include "tools/attention-dump/output/arrays/zip_format.h"

namespace fovea::dump {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kPlanned = 5;  // tokens
constexpr std::uint64_t kVocabulary = 3;

std::vector<ArraySpec> Specs() {
  return {{"attention", ElementType::kF16, {2, 3, kPlanned, kPlanned}},
          {"logits", ElementType::kF32, {kPlanned, kVocabulary}},
          {"q.L0", ElementType::kF32, {3, kPlanned, 2}},
          {"tokens", ElementType::kI32, {kPlanned}},
          {"layers", ElementType::kI32, {2}}};
}

std::vector<Shape> Shapes(const ArrayFile& file, std::uint64_t tokens) {
  std::vector<Shape> shapes;
  for (const ArraySpec& spec : file.arrays()) {
    Shape shape = spec.shape;
    if (spec.name != "layers") {
      for (std::uint64_t& length : shape) length = length == kPlanned ? tokens : length;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

/// A different 16- or 32-bit pattern for every element, by its indices in the planned shape.
std::string Pattern(const ArraySpec& spec, const Shape& shape) {
  std::string bytes;
  const std::size_t size = ElementBytes(spec.type);
  const std::function<void(std::size_t, std::uint32_t)> walk = [&](std::size_t d,
                                                                   std::uint32_t value) {
    if (d == shape.size()) {
      for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFFU);
      return;
    }
    for (std::uint32_t i = 0; i < shape[d]; ++i) walk(d + 1, value * 7 + i + 1);
  };
  walk(0, static_cast<std::uint32_t>(spec.name.size()));
  return bytes;
}

platform::AtomicFile Open(const std::string& path) {
  platform::AtomicFile file;
  std::string error;
  EXPECT_TRUE(platform::AtomicFile::Create(path, &file, &error)) << error;
  return file;
}

/// Fills every array row by row, from the last to the first, and finishes with `tokens` tokens.
void FillAndFinish(ArrayFile* file, std::uint64_t tokens, const std::string& metadata) {
  for (std::size_t i = 0; i < file->arrays().size(); ++i) {
    const ArraySpec& spec = file->arrays()[i];
    const std::string bytes = Pattern(spec, spec.shape);
    const std::size_t part = 10;
    for (std::size_t at = bytes.size(); at > 0;) {
      const std::size_t count = std::min(part, at);
      at -= count;
      ASSERT_TRUE(file->WriteAt(i, at, bytes.data() + at, count).ok());
    }
  }
  const Status status = file->Finish(Shapes(*file, tokens), metadata);
  ASSERT_TRUE(status.ok()) << status.message();
}

void ExpectPatterns(const std::map<std::string, ReadArray>& arrays, std::uint64_t tokens) {
  for (const ArraySpec& spec : Specs()) {
    Shape shape = spec.shape;
    if (spec.name != "layers") {
      for (std::uint64_t& length : shape) length = length == kPlanned ? tokens : length;
    }
    ASSERT_TRUE(arrays.contains(spec.name)) << spec.name;
    const ReadArray& array = arrays.at(spec.name);
    EXPECT_EQ(array.shape, shape) << spec.name;
    EXPECT_EQ(array.bytes, Pattern(spec, shape)) << spec.name << " of " << tokens << " tokens";
  }
}

constexpr const char* kMetadata = "{\"text\": \"caf\xC3\xA9 \xE2\x90\xA3 \xF0\x9F\x90\x88\"}";

TEST(ArrayFile, NpzHoldsWhatWasWrittenForEveryFinalLength) {
  TemporaryFolder folder;
  for (std::uint64_t tokens = 0; tokens <= kPlanned; ++tokens) {
    const std::string path = folder.Path("a.npz");
    auto file = MakeNpz(Open(path), Specs());
    ASSERT_TRUE(file.ok());
    FillAndFinish(file->get(), tokens, kMetadata);
    auto arrays = ReadNpz(ReadWhole(path));
    EXPECT_EQ(arrays.at("metadata").Text(), kMetadata);
    EXPECT_EQ(arrays.size(), Specs().size() + 1);
    EXPECT_EQ((*file)->bytes(), ReadWhole(path).size());
    ExpectPatterns(arrays, tokens);
  }
}

TEST(ArrayFile, SafetensorsHoldsWhatWasWrittenForEveryFinalLengthAndHeaderReserve) {
  TemporaryFolder folder;
  for (std::uint64_t tokens = 0; tokens <= kPlanned; ++tokens) {
    for (const std::uint64_t reserve : {0U, 400U, 5000U}) {  // too small, about right, too large
      const std::string path = folder.Path("a.safetensors");
      auto file = MakeSafetensors(Open(path), Specs(), reserve);
      ASSERT_TRUE(file.ok());
      FillAndFinish(file->get(), tokens, kMetadata);
      const ReadTensors tensors = ReadSafetensors(ReadWhole(path));
      EXPECT_EQ(tensors.metadata.at("metadata"), kMetadata);
      EXPECT_EQ(tensors.arrays.size(), Specs().size());
      ExpectPatterns(tensors.arrays, tokens);
    }
  }
}

TEST(ArrayFile, NpyHoldsTheArrayAndThenTheSidecar) {
  TemporaryFolder folder;
  const ArraySpec spec = Specs().front();
  for (const std::uint64_t tokens : {kPlanned, std::uint64_t{2}}) {
    const std::string path = folder.Path("a.npy");
    auto file = MakeNpy(Open(path), spec);
    ASSERT_TRUE(file.ok());
    FillAndFinish(file->get(), tokens, kMetadata);
    const std::string bytes = ReadWhole(path);
    std::size_t at = 0;
    const ReadArray array = ReadNpy(bytes, &at);
    EXPECT_EQ(array.type, "<f2");
    EXPECT_EQ(array.bytes, Pattern(spec, {2, 3, tokens, tokens}));
    EXPECT_EQ(ReadNpy(bytes, &at).Text(), kMetadata);
    EXPECT_EQ(at, bytes.size());
  }
}

TEST(ArrayFile, WhatIsNeverWrittenIsZero) {
  TemporaryFolder folder;
  auto file = MakeNpz(Open(folder.Path("a.npz")), {{"x", ElementType::kF32, {1000}}});
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Finish({{1000}}, "{}").ok());
  const auto arrays = ReadNpz(ReadWhole(folder.Path("a.npz")));
  EXPECT_EQ(arrays.at("x").bytes, std::string(4000, '\0'));
}

TEST(ArrayFile, NothingAppearsWithoutFinish) {
  TemporaryFolder folder;
  {
    auto file = MakeNpz(Open(folder.Path("a.npz")), Specs());
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->WriteAt(0, 0, "12", 2).ok());
  }
  EXPECT_TRUE(folder.Names().empty());
}

TEST(ArrayFile, WritingBeyondAnArrayOrGrowingItIsAnError) {
  TemporaryFolder folder;
  auto file = MakeNpz(Open(folder.Path("a.npz")), {{"x", ElementType::kI32, {2}}});
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE((*file)->WriteAt(0, 8, "1", 1).ok());
  EXPECT_FALSE((*file)->WriteAt(0, 4, "12345", 5).ok());
  EXPECT_FALSE((*file)->Finish({{3}}, "{}").ok());
  EXPECT_FALSE((*file)->Finish({}, "{}").ok());
}

TEST(ArrayFile, SizesThatWrapAreRefused) {
  const std::uint64_t huge = std::uint64_t{1} << 32U;
  EXPECT_FALSE(ArrayBytes(ElementType::kF32, {huge, huge}).ok());
  EXPECT_FALSE(ArrayBytes(ElementType::kF16, {huge, huge, huge, huge}).ok());
  EXPECT_EQ(*ArrayBytes(ElementType::kF32, {huge, 0, huge}), 0U);
  TemporaryFolder folder;
  EXPECT_FALSE(MakeNpz(Open(folder.Path("a.npz")), {{"x", ElementType::kF32, {huge, huge}}}).ok());
}

TEST(ZipFormat, ManyMembersGetZip64Records) {
  // An archive of 70,000 empty members, read back by the independent reader's rules.
  std::vector<ZipMember> members(70'000);
  std::string archive;
  for (std::size_t i = 0; i < members.size(); ++i) {
    members[i].name = std::to_string(i) + ".x";
    members[i].offset = archive.size();
    archive += ZipLocalHeader(members[i]);
  }
  const std::string directory = ZipDirectory(members, archive.size());
  const std::string end = directory.substr(directory.size() - 22 - 20 - 56);
  EXPECT_EQ(end.substr(0, 4), "PK\x06\x06");
  std::uint64_t count = 0;
  std::memcpy(&count, end.data() + 32, sizeof(count));
  EXPECT_EQ(count, members.size());
  EXPECT_EQ(end.substr(56, 4), "PK\x06\x07");
  EXPECT_EQ(end.substr(56 + 20 + 8, 4), "\xFF\xFF\xFF\xFF");
}

TEST(ZipFormat, LargeMembersAndOffsetsGetZip64Fields) {
  const std::uint64_t large = 5'000'000'000;
  const ZipMember member = {.name = "a", .offset = large, .bytes = large, .crc = 1, .zip64 = true};
  EXPECT_EQ(ZipLocalHeader(member).size(), ZipLocalHeaderBytes("a", true));
  const std::string directory = ZipDirectory({member}, 2 * large);
  EXPECT_EQ(directory.size(), 46U + 1 + 28 + 56 + 20 + 22);
  EXPECT_FALSE(NeedsZip64(0xFFFFFFFE));
  EXPECT_TRUE(NeedsZip64(0xFFFFFFFF));
}

}  // namespace
}  // namespace fovea::dump
