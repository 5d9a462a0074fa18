// attention-dump from outside over long texts and as a live stream.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/tools/readers.h"
#include "tests/tools/run_program.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr const char* kModel = FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf";
constexpr const char* kGemma2 = FOVEA_SOURCE_DIR "/tests/golden/data/gemma2.gguf";
constexpr int kUsage = 2;

class LongCli : public testing::Test {
 protected:
  ProgramResult Run(std::vector<std::string> arguments) {
    return RunProgram({.arguments = std::move(arguments)}, scratch_.path().string());
  }
  std::string Good(std::vector<std::string> arguments) {
    const ProgramResult result = Run(std::move(arguments));
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(result.errors, "");
    return result.output;
  }
  /// A command line that is refused: the line after "attention-dump: ".
  std::string Refused(std::vector<std::string> arguments) {
    const ProgramResult result = Run(std::move(arguments));
    EXPECT_EQ(result.exit_code, kUsage);
    EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1) << result.errors;
    EXPECT_THAT(folder_.Names(), IsEmpty());
    return result.errors.substr(std::min(result.errors.size(), std::size_t{16}));
  }
  std::string Path(const std::string& name) const { return folder_.Path(name); }

  TemporaryFolder scratch_;
  TemporaryFolder folder_;
};

std::vector<json> Lines(const std::string& text) {
  std::vector<json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string Ids(std::size_t count) {
  std::string ids = "1";
  for (std::size_t i = 1; i < count; ++i) ids += "," + std::to_string(3 + i % 50);
  return ids;
}

TEST_F(LongCli, ReductionsAreLabelledLossyInEveryFormat) {
  Good({kModel, "--text", "The dog sat by the fire.", "--layers", "1", "--heads", "2", "--top-k",
        "3", "--pool", "4", "-o", Path("m.npz"), "-o", Path("m.safetensors"), "-o",
        Path("m.json")});
  const auto arrays = ReadNpz(ReadWhole(Path("m.npz")));
  const json metadata = json::parse(arrays.at("metadata").Text());
  ASSERT_EQ(metadata["lossy"].size(), 2U);
  EXPECT_EQ(metadata["lossy"][0]["kind"], "top-k");
  EXPECT_EQ(metadata["lossy"][0]["k"], 3);
  EXPECT_GT(metadata["lossy"][0]["worst_residual"], metadata["lossy"][0]["mean_residual"]);
  EXPECT_EQ(metadata["lossy"][1], json({{"kind", "pool"}, {"block", 4}}));
  const ReadTensors tensors = ReadSafetensors(ReadWhole(Path("m.safetensors")));
  EXPECT_EQ(json::parse(tensors.metadata.at("metadata")), metadata);
  for (const char* name : {"topk_index", "topk_weight", "residual", "pooled_max", "pooled_mean"}) {
    EXPECT_EQ(tensors.arrays.at(name).bytes, arrays.at(name).bytes) << name;
  }
  const json text = json::parse(ReadWhole(Path("m.json")));
  EXPECT_EQ(text["metadata"]["lossy"], metadata["lossy"]);
  EXPECT_EQ(text["top_k"][0][0][5]["keys"].size(), 3U);
  const auto side = static_cast<std::size_t>(arrays.at("pooled_max").shape.at(2));
  EXPECT_EQ(text["pooled_max"][0][0].size(), side);
}

TEST_F(LongCli, WhatCannotBeIsRefusedWithOneLineBeforeAnythingIsOpened) {
  const auto with = [&](std::vector<std::string> words, const std::string& output) {
    words.insert(words.end(), {"-o", Path(output)});
    return Refused(words);
  };
  EXPECT_THAT(with({"--top-k", "0"}, "m.npz"), StartsWith("--top-k: '0'"));
  EXPECT_THAT(with({"--pool", "1"}, "m.npz"), StartsWith("--pool: '1'"));
  EXPECT_THAT(with({"--top-k", "3"}, "m.npy"), HasSubstr(".npz or .safetensors"));
  EXPECT_THAT(with({"--top-k", "3"}, "m.png"), StartsWith("--top-k: needs"));
  EXPECT_THAT(with({"--pool", "3"}, "m.html"), StartsWith("--pool: needs"));
  EXPECT_THAT(with({"--pool", "3", "--top-k", "3"}, "m.csv"), HasSubstr("two tables"));
  EXPECT_THAT(with({"--no-maps"}, "m.npz"), HasSubstr("nothing is left"));
  EXPECT_THAT(with({"--no-maps", "--trace"}, "m.png"), StartsWith("--trace: needs"));
  EXPECT_THAT(with({"--top-k", "3", "--scores"}, "m.npz"), StartsWith("--scores: "));
  EXPECT_THAT(with({"--pool", "3", "--compare-mask"}, "m.png"), StartsWith("--compare-mask: "));
  EXPECT_THAT(Refused({"--top-k", "3"}), StartsWith("--top-k: needs"));
  EXPECT_THAT(Refused({"--stream-prompt"}), StartsWith("--stream-prompt: "));
  EXPECT_THAT(Refused({"--stream", "a.jsonl"}), HasSubstr("--stream=a.jsonl"));
  EXPECT_THAT(with({"--stream=" + Path("m.npz")}, "m.npz"), HasSubstr("-o"));
}

TEST_F(LongCli, AStreamHasALinePerTokenAndAgreesWithTheArrays) {
  const std::string output =
      Good({kModel, "--text", "The old man", "--generate", "6", "--stream", "--stream-prompt",
            "--layers", "2", "--heads", "0,3", "--precision", "f32", "-o", Path("m.npz")});
  const std::vector<json> lines = Lines(output);
  const auto arrays = ReadNpz(ReadWhole(Path("m.npz")));
  const std::vector<std::int32_t> tokens = arrays.at("tokens").Integers();
  const std::vector<float> weights = arrays.at("attention").Floats();
  const std::size_t n = tokens.size();
  ASSERT_EQ(lines.size(), n + 2);
  EXPECT_EQ(lines[0]["format"], "fovea-attention-stream");
  EXPECT_EQ(lines[0]["metadata"]["text"], "The old man");
  std::size_t generated = 0;
  for (std::size_t q = 0; q < n; ++q) {
    const json& line = lines[1 + q];
    EXPECT_EQ(line["token"], tokens[q]);
    generated += line["generated"].get<bool>() ? 1 : 0;
    for (std::size_t head = 0; head < 2; ++head) {
      for (std::size_t k = 0; k <= q; ++k) {
        ASSERT_EQ(line["rows"][head]["weights"][k].get<float>(), weights[(head * n + q) * n + k]);
      }
    }
    if (q + 1 < n && lines[2 + q]["generated"].get<bool>()) {
      EXPECT_EQ(line["next"][0][0], lines[2 + q]["piece"]);  // greedy
    }
  }
  EXPECT_EQ(generated, 6U);
  EXPECT_EQ(lines.back()["end"]["generated"], 6);
}

TEST_F(LongCli, AStreamBeginsAtTheLastTokenOfThePromptAndMayGoToAFile) {
  const std::string output =
      Good({kModel, "--text", "The old man", "--generate", "2", "--stream=" + Path("s.jsonl"),
            "--layers", "2", "--heads", "3", "--top-k", "2"});
  EXPECT_THAT(output, HasSubstr("s.jsonl: 5 lines"));
  const std::vector<json> lines = Lines(ReadWhole(Path("s.jsonl")));
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1]["position"], 3);
  EXPECT_EQ(lines[1]["generated"], false);
  EXPECT_EQ(lines[2]["generated"], true);
  EXPECT_EQ(lines[2]["rows"][0]["top"].size(), 2U);
}

TEST_F(LongCli, AReaderThatGoesAwayEndsTheRunWithOneLineAndNoFiles) {
  const std::string pipe = scratch_.Path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread reader([&] {
    const int file = ::open(pipe.c_str(), O_RDONLY);  // waits for the program
    char byte = 0;
    EXPECT_EQ(::read(file, &byte, 1), 1);
    EXPECT_EQ(byte, '{');
    ::close(file);
  });
  const ProgramResult result = Run({kModel, "--text", "The old man", "--generate", "300",
                                    "--stream=" + pipe, "-o", Path("m.npz")});
  reader.join();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.errors, StartsWith("attention-dump: " + pipe + ": the reader of the stream"));
  EXPECT_EQ(std::count(result.errors.begin(), result.errors.end(), '\n'), 1);
  EXPECT_THAT(folder_.Names(), IsEmpty());
}

#if !defined(FOVEA_SANITIZED)
TEST_F(LongCli, ALongTextNeedsNoQuadraticMemoryWhateverIsKept) {
  const auto peak_bytes = [&](std::size_t tokens, const std::vector<std::string>& options) {
    std::vector<std::string> words = {kGemma2, "--tokens", Ids(tokens), "--context",
                                      "8000",  "--quiet",  "--threads", "2"};
    words.insert(words.end(), options.begin(), options.end());
    const ProgramResult result = Run(words);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return static_cast<std::uint64_t>(result.peak_kilobytes) * 1024;
  };
  constexpr std::size_t kLong = FOVEA_EMULATED ? 4000 : 6000;  // Takes minutes when emulated.
  constexpr std::uint64_t kOneMap = kLong * kLong * 4;
  const std::vector<std::vector<std::string>> kinds = {
      {"--top-k", "8", "-o", Path("m.npz")},
      {"--trace", "--no-maps", "-o", Path("m.npz")},
      {"--pool", "32", "-o", Path("m.npz")},
      {"-o", Path("m.png")},
      {}};
  for (const std::vector<std::string>& options : kinds) {
    const std::uint64_t few = peak_bytes(50, options);
    const std::uint64_t many = peak_bytes(kLong, options);
    EXPECT_LT(many - std::min(few, many), kOneMap / 4) << testing::PrintToString(options);
  }
}
#endif

TEST_F(LongCli, TheTerminalViewOfAnyLengthFitsItsColumns) {
  for (const std::size_t tokens : {2U, 5U, 30U, 63U, 64U, 300U, 1000U}) {
    for (const char* columns : {"40", "80", "132"}) {
      const ProgramResult result =
          RunProgram({.arguments = {kGemma2, "--tokens", Ids(tokens), "--context", "2000"},
                      .environment = {std::string("COLUMNS=") + columns}},
                     scratch_.path().string());
      EXPECT_EQ(result.exit_code, 0) << result.errors;
      std::istringstream text(result.output);
      std::size_t lines = 0;
      for (std::string line; std::getline(text, line); ++lines) {
        ASSERT_LE(line.size(), std::stoul(columns)) << line;
        for (const char c : line) ASSERT_TRUE(c >= ' ' && c <= '~');
      }
      EXPECT_LT(lines, 140U);
    }
  }
}

}  // namespace
}  // namespace fovea::dump
