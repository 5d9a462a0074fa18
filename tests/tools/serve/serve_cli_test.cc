// `attention-dump serve` from outside: its address, its answers with the model that ships, and its
// end.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/tools/attention_dump_cli.h"
#include "tests/tools/serve/raw_http.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;
using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A server in a process of its own; killed at the end if it still runs.
class Server {
 public:
  explicit Server(const std::vector<std::string>& options) {
    std::vector<std::string> words;
    std::istringstream emulator(FOVEA_TEST_EMULATOR);
    for (std::string word; emulator >> word;) words.push_back(word);
    words.insert(words.end(), {FOVEA_ATTENTION_DUMP, "serve"});
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::array<int, 2> pipe = {-1, -1};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return;
    output_ = pipe[0];
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(pipe[1]);
    line_ = ReadLine();
    const std::size_t at = line_.find("http://127.0.0.1:");
    if (at == std::string::npos) return;
    port_ = static_cast<std::uint16_t>(std::stoi(line_.substr(at + 17)));
    const std::size_t path = line_.find('/', at + 17);
    path_ = line_.substr(path, line_.find_first_of(" \n", path) - path);
  }
  ~Server() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(output_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& line() const { return line_; }  ///< With its line end.
  std::uint16_t port() const { return port_; }
  const std::string& path() const { return path_; }  ///< "/TOKEN/"

  RawAnswer Run(const std::string& json) const { return Exchange(port_, RunText(json)); }
  std::string RunText(const std::string& json) const {
    return RequestText("POST", path_ + "run", port_, kJsonType, json);
  }

  /// Sends the signal; returns what was printed since, and the exit code, -1 if a signal ended it.
  std::pair<std::string, int> End(int signal) {
    ::kill(child_, signal);
    std::string rest;
    for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) rest += line;
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return {rest, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
  }

 private:
  std::string ReadLine() {
    std::string line;
    char c = 0;
    while (::read(output_, &c, 1) == 1) {
      line.push_back(c);
      if (c == '\n') break;
    }
    return line;
  }

  pid_t child_ = -1;
  int output_ = -1;
  std::string line_;
  std::uint16_t port_ = 0;
  std::string path_;
};

/// The JSON in front of a container's blocks.
Json InfoOf(const RawAnswer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.body.substr(0, 300);
  EXPECT_THAT(answer.body.substr(0, 8), "FOVEAPG1");
  if (answer.body.size() < 12) return {};
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(answer.body[8 + i])) << (8 * i);
  }
  return Json::parse(answer.body.substr(12, length), nullptr, false)["info"];
}

std::string TextOf(const RawAnswer& answer) {
  return InfoOf(answer)["docs"][0]["text"];
}

std::string RefusalOf(const RawAnswer& answer) {
  return Json::parse(answer.body, nullptr, false).value("error", "no error: " + answer.body);
}

class ServeCli : public AttentionDumpCli {};

TEST_F(ServeCli, PrintsTheAddressRunsTextsAndEndsWell) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Server server({kShippedModel, "--text", "Hello there"});
    EXPECT_THAT(server.line(),
                MatchesRegex("fovea-tiny-q8_0.gguf: open http://127.0.0.1:[0-9]+/[0-9a-f]{32}/ in "
                             "a browser of this machine \\(Ctrl-C ends it\\)\n"));
    const RawAnswer page =
        Exchange(server.port(), RequestText("GET", server.path(), server.port()));
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("class Viewer"));
    const RawAnswer model =
        Exchange(server.port(), RequestText("GET", server.path() + "model", server.port()));
    EXPECT_THAT(model.body, HasSubstr("\"text\":\"Hello there\""));
    EXPECT_THAT(model.body, HasSubstr("\"context_size\":512"));
    EXPECT_EQ(TextOf(server.Run(R"({"text": "A cat and a dog"})")), "A cat and a dog");
    const auto [rest, code] = server.End(signal);
    EXPECT_EQ(rest, "closed after 1 run\n");
    EXPECT_EQ(code, 0);
  }
}

TEST_F(ServeCli, ARequestChoosesHeadsAndGenerates) {
  Server server({kShippedModel, "--quiet", "--threads", "1"});
  EXPECT_THAT(server.line(), MatchesRegex("http://127.0.0.1:[0-9]+/[0-9a-f]{32}/\n"));
  const Json info =
      InfoOf(server.Run(R"({"text": "The cat", "generate": 4, "layers": "1,3-4", "heads": "2"})"));
  const Json& doc = info["docs"][0];
  EXPECT_EQ(doc["layers"], Json({1, 3, 4}));
  EXPECT_EQ(doc["heads"], Json({2}));
  EXPECT_EQ(doc["has_values"], true);
  std::size_t generated = 0;
  for (const Json& flag : doc["generated"]) generated += flag == 1 ? 1 : 0;
  EXPECT_EQ(generated, 4U);
  // The same again: no run leaves anything behind for the next.
  EXPECT_EQ(
      InfoOf(server.Run(R"({"text": "The cat", "generate": 4, "layers": "1,3-4", "heads": "2"})")),
      info);
  EXPECT_EQ(server.End(SIGTERM), std::make_pair(std::string(), 0));
}

TEST_F(ServeCli, RequestsThatCannotBeDoneSayWhyAndTheNextIsDone) {
  Server server({kShippedModel, "--context", "40"});
  const auto error = [&](const std::string& json) {
    const RawAnswer answer = server.Run(json);
    EXPECT_EQ(answer.status, 400);
    return RefusalOf(answer);
  };
  EXPECT_THAT(error("nonsense"), StartsWith("the request must be a JSON object"));
  EXPECT_THAT(error("{\"text\": \"\xFF\"}"), StartsWith("the request must be a JSON object"));
  EXPECT_EQ(error(R"({"text": "A", "layers": "9"})"),
            "layers: layer 9 does not exist; the model has layers 0 to 4");
  EXPECT_EQ(error(R"({"text": "A", "heads": "8-9"})"),
            "heads: head 8 does not exist; the model has heads 0 to 7");
  std::string longer;
  for (int i = 0; i < 60; ++i) longer += "dog ";
  EXPECT_THAT(error("{\"text\": \"" + longer + "\"}"),
              MatchesRegex("text: [0-9]+ tokens; this page takes 40 tokens \\(see serve "
                           "--context\\)"));
  EXPECT_THAT(error(R"({"text": "A dog", "generate": 39})"),
              MatchesRegex("generate: [0-9]+ tokens of text and 39 to generate; this page takes 40 "
                           "tokens .*"));
  EXPECT_THAT(error(R"({"text": "A", "generate": 2147483647})"), StartsWith("generate: "));
  EXPECT_EQ(TextOf(server.Run(R"({"text": "Good"})")), "Good");
}

TEST_F(ServeCli, ManyAtOnceAreAllAnsweredWithTheirOwnText) {
  Server server({kShippedModel});
  std::vector<std::thread> threads;
  for (int client = 0; client < 6; ++client) {
    threads.emplace_back([&server, client] {
      for (int round = 0; round < 5; ++round) {
        const std::string text =
            "Client " + std::to_string(client) + " says " + std::to_string(round);
        EXPECT_EQ(TextOf(server.Run("{\"text\": \"" + text + "\", \"page\": \"p" +
                                    std::to_string(client) + "\"}")),
                  text);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.End(SIGTERM), std::make_pair(std::string("closed after 30 runs\n"), 0));
}

TEST_F(ServeCli, ClientsThatLeaveDoNotKeepTheModel) {
  Server server({kShippedModel, "--threads", "1"});
  const std::string request = server.RunText(R"({"text": "Once upon a time", "generate": 400})");
  for (int i = 0; i < 8; ++i) {
    RawClient client(server.port());
    client.Send(request);
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(TextOf(server.Run(R"({"text": "Still there"})")), "Still there");
}

TEST_F(ServeCli, EndsWhileARunIsGoingOn) {
  Server server({kShippedModel, "--threads", "1"});
  RawClient client(server.port());
  client.Send(server.RunText(R"({"text": "Once upon a time", "generate": 500})"));
  std::this_thread::sleep_for(milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(server.End(SIGINT).second, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(20));
}

TEST_F(ServeCli, ARunThatTakesTooLongIsGivenUp) {
  // A context beyond what it was trained for, filled: far more than a second's work in any build.
  const std::string limit = FOVEA_EMULATED ? "10" : "1";  // Enough for the short text below.
  Server server({kShippedModel, "--threads", "1", "--timeout", limit, "--context", "30000", "--isa",
                 "scalar"});
  const RawAnswer answer =
      server.Run(R"({"text": "Once upon a time", "generate": 29000, "layers": "0", "heads": "0"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(RefusalOf(answer),
              StartsWith("it took longer than " + limit + " s and was given up"));
  EXPECT_EQ(TextOf(server.Run(R"({"text": "Short"})")), "Short");
}

TEST_F(ServeCli, WhatCannotStartSaysWhyInOneLine) {
  Server server({kShippedModel});
  const std::string port = std::to_string(server.port());
  EXPECT_EQ(ErrorOf({"serve", "--port", port}, 1),
            "--port " + port +
                ": it is in use by another program; give another port, or none for any free one");
  EXPECT_THAT(ErrorOf({"serve", "no.gguf"}, 1), StartsWith("no.gguf: "));
  EXPECT_THAT(ErrorOf({"serve", kShippedModel, "--context", "100000"}, 2),
              StartsWith("--context: '100000' is not a number from 2 to 32768"));
  EXPECT_THAT(ErrorOf({"serve", kShippedModel, "--max-tokens", "600"}, 2),
              StartsWith("--max-tokens: unknown option"));
  EXPECT_THAT(ErrorOf({"serve", "--host", "0.0.0.0"}, 2),
              StartsWith("--host: the page is for this machine alone"));
  EXPECT_THAT(ErrorOf({"serve", "--port", "70000"}, 2), StartsWith("--port: "));
  EXPECT_THAT(ErrorOf({"serve", "--tokens", "1,2"}, 2), StartsWith("--tokens: "));
  EXPECT_THAT(ErrorOf({"serve", "--timeout", "0"}, 2), StartsWith("--timeout: "));
  EXPECT_THAT(ErrorOf({"serve", "-o", "x.html"}, 2), HasSubstr("-o"));
}

TEST_F(ServeCli, TheHelpNamesEveryOption) {
  const std::string help = Good({"serve", "--help"});
  for (const char* option :
       {"--port", "--timeout", "--text", "--file", "--threads", "--context", "--kv", "--fast",
        "--exact", "--isa", "--low-memory", "--max-memory", "--quiet"}) {
    EXPECT_THAT(help, HasSubstr(option));
  }
  EXPECT_THAT(Good({"--help"}), HasSubstr("attention-dump serve"));
}

}  // namespace
}  // namespace fovea::dump
