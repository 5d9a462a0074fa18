#include "tools/attention-dump/observers/token_stream.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/tools/fake_session.h"
#include "tests/tools/temporary_folder.h"

namespace fovea::dump {
namespace {

using nlohmann::json;
using testing::HasSubstr;

DumpShape ShapeOf(std::size_t k) {
  DumpShape shape;
  shape.tokens = kTokens;
  shape.generated = 4;
  shape.layers = {0, 2};
  shape.heads = {1, 3};
  shape.model_heads = kHeads;
  shape.kv_heads = kKvHeads;
  shape.head_dim = kDim;
  shape.half = false;
  shape.top_k = k;
  return shape;
}

std::vector<json> Lines(const std::string& path) {
  std::vector<json> lines;
  std::istringstream text(ReadWhole(path));
  for (std::string line; std::getline(text, line);) lines.push_back(json::parse(line));
  return lines;
}

/// A prompt of 21 tokens in chunks of 16, then single tokens; lines from `first` on.
std::vector<json> StreamOf(const FakeSession& session, std::size_t k, std::size_t first,
                           const std::string& path) {
  const DumpShape shape = ShapeOf(k);
  auto sink = LineSink::Open(path, {});
  EXPECT_TRUE(sink.ok());
  TokenStream stream(shape, first, nullptr, &*sink);
  stream.Begin({}, shape.generated);
  constexpr std::size_t kPrompt = 21;
  std::size_t next = first;
  for (std::size_t end : {std::size_t{16}, kPrompt, kPrompt + 1, kPrompt + 2}) {
    const std::size_t begin = end > kPrompt ? end - 1 : (end == kPrompt ? 16 : 0);
    for (std::size_t layer = 0; layer < kLayers; ++layer) {
      for (std::size_t head = 0; head < kHeads; ++head) {
        session.DeliverRows(&stream, layer, head, begin, end, 5);
      }
    }
    for (; next < end; ++next) {
      stream.OnToken(next, static_cast<std::int32_t>(next + 100), next >= kPrompt,
                     {session.Logits(next), kVocabulary});
    }
  }
  DumpInfo info;
  info.tokens.ids.resize(kPrompt + 2);
  info.tokens.generated.assign(kPrompt, false);
  info.tokens.generated.resize(kPrompt + 2, true);
  stream.End(info);
  EXPECT_TRUE(stream.status().ok());
  return Lines(path);
}

TEST(TokenStream, EveryLineHoldsTheRowsOfItsTokenWhole) {
  const FakeSession session;
  TemporaryFolder folder;
  const std::vector<json> lines = StreamOf(session, 0, 0, folder.Path("s.jsonl"));
  ASSERT_EQ(lines.size(), 1U + 23U + 1U);
  EXPECT_EQ(lines[0]["format"], "fovea-attention-stream");
  EXPECT_EQ(lines[0]["rows"], "weights");
  EXPECT_EQ(lines[0]["metadata"]["format"], "fovea-attention");
  for (std::size_t position = 0; position < 23; ++position) {
    const json& line = lines[1 + position];
    EXPECT_EQ(line["position"], position);
    EXPECT_EQ(line["token"], position + 100);
    EXPECT_EQ(line["piece"], "#" + std::to_string(position + 100));
    EXPECT_EQ(line["generated"], position >= 21);
    ASSERT_EQ(line["rows"].size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
      const json& row = line["rows"][i];
      const std::size_t layer = i / 2 * 2;
      const std::size_t head = i % 2 == 0 ? 1 : 3;
      EXPECT_EQ(row["layer"], layer);
      EXPECT_EQ(row["head"], head);
      ASSERT_EQ(row["weights"].size(), position + 1);
      for (std::size_t k = 0; k <= position; ++k) {
        EXPECT_EQ(row["weights"][k].get<float>(), session.Weight(layer, head, position, k));
      }
    }
  }
  // Four tokens were planned and two came.
  EXPECT_EQ(lines.back()["end"]["reason"], "end of generation");
  EXPECT_EQ(lines.back()["end"]["generated"], 2);
  EXPECT_EQ(lines.back()["end"]["tokens"], 23);
}

TEST(TokenStream, WithTopKOnlyTheLargestWeightsAndWhatTheyLeaveOut) {
  const FakeSession session;
  TemporaryFolder folder;
  const std::vector<json> lines = StreamOf(session, 2, 20, folder.Path("s.jsonl"));
  ASSERT_EQ(lines.size(), 1U + 3U + 1U);
  EXPECT_EQ(lines[0]["rows"], "top");
  EXPECT_EQ(lines[0]["k"], 2);
  EXPECT_EQ(lines[0]["first_position"], 20);
  const json& row = lines[1]["rows"][3];
  ASSERT_EQ(row["top"].size(), 2U);
  double kept = 0.0;
  for (const json& entry : row["top"]) {
    const float weight = entry[1].get<float>();
    EXPECT_EQ(weight, session.Weight(2, 3, 20, entry[0].get<std::size_t>()));
    kept += static_cast<double>(weight);
  }
  EXPECT_NEAR(row["residual"].get<double>(), 1.0 - kept, 1e-6);
}

TEST(TokenStream, CandidatesAreTheMostLikelyTokensWithTheirProbabilities) {
  TemporaryFolder folder;
  auto sink = LineSink::Open(folder.Path("s.jsonl"), {});
  ASSERT_TRUE(sink.ok());
  TokenStream stream(ShapeOf(0), 0, nullptr, &*sink);
  const float logits[] = {0.0F, std::log(2.0F), std::log(5.0F), 0.0F, -1000.0F, std::log(1.0F)};
  stream.OnToken(0, 1, false, logits);
  const json next = Lines(folder.Path("s.jsonl"))[0]["next"];
  ASSERT_EQ(next.size(), 5U);
  EXPECT_EQ(next[0][0], "#2");
  EXPECT_FLOAT_EQ(next[0][1].get<float>(), 0.5F);
  EXPECT_EQ(next[1][0], "#1");
  EXPECT_FLOAT_EQ(next[1][1].get<float>(), 0.2F);
  EXPECT_EQ(next[2][0], "#0");  // of equals the lowest id
  EXPECT_FLOAT_EQ(next[4][1].get<float>(), 0.1F);
}

TEST(TokenStream, ManyWaitingRowsMakeShorterChunks) {
  DumpShape shape = ShapeOf(0);
  EXPECT_EQ(StreamBatch(shape, 256), 256U);
  shape.tokens = std::size_t{1} << 20U;
  EXPECT_EQ(StreamBatch(shape, 256), 8U);  // 4 heads of 4 MiB each, of 128 MiB
  shape.tokens = std::size_t{1} << 30U;
  EXPECT_EQ(StreamBatch(shape, 256), 1U);
  shape.top_k = 16;
  EXPECT_EQ(StreamBatch(shape, 256), 256U);
}

TEST(LineSink, AReaderThatGoesAwayIsAnErrorThatSaysSo) {
  std::signal(SIGPIPE, SIG_IGN);
  TemporaryFolder folder;
  const std::string pipe = folder.Path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto sink = LineSink::Open(pipe, {});
  ASSERT_TRUE(sink.ok());
  sink->Write("one");
  char text[8] = {};
  EXPECT_EQ(::read(reader, text, sizeof(text)), 4);
  EXPECT_STREQ(text, "one\n");
  ::close(reader);
  sink->Write("two");
  sink->Write("three");
  EXPECT_TRUE(sink->failed());
  EXPECT_EQ(sink->lines(), 1U);
  EXPECT_EQ(sink->status().message(), pipe + ": the reader of the stream went away after 1 line");
}

TEST(LineSink, AFileThatCannotBeOpenedIsNamed) {
  const auto sink = LineSink::Open("/nowhere/at/all.jsonl", {});
  ASSERT_FALSE(sink.ok());
  EXPECT_THAT(sink.status().message(), HasSubstr("/nowhere/at/all.jsonl: No such file"));
}

}  // namespace
}  // namespace fovea::dump
