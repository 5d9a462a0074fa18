#include "tools/attention-dump/base/human.h"

#include <array>
#include <cstdio>

namespace fovea::dump {

std::string HumanBytes(double bytes) {
  constexpr std::array<const char*, 6> kUnits = {"bytes", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < kUnits.size()) {
    bytes /= 1000.0;
    ++unit;
  }
  std::array<char, 64> text{};
  const char* format = unit > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s";
  std::snprintf(text.data(), text.size(), format, bytes, kUnits[unit]);
  return text.data();
}

std::string Counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string OneLine(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return line;
}

std::string About(const std::string& subject, const std::string& message) {
  return message.starts_with(subject + ":") ? message : subject + ": " + message;
}

Status About(const std::string& subject, const Status& status) {
  return {status.code(), About(subject, status.message())};
}

}  // namespace fovea::dump
