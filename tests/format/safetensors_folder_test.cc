// The weights of a folder: one file, shards, and indexes that lie.
#include "engine/format/safetensors_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/format/safetensors_builder.h"
#include "tests/platform/temporary_folder.h"

namespace fovea::format {
namespace {

using testing::SafetensorsBytes;
using testing::TensorEntry;

class SafetensorsFolderTest : public ::testing::Test {
 protected:
  void WriteShard(const std::string& name, const std::string& tensor) {
    const auto bytes = SafetensorsBytes("{" + TensorEntry(tensor, "F32", "[1]", "[0,4]") + "}", 4);
    std::ofstream(folder_.File(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  void WriteIndex(std::string_view json) {
    std::ofstream(folder_.File("model.safetensors.index.json")) << json;
  }
  /// The message without the folder's path.
  std::string Error() {
    const auto opened = SafetensorsFolder::Open(folder_.path());
    if (opened.ok()) return "";
    std::string message = opened.status().message();
    EXPECT_TRUE(message.starts_with(folder_.path())) << message;
    return message.substr(folder_.path().size());
  }
  platform::TemporaryFolder folder_;
};

TEST_F(SafetensorsFolderTest, OneFile) {
  WriteShard("model.safetensors", "a");
  WriteIndex("not even JSON: the single file comes first");
  const auto folder = SafetensorsFolder::Open(folder_.path());
  ASSERT_TRUE(folder.ok()) << folder.status().message();
  EXPECT_EQ(folder->tensor_count(), 1U);
  EXPECT_NE(folder->Find("a"), nullptr);
  EXPECT_EQ(folder->Require("b").status().code(), StatusCode::kNotFound);
}

TEST_F(SafetensorsFolderTest, Shards) {
  WriteShard("model-00001-of-00002.safetensors", "a");
  WriteShard("model-00002-of-00002.safetensors", "b");
  WriteIndex(R"({"metadata": {"total_size": 8}, "weight_map": {
      "b": "model-00002-of-00002.safetensors", "a": "model-00001-of-00002.safetensors"}})");
  const auto folder = SafetensorsFolder::Open(folder_.path(), SafetensorsFile::Access::kMap);
  ASSERT_TRUE(folder.ok()) << folder.status().message();
  EXPECT_EQ(folder->files().size(), 2U);
  ASSERT_NE(folder->Find("a"), nullptr);
  EXPECT_EQ(folder->Find("b")->name, "b");
  EXPECT_TRUE(folder->Require("b").ok());
  EXPECT_NE(folder->Require("c").status().message().find("index.json: tensor 'c': missing"),
            std::string::npos);
}

TEST_F(SafetensorsFolderTest, FoldersThatMissSomethingGiveOneLine) {
  EXPECT_EQ(Error(), ": has neither model.safetensors nor model.safetensors.index.json");
  WriteIndex(R"({"weight_map": {"a": "gone.safetensors"}})");
  EXPECT_EQ(Error(), "/gone.safetensors: No such file or directory");
  WriteShard("gone.safetensors", "b");
  EXPECT_EQ(Error(),
            "/model.safetensors.index.json: weight_map: tensor 'a' is not in 'gone.safetensors'");
}

TEST_F(SafetensorsFolderTest, IndexesThatLieAreRefused) {
  WriteShard("s.safetensors", "a");
  const struct {
    std::string_view json, message;
  } rows[] = {
      {"", "JSON, line 1, column 1: the text ends where a value is expected"},
      {"[]", "weight_map is missing or no object"},
      {"{}", "weight_map is missing or no object"},
      {R"({"weight_map": []})", "weight_map is missing or no object"},
      {R"({"weight_map": {"a": 1}})", "the file of tensor 'a' is a number, not a string"},
      {R"({"weight_map": {"a": "s.safetensors", "a": "s.safetensors"}})", "has the key 'a' twice"},
      {R"({"weight_map": {"a": ""}})", "'' is not the plain name"},
      {R"({"weight_map": {"a": "."}})", "'.' is not the plain name"},
      {R"({"weight_map": {"a": ".."}})", "'..' is not the plain name"},
      {R"({"weight_map": {"a": ".safetensors"}})", "'.safetensors' is not the plain name"},
      {R"({"weight_map": {"a": "../s.safetensors"}})", "'../s.safetensors' is not the plain name"},
      {R"({"weight_map": {"a": "/etc/s.safetensors"}})", "is not the plain name"},
      {R"({"weight_map": {"a": "./s.safetensors"}})", "is not the plain name"},
      {R"({"weight_map": {"a": "b/s.safetensors"}})", "is not the plain name"},
      {R"({"weight_map": {"a": "b\\s.safetensors"}})", "is not the plain name"},
      {R"({"weight_map": {"a": "C:s.safetensors"}})", "is not the plain name"},
      {R"({"weight_map": {"a": "s\u0000.safetensors"}})", "is not the plain name"},
      {R"({"weight_map": {"a": "s.bin"}})", "'s.bin' is not the plain name"},
      {R"({"weight_map": {"a": "/dev/zero"}})", "'/dev/zero' is not the plain name"},
  };
  for (const auto& row : rows) {
    WriteIndex(row.json);
    const std::string message = Error();
    EXPECT_TRUE(message.starts_with("/model.safetensors.index.json: ")) << message;
    EXPECT_NE(message.find(row.message), std::string::npos) << row.json << "\n" << message;
  }
}

TEST_F(SafetensorsFolderTest, ABrokenShardIsNamed) {
  std::ofstream(folder_.File("s.safetensors")) << "short";
  WriteIndex(R"({"weight_map": {"a": "s.safetensors"}})");
  EXPECT_EQ(Error(),
            "/s.safetensors: truncated: the header's length (8 bytes) does not fit into "
            "the file's 5 bytes");
}

}  // namespace
}  // namespace fovea::format
