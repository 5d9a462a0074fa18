// A progress bar on standard error, shown only to people and only when there is time to read it.
#ifndef FOVEA_TOOLS_COMMON_PROGRESS_H_
#define FOVEA_TOOLS_COMMON_PROGRESS_H_

#include <chrono>
#include <string>

namespace fovea::tools {

class Progress {
 public:
  /// Draws nothing unless `wanted` and standard error is a terminal.
  explicit Progress(bool wanted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// Wipes the bar.
  ~Progress();

  /// `done` from 0 to 1. Draws at most ten times a second, and not within the first second.
  void Update(double done, const std::string& what);
  void Clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool enabled_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_;
};

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_COMMON_PROGRESS_H_
