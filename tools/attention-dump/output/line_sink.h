// Lines that go out the moment they exist, to standard output or to a file that someone reads while
// it grows.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_LINE_SINK_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_LINE_SINK_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Writes are not buffered here. After the first failure nothing more is written.
class LineSink {
 public:
  /// An empty path is standard output. A file is emptied; a pipe waits for its reader.
  /// `interrupted` ends a write that waits for a slow reader. Errors name the path.
  static Result<LineSink> Open(const std::string& path, std::function<bool()> interrupted);

  LineSink(LineSink&& other) noexcept;
  LineSink& operator=(LineSink&&) = delete;
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;
  ~LineSink();

  /// The line without its end.
  void Write(std::string_view line);

  std::size_t lines() const { return lines_; }  ///< Written whole.
  bool failed() const { return !status_.ok(); }
  /// What went wrong, naming standard output or the file: a reader that went away, a full disk.
  const Status& status() const { return status_; }

 private:
  LineSink(int descriptor, std::string path, std::function<bool()> interrupted);
  std::string Name() const { return path_.empty() ? "standard output" : path_; }
  void Fail(int error);

  int descriptor_;
  std::string path_;
  std::function<bool()> interrupted_;
  std::string buffer_;
  std::size_t lines_ = 0;
  Status status_;
};

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_LINE_SINK_H_
