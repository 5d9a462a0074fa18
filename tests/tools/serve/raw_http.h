// A client that sends the bytes that it is given, right or wrong, and returns what came back: for
// tests of the live page's server.
#ifndef FOVEA_TESTS_TOOLS_SERVE_RAW_HTTP_H_
#define FOVEA_TESTS_TOOLS_SERVE_RAW_HTTP_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace fovea::dump {

class RawClient {
 public:
  /// Not connected if nobody listens.
  explicit RawClient(std::uint16_t port, const std::string& address = "127.0.0.1");
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return descriptor_ >= 0; }
  /// False if the other side has closed.
  bool Send(const std::string& bytes);
  /// All bytes until the other side closes, or until `wait` is over.
  std::string ReadAll(std::chrono::milliseconds wait = std::chrono::seconds(20));
  /// True if the other side has closed within `wait`.
  bool IsClosedWithin(std::chrono::milliseconds wait);
  void Close();

 private:
  int descriptor_ = -1;
};

struct RawAnswer {
  int status = 0;  ///< 0: there was no answer.
  std::string head;
  std::string body;

  /// Of a header, empty if it is not there. `name` as it is sent.
  std::string Header(const std::string& name) const;
};

RawAnswer ParseAnswer(const std::string& bytes);

/// Sends one request and reads the answer.
RawAnswer Exchange(std::uint16_t port, const std::string& request);

/// "METHOD path HTTP/1.1" with Host, `headers` (each line with its line end) and, if there is a
/// body, Content-Length.
std::string RequestText(const std::string& method, const std::string& path, std::uint16_t port,
                        const std::string& headers = "", const std::string& body = "");

inline constexpr const char* kJsonType = "Content-Type: application/json\r\n";

}  // namespace fovea::dump

#endif  // FOVEA_TESTS_TOOLS_SERVE_RAW_HTTP_H_
