#include "tools/attention-dump/output/line_sink.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "tools/attention-dump/base/human.h"

namespace fovea::dump {

Result<LineSink> LineSink::Open(const std::string& path, std::function<bool()> interrupted) {
  int descriptor = STDOUT_FILENO;
  if (!path.empty()) {
    descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) {
      return Status(StatusCode::kIoError, path + ": " + std::generic_category().message(errno));
    }
  }
  return LineSink(descriptor, path, std::move(interrupted));
}

LineSink::LineSink(int descriptor, std::string path, std::function<bool()> interrupted)
    : descriptor_(descriptor), path_(std::move(path)), interrupted_(std::move(interrupted)) {}

LineSink::LineSink(LineSink&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      path_(std::move(other.path_)),
      interrupted_(std::move(other.interrupted_)),
      buffer_(std::move(other.buffer_)),
      lines_(other.lines_),
      status_(std::move(other.status_)) {}

LineSink::~LineSink() {
  if (descriptor_ >= 0 && descriptor_ != STDOUT_FILENO) ::close(descriptor_);
}

void LineSink::Fail(int error) {
  const std::string after = " after " + Counted(lines_, "line");
  if (error == EPIPE) {
    status_ = {StatusCode::kIoError, Name() + ": the reader of the stream went away" + after};
  } else if (error == EINTR) {
    status_ = {StatusCode::kCancelled, Name() + ": interrupted" + after};
  } else {
    status_ = {StatusCode::kIoError, Name() + ": " + std::generic_category().message(error)};
  }
}

void LineSink::Write(std::string_view line) {
  if (failed()) return;
  // One write per line where the system takes it: readers see whole lines.
  buffer_.assign(line);
  buffer_ += '\n';
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    const int error = errno;
    if (error == EAGAIN) {  // a pipe that someone set to not wait
      struct pollfd ready = {descriptor_, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (error != EINTR) {
      return Fail(error);
    }
    if (interrupted_ && interrupted_()) return Fail(EINTR);
  }
  ++lines_;
}

}  // namespace fovea::dump
