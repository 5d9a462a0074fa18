// The live page's answers, with a run of our own in the model's place.
#include "tools/attention-dump/serve/live_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

LivePageOptions Options() {
  return {.title = "tiny <model>", .text = "Once & \"more\"", .context_size = 12};
}

Result<std::string> Echo(const RunRequest& request, const std::function<bool()>&) {
  return "maps of " + request.text;
}

HttpRequest Request(std::string_view name, std::string_view body = "") {
  return {.name = name, .body = body, .client_is_gone = [] { return false; }};
}

std::string Code(const HttpAnswer& answer) {
  EXPECT_EQ(answer.type, "application/json");
  const Json json = Json::parse(answer.body, nullptr, false);
  EXPECT_TRUE(json.is_object()) << answer.body;
  EXPECT_NE(json.value("error", ""), "");
  return json.value("code", "");
}

TEST(LivePage, ThePageHasTheViewerTheLiveScriptAndNoDocument) {
  LivePage page(Options(), Echo);
  const HttpAnswer answer = page.Get(Request(""));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.type, "text/html; charset=utf-8");
  EXPECT_THAT(answer.script_nonce, testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_THAT(answer.body, HasSubstr("<script nonce=\"" + answer.script_nonce + "\">"));
  EXPECT_THAT(answer.body, HasSubstr("id=\"info\">null</script>"));
  EXPECT_THAT(answer.body, HasSubstr("class Viewer"));
  EXPECT_THAT(answer.body, HasSubstr("class LivePage"));
  EXPECT_THAT(answer.body, HasSubstr("#live textarea"));
  EXPECT_THAT(answer.body, HasSubstr("connect-src 'self'"));
  EXPECT_THAT(answer.body, HasSubstr("<title>tiny &lt;model&gt;</title>"));
  EXPECT_THAT(answer.body, Not(HasSubstr("{{")));
  EXPECT_NE(page.Get(Request("")).script_nonce, answer.script_nonce);
}

TEST(LivePage, TellsWhatThePageNeedsToKnowOfTheModel) {
  LivePage page(Options(), Echo);
  const Json about = Json::parse(page.Get(Request("model")).body);
  EXPECT_EQ(about["title"], "tiny <model>");
  EXPECT_EQ(about["text"], "Once & \"more\"");
  EXPECT_EQ(about["context_size"], 12);
  EXPECT_EQ(page.Get(Request("other")).status, 404);
}

TEST(LivePage, RunsWhatIsAskedFor) {
  LivePage page(Options(), Echo);
  const HttpAnswer answer = page.Post(Request("run", R"({"text": "A cat"})"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.type, "application/octet-stream");
  EXPECT_EQ(answer.body, "maps of A cat");
}

TEST(LivePage, FailuresSayWhoseTheyAre) {
  LivePage page(Options(), [](const RunRequest& request, const std::function<bool()>&) {
    const bool own = request.text == "own";
    return Result<std::string>(
        Status(own ? StatusCode::kOutOfMemory : StatusCode::kLimitExceeded, "text: too long \xFF"));
  });
  HttpAnswer answer = page.Post(Request("run", "nonsense"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(Code(answer), "input");
  answer = page.Post(Request("run", R"({"text": "long"})"));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(Code(answer), "input");
  EXPECT_THAT(answer.body, HasSubstr("text: too long"));
  answer = page.Post(Request("run", R"({"text": "own"})"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(Code(answer), "failed");
}

TEST(LivePage, ARunThatTakesTooLongIsGivenUp) {
  LivePageOptions options = Options();
  options.timeout = std::chrono::milliseconds(50);
  LivePage page(options, [](const RunRequest&, const std::function<bool()>& stop) {
    while (!stop()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Result<std::string>(Status(StatusCode::kCancelled, "stopped"));
  });
  const HttpAnswer answer = page.Post(Request("run", R"({"text": "A"})"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(Code(answer), "timeout");
}

TEST(LivePage, ANewerRequestOfThePageEndsTheRunAndTheOtherPageGetsItsTurn) {
  std::promise<void> entered;
  LivePage page(Options(), [&](const RunRequest& request, const std::function<bool()>& stop) {
    if (request.text != "first") return Echo(request, stop);
    entered.set_value();
    while (!stop()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Result<std::string>(Status(StatusCode::kCancelled, "stopped"));
  });
  const auto post = [&](const char* body) {
    return std::async(std::launch::async,
                      [&page, body] { return page.Post(Request("run", body)); });
  };
  auto first = post(R"({"text": "first", "page": "p"})");
  entered.get_future().get();
  auto other = post(R"({"text": "other", "page": "q"})");
  EXPECT_EQ(page.Post(Request("run", R"({"text": "second", "page": "p"})")).body, "maps of second");
  const HttpAnswer superseded = first.get();
  EXPECT_EQ(superseded.status, 409);
  EXPECT_EQ(Code(superseded), "superseded");
  EXPECT_EQ(other.get().body, "maps of other");
}

TEST(LivePage, ARunWhoseClientHasGoneStops) {
  LivePage page(Options(), [](const RunRequest&, const std::function<bool()>& stop) {
    return stop() ? Result<std::string>(Status(StatusCode::kCancelled, "stopped"))
                  : Result<std::string>(std::string("ran"));
  });
  HttpRequest request = Request("run", R"({"text": "A"})");
  EXPECT_EQ(page.Post(request).body, "ran");
  request.client_is_gone = [] { return true; };
  EXPECT_EQ(page.Post(request).status, 503);
}

TEST(LivePage, TooManyThatWaitAreToldSo) {
  LivePageOptions options = Options();
  options.most_waiting = 0;
  std::promise<void> entered;
  std::atomic<bool> go_on{false};
  LivePage page(options, [&](const RunRequest& request, const std::function<bool()>& stop) {
    entered.set_value();
    while (!go_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return Echo(request, stop);
  });
  auto first = std::async(std::launch::async,
                          [&] { return page.Post(Request("run", R"({"text": "A"})")).status; });
  entered.get_future().get();
  const HttpAnswer busy = page.Post(Request("run", R"({"text": "B"})"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(Code(busy), "busy");
  go_on = true;
  EXPECT_EQ(first.get(), 200);
}

}  // namespace
}  // namespace fovea::dump
