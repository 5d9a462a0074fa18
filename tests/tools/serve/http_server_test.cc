// The live page's server with handlers of our own: who gets in, and what a request may cost.
#include "tools/attention-dump/serve/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/tools/serve/raw_http.h"

namespace fovea::dump {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    limits_.connections = 6;
    limits_.header_bytes = 4096;
    limits_.body_bytes = 1000;
    limits_.receive_time = milliseconds(400);
  }
  ~HttpServerTest() override { Stop(); }

  void Start() {
    HttpHandlers handlers;
    handlers.get = [this](const HttpRequest& request) { return get_(request); };
    handlers.post = [this](const HttpRequest& request) { return post_(request); };
    Result<HttpServer> server = HttpServer::Open(0, limits_, handlers);
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::make_unique<HttpServer>(std::move(*server));
    thread_ = std::thread([this] { server_->Serve([this] { return stop_.load(); }); });
  }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  std::string Path(const std::string& name) const { return "/" + server_->token() + "/" + name; }
  std::uint16_t port() const { return server_->port(); }
  RawAnswer Get(const std::string& path, const std::string& headers = "") const {
    return Exchange(port(), RequestText("GET", path, port(), headers));
  }
  RawAnswer Post(const std::string& headers, const std::string& body) const {
    return Exchange(port(), RequestText("POST", Path("run"), port(), headers, body));
  }
  /// A server that has been treated badly must still answer.
  void ExpectAlive() const { EXPECT_EQ(Get(Path("")).status, 200); }

  RequestLimits limits_;
  std::function<HttpAnswer(const HttpRequest&)> get_ = [](const HttpRequest& request) {
    if (!request.name.empty()) return NotFound();
    return HttpAnswer{.type = "text/html", .body = "the page", .script_nonce = "n0nce"};
  };
  std::function<HttpAnswer(const HttpRequest&)> post_ = [](const HttpRequest& request) {
    return HttpAnswer{.type = "application/octet-stream",
                      .body = "got " + std::string(request.body)};
  };
  std::unique_ptr<HttpServer> server_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

TEST_F(HttpServerTest, ItsAddressNamesThisMachineThePortAndA128BitToken) {
  Start();
  EXPECT_THAT(server_->token(), testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(server_->address(),
            "http://127.0.0.1:" + std::to_string(port()) + "/" + server_->token() + "/");
  Result<HttpServer> other = HttpServer::Open(0, limits_, {});
  ASSERT_TRUE(other.ok());
  EXPECT_NE(other->token(), server_->token());
  EXPECT_NE(other->port(), server_->port());
}

TEST_F(HttpServerTest, ThePageComesWithHeadersThatKeepOthersOut) {
  Start();
  const RawAnswer answer = Get(Path(""));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "the page");
  EXPECT_EQ(answer.Header("Content-Type"), "text/html");
  const std::string policy = answer.Header("Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'nonce-n0nce';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
  EXPECT_EQ(answer.Header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.Header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(answer.Header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.Header("Cross-Origin-Resource-Policy"), "same-origin");
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_THAT(answer.head, Not(HasSubstr("Access-Control")));
}

TEST_F(HttpServerTest, WithoutTheRightTokenNothingIsFoundAndNothingIsSaid) {
  Start();
  std::string wrong = server_->token();
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  const std::string unknown = Get(Path("unknown")).body;
  EXPECT_EQ(unknown, "not found\n");
  for (const std::string& path :
       {std::string("/"), "/" + wrong + "/", "/" + server_->token(), std::string("/run"),
        "//" + server_->token() + "/", "/x/" + server_->token() + "/",
        "/" + server_->token().substr(1) + "/", std::string("/../../etc/passwd"),
        "/" + std::string(32, '0') + "/", std::string("/%00/"), "/" + std::string(3000, '/')}) {
    const RawAnswer answer = Get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, unknown) << path;
    EXPECT_THAT(answer.head, Not(HasSubstr(server_->token())));
  }
  EXPECT_EQ(
      Exchange(port(), RequestText("POST", "/" + wrong + "/run", port(), kJsonType, "{}")).status,
      404);
}

TEST_F(HttpServerTest, ASiteWhoseNameLeadsHereIsRefused) {
  Start();
  const std::string port_text = std::to_string(port());
  const auto with_hosts = [&](const std::string& lines) {
    return Exchange(port(), "GET " + Path("") + " HTTP/1.1\r\n" + lines + "\r\n").status;
  };
  EXPECT_EQ(with_hosts("Host: 127.0.0.1:" + port_text + "\r\n"), 200);
  EXPECT_EQ(with_hosts("Host: localhost:" + port_text + "\r\n"), 200);
  EXPECT_EQ(with_hosts("Host: evil.example:" + port_text + "\r\n"), 403);
  EXPECT_EQ(with_hosts("Host: 127.0.0.1.evil.example:" + port_text + "\r\n"), 403);
  EXPECT_EQ(with_hosts("Host: 127.0.0.1\r\n"), 403);
  EXPECT_EQ(with_hosts("Host: 127.0.0.1:1\r\n"), 403);
  EXPECT_EQ(with_hosts(""), 403);
  EXPECT_EQ(with_hosts("Host: 127.0.0.1:" + port_text + "\r\nHost: evil.example\r\n"), 403);
}

TEST_F(HttpServerTest, ScriptsOfOtherSitesAreRefused) {
  Start();
  const std::string own = "Origin: http://127.0.0.1:" + std::to_string(port()) + "\r\n";
  EXPECT_EQ(Post(kJsonType + own, "{}").status, 200);
  EXPECT_EQ(Post(std::string(kJsonType) + "Origin: http://evil.example\r\n", "{}").status, 403);
  EXPECT_EQ(Post(std::string(kJsonType) + "Origin: null\r\n", "{}").status, 403);
  EXPECT_EQ(Exchange(port(), RequestText("OPTIONS", Path("run"), port(), own)).status, 405);
}

TEST_F(HttpServerTest, OnlyJsonOfAKnownLengthIsRead) {
  Start();
  EXPECT_EQ(Post(kJsonType, "{\"text\":1}").body, "got {\"text\":1}");
  EXPECT_EQ(Post("Content-Type: application/json; charset=utf-8\r\n", "{}").status, 200);
  EXPECT_EQ(Post("", "{}").status, 415);
  EXPECT_EQ(Post("Content-Type: text/plain\r\n", "{}").status, 415);
  EXPECT_EQ(Post("Content-Type: multipart/form-data; boundary=x\r\n", "--x--").status, 415);
  EXPECT_EQ(Post("Content-Type: application/x-www-form-urlencoded\r\n", "a=b").status, 415);
  EXPECT_EQ(Post(std::string(kJsonType) + "Content-Encoding: gzip\r\n", "{}").status, 415);
  EXPECT_EQ(Post(kJsonType, "").status, 411);                                           // no length
  EXPECT_EQ(Post(std::string(kJsonType) + "Content-Length: 2\r\n", "{}").status, 411);  // twice
  EXPECT_EQ(Post(std::string(kJsonType) + "Content-Length: -2\r\n", "").status, 411);
  EXPECT_EQ(Post(std::string(kJsonType) + "Content-Length: 99999999999999999999\r\n", "").status,
            411);
  EXPECT_EQ(Post(std::string(kJsonType) + "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n")
                .status,
            411);
  EXPECT_EQ(Exchange(port(), RequestText("PUT", Path("run"), port(), kJsonType, "{}")).status, 405);
  EXPECT_EQ(Exchange(port(), RequestText("POST", Path(""), port(), kJsonType, "{}")).status, 404);
}

TEST_F(HttpServerTest, ABodyMayBeAsLongAsTheLimitAndNoLonger) {
  Start();
  const std::string most(limits_.body_bytes, 'x');
  EXPECT_EQ(Post(kJsonType, most).body, "got " + most);
  EXPECT_EQ(Post(kJsonType, most + "x").status, 413);
  // The length alone is enough: nothing is read, however much comes.
  EXPECT_EQ(Post(kJsonType, std::string(3'000'000, 'x')).status, 413);
  ExpectAlive();
}

TEST_F(HttpServerTest, HugeHeadersEndTheConnection) {
  Start();
  const std::string line = "X-Padding: " + std::string(500, 'x') + "\r\n";
  std::string headers;
  for (int i = 0; i < 7; ++i) headers += line;
  EXPECT_EQ(Get(Path(""), headers).status, 200);
  for (int i = 0; i < 3; ++i) headers += line;
  EXPECT_NE(Get(Path(""), headers).status, 200);
  for (int i = 0; i < 10'000; ++i) headers += line;
  EXPECT_NE(Get(Path(""), headers).status, 200);
  EXPECT_NE(Get("/" + std::string(100'000, 'a')).status, 200);
  EXPECT_NE(Exchange(port(), std::string(1'000'000, 'A')).status, 200);
  ExpectAlive();
}

TEST_F(HttpServerTest, BytesThatAreNoRequestHarmNobody) {
  Start();
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string bytes =
        round % 2 == 0 ? "" : RequestText("POST", Path("run"), port(), kJsonType, "{}");
    if (bytes.empty()) {
      for (int i = 0; i < 300; ++i) bytes.push_back(static_cast<char>(random() % 256));
      bytes += "\r\n\r\n";
    } else {
      for (int i = 0; i < 3; ++i)
        bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
    }
    RawClient client(port());
    ASSERT_TRUE(client.connected()) << round;
    client.Send(bytes);
    client.ReadAll(milliseconds(2));
  }
  ExpectAlive();
}

TEST_F(HttpServerTest, ClientsThatDripAreCutOffAfterTheTimeForAWholeRequest) {
  Start();
  RawClient silent(port());
  RawClient slow(port());
  ASSERT_TRUE(slow.Send("GET " + Path("") + " HTTP/1.1\r\n"));
  const auto begin = std::chrono::steady_clock::now();
  bool open = true;
  while (open && std::chrono::steady_clock::now() - begin < seconds(10)) {
    // Each byte comes long before a limit on single reads would notice.
    open = slow.Send("a") && !slow.IsClosedWithin(milliseconds(30));
  }
  EXPECT_FALSE(open);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  EXPECT_TRUE(silent.IsClosedWithin(seconds(5)));
  RawClient short_body(port());
  short_body.Send("POST " + Path("run") + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) +
                  "\r\nContent-Length: 10\r\n" + kJsonType + "\r\n{}");
  EXPECT_NE(ParseAnswer(short_body.ReadAll(seconds(5))).status, 200);
  ExpectAlive();
}

TEST_F(HttpServerTest, MoreConnectionsThanTheLimitAreClosedAndLaterOnesAnswered) {
  limits_.receive_time = seconds(4);  // longer than a surplus connection waits for a place
  Start();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (std::size_t i = 0; i < limits_.connections; ++i) {
    idle.push_back(std::make_unique<RawClient>(port()));
    ASSERT_TRUE(idle.back()->connected());
  }
  RawClient surplus(port());
  surplus.Send(RequestText("GET", Path(""), port()));
  EXPECT_EQ(ParseAnswer(surplus.ReadAll(seconds(5))).status, 0);
  // The idle ones run into their limit, and places become free.
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  while (Get(Path("")).status != 200 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(50));
  }
  ExpectAlive();
}

TEST_F(HttpServerTest, AClientThatComesWhileAnsweredOnesStillCloseIsServed) {
  Start();
  std::vector<std::unique_ptr<RawClient>> answered;
  for (std::size_t i = 0; i < limits_.connections; ++i) {
    answered.push_back(std::make_unique<RawClient>(port()));
    answered.back()->Send(RequestText("GET", Path(""), port()));
    // The end of the answer is here, our own end of the connection stays open.
    ASSERT_EQ(ParseAnswer(answered.back()->ReadAll()).status, 200);
  }
  ExpectAlive();
}

TEST_F(HttpServerTest, PartsOfAnAnswerAreNotSent) {
  Start();
  const RawAnswer answer = Get(Path(""), "Range: bytes=0-2,0-2,0-2\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "the page");
}

TEST_F(HttpServerTest, AClientThatGoesAwayIsNoticed) {
  std::promise<bool> gone;
  post_ = [&](const HttpRequest& request) {
    const auto end = std::chrono::steady_clock::now() + seconds(10);
    bool is_gone = false;
    while (!is_gone && std::chrono::steady_clock::now() < end) {
      is_gone = request.client_is_gone();
      std::this_thread::sleep_for(milliseconds(2));
    }
    gone.set_value(is_gone);
    return NotFound();
  };
  Start();
  auto client = std::make_unique<RawClient>(port());
  client->Send(RequestText("POST", Path("run"), port(), kJsonType, "{}"));
  EXPECT_EQ(client->ReadAll(milliseconds(100)), "");  // it waits, and so does the handler
  client.reset();
  EXPECT_TRUE(gone.get_future().get());
}

TEST_F(HttpServerTest, StoppingEndsHandlersAndIdleConnectionsAndFreesThePort) {
  std::promise<void> entered;
  std::atomic<bool> gone{false};
  post_ = [&](const HttpRequest& request) {
    entered.set_value();
    while (!request.client_is_gone()) std::this_thread::sleep_for(milliseconds(2));
    gone = true;
    return NotFound();
  };
  limits_.receive_time = seconds(60);
  Start();
  RawClient idle(port());
  RawClient working(port());
  working.Send(RequestText("POST", Path("run"), port(), kJsonType, "{}"));
  entered.get_future().get();
  const auto begin = std::chrono::steady_clock::now();
  Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(5));
  EXPECT_TRUE(gone);
  EXPECT_FALSE(RawClient(port()).connected());
  EXPECT_TRUE(HttpServer::Open(port(), limits_, {}).ok());
}

TEST_F(HttpServerTest, AHandlerThatThrowsAnswersWithoutDetail) {
  get_ = [](const HttpRequest&) -> HttpAnswer { throw std::runtime_error("secret"); };
  Start();
  const RawAnswer answer = Get(Path(""));
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.head + answer.body, Not(HasSubstr("secret")));
}

TEST_F(HttpServerTest, APortThatIsTakenIsNamed) {
  Start();
  const Result<HttpServer> second = HttpServer::Open(port(), limits_, {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            "--port " + std::to_string(port()) +
                ": it is in use by another program; give another port, or none for any free one");
}

TEST_F(HttpServerTest, OtherAddressesOfThisMachineAreNotServed) {
  Start();
  EXPECT_TRUE(RawClient(port(), "127.0.0.1").connected());
  EXPECT_FALSE(RawClient(port(), "127.0.0.2").connected());
}

}  // namespace
}  // namespace fovea::dump
