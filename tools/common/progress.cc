#include "tools/common/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace fovea::tools {
namespace {

constexpr auto kPatience = std::chrono::seconds(1);
constexpr auto kInterval = std::chrono::milliseconds(100);
constexpr std::size_t kWidth = 40;

}  // namespace

Progress::Progress(bool wanted)
    : enabled_(wanted && ::isatty(STDERR_FILENO) == 1), start_(Clock::now()), last_(start_) {}

Progress::~Progress() {
  Clear();
}

void Progress::Update(double done, const std::string& what) {
  if (!enabled_) return;
  const Clock::time_point now = Clock::now();
  if (now - start_ < kPatience || (drawn_ && now - last_ < kInterval)) return;
  last_ = now;
  drawn_ = true;
  done = std::clamp(done, 0.0, 1.0);
  const auto full = static_cast<std::size_t>(done * static_cast<double>(kWidth));
  const std::string bar = std::string(full, '#') + std::string(kWidth - full, '.');
  std::fprintf(stderr, "\r[%s] %3.0f %% %s\x1b[K", bar.c_str(), done * 100.0, what.c_str());
  std::fflush(stderr);
}

void Progress::Clear() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace fovea::tools
