#include "platform/cpu_quota.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <vector>

namespace fovea::platform {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Whole words between spaces, tabs and line ends.
std::vector<std::string_view> Words(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kSpaces), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

/// A positive number that fills the whole word.
std::optional<std::uint64_t> Positive(std::string_view word) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value == 0) return std::nullopt;
  return value;
}

std::optional<CpuQuota> Quota(std::string_view quota, std::string_view period) {
  const auto microseconds = Positive(quota);
  const auto each = Positive(period);
  if (!microseconds || !each) return std::nullopt;
  return CpuQuota{.quota = *microseconds, .period = *each};
}

/// Where a hierarchy of groups is mounted.
struct Mount {
  std::string root;   ///< The group that the mount point shows, "/" for the outermost.
  std::string point;  ///< A folder.
};

bool Holds(std::string_view list, std::string_view name) {
  const std::vector<std::string_view> names = Split(list, ',');
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The mount point of version 2, or of version 1's controller "cpu". A line of mountinfo is: id,
/// parent, device, root, mount point, options, optional fields, "-", type, source, options of the
/// file system.
std::optional<Mount> FindMount(std::string_view mountinfo, bool version2) {
  for (const std::string_view line : Split(mountinfo, '\n')) {
    const std::vector<std::string_view> words = Words(line);
    const auto separator = std::find(words.begin(), words.end(), "-");
    if (words.end() - separator < 4 || separator - words.begin() < 6) continue;
    const std::string_view type = separator[1];
    if (version2 ? type == "cgroup2" : type == "cgroup" && Holds(separator[3], "cpu")) {
      return Mount{.root = std::string(words[3]), .point = std::string(words[4])};
    }
  }
  return std::nullopt;
}

/// The group's path below the mount point: "" for the one that is mounted. A group outside of what
/// is mounted (a container that sees the host's path) counts as the mounted one.
std::string_view BelowMount(std::string_view group, std::string_view root) {
  if (root != "/") {
    if (group.substr(0, root.size()) != root) return "";
    group.remove_prefix(root.size());
    if (!group.empty() && group.front() != '/') return "";
  }
  return group == "/" ? "" : group;
}

std::optional<CpuQuota> QuotaOfGroup(const std::string& folder, bool version2) {
  if (version2) return ParseCpuMax(ReadText(folder + "/cpu.max"));
  return ParseCfsQuota(ReadText(folder + "/cpu.cfs_quota_us"),
                       ReadText(folder + "/cpu.cfs_period_us"));
}

/// The tightest limit from the group at `path` below the mount point up to the mount point.
std::optional<std::size_t> CoresUpwards(const std::string& mount_point, std::string_view path,
                                        bool version2) {
  std::optional<std::size_t> least;
  while (true) {
    const auto quota = QuotaOfGroup(mount_point + std::string(path), version2);
    if (quota) least = std::min(least.value_or(quota->cores()), quota->cores());
    if (path.empty()) return least;
    path = path.substr(0, path.rfind('/'));
  }
}

}  // namespace

std::size_t CpuQuota::cores() const {
  const std::uint64_t cores = quota / period + (quota % period != 0 ? 1 : 0);
  constexpr std::uint64_t kMost = std::numeric_limits<std::size_t>::max();
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(cores, 1, kMost));
}

std::optional<CpuQuota> ParseCpuMax(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  if (words.size() != 2) return std::nullopt;
  return Quota(words[0], words[1]);  // "max" is not a number.
}

std::optional<CpuQuota> ParseCfsQuota(std::string_view quota, std::string_view period) {
  const std::vector<std::string_view> quota_words = Words(quota);
  const std::vector<std::string_view> period_words = Words(period);
  if (quota_words.size() != 1 || period_words.size() != 1) return std::nullopt;
  return Quota(quota_words[0], period_words[0]);  // Neither is -1.
}

std::optional<std::size_t> QuotaCores(const std::string& root) {
  const std::string mountinfo = ReadText(root + "/proc/self/mountinfo");
  const std::string groups = ReadText(root + "/proc/self/cgroup");
  std::optional<std::size_t> least;
  // A line is "hierarchy:controllers:path"; version 2 has hierarchy 0 and no list of controllers.
  for (const std::string_view line : Split(groups, '\n')) {
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const bool version2 = line.substr(0, first) == "0" && controllers.empty();
    if (!version2 && !Holds(controllers, "cpu")) continue;
    const auto mount = FindMount(mountinfo, version2);
    if (!mount) continue;
    const auto cores = CoresUpwards(root + mount->point,
                                    BelowMount(line.substr(second + 1), mount->root), version2);
    if (cores) least = std::min(least.value_or(*cores), *cores);
  }
  return least;
}

}  // namespace fovea::platform
