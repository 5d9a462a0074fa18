#include "engine/text/stop_texts.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace fovea::text {
namespace {

/// How many bytes at the end of `text` are the beginning of `stop`, but not all of it.
std::size_t UnfinishedBytes(std::string_view text, std::string_view stop) {
  std::size_t bytes = std::min(text.size(), stop.size() - 1);
  while (bytes > 0 && text.substr(text.size() - bytes) != stop.substr(0, bytes)) --bytes;
  return bytes;
}

}  // namespace

std::string StopTexts::Push(std::string_view piece) {
  if (found_) return {};
  pending_ += piece;
  std::size_t end = pending_.size();
  for (const std::string& stop : texts_) {
    const std::size_t begin = pending_.find(stop);
    if (begin == std::string::npos) continue;
    found_ = true;
    end = std::min(end, begin);
  }
  if (!found_) {
    std::size_t held = 0;
    for (const std::string& stop : texts_) held = std::max(held, UnfinishedBytes(pending_, stop));
    end -= held;
  }
  std::string certain = pending_.substr(0, end);
  pending_.erase(0, found_ ? std::string::npos : end);
  return certain;
}

std::string StopTexts::Finish() {
  return std::exchange(pending_, {});
}

}  // namespace fovea::text
