#include "platform/cpu_quota.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/platform/temporary_folder.h"

namespace fovea::platform {
namespace {

TEST(CpuQuota, IsRoundedUpToWholeCores) {
  EXPECT_EQ((CpuQuota{.quota = 200'000, .period = 100'000}).cores(), 2U);
  EXPECT_EQ((CpuQuota{.quota = 150'000, .period = 100'000}).cores(), 2U);
  EXPECT_EQ((CpuQuota{.quota = 100'001, .period = 100'000}).cores(), 2U);
  EXPECT_EQ((CpuQuota{.quota = 100'000, .period = 100'000}).cores(), 1U);
  EXPECT_EQ((CpuQuota{.quota = 1'000, .period = 100'000}).cores(), 1U);
}

TEST(CpuQuota, IsReadFromTheFilesOfBothVersions) {
  ASSERT_TRUE(ParseCpuMax("150000 100000\n"));
  EXPECT_EQ(ParseCpuMax("150000 100000\n")->quota, 150'000U);
  EXPECT_EQ(ParseCpuMax("150000 100000\n")->period, 100'000U);
  ASSERT_TRUE(ParseCfsQuota("50000\n", "20000\n"));
  EXPECT_EQ(ParseCfsQuota("50000\n", "20000\n")->cores(), 3U);
}

TEST(CpuQuota, IsNoneForNoLimitAndForNonsense) {
  for (const char* text : {"max 100000\n", "", "\n", "100000", "100000 0", "0 100000", "-5 100000",
                           "1e5 100000", "100000 100000 100000", "99999999999999999999999 1"}) {
    EXPECT_FALSE(ParseCpuMax(text)) << text;
  }
  EXPECT_FALSE(ParseCfsQuota("-1\n", "100000\n"));
  EXPECT_FALSE(ParseCfsQuota("50000\n", ""));
  EXPECT_FALSE(ParseCfsQuota("", "100000\n"));
  EXPECT_FALSE(ParseCfsQuota("50000\n", "0\n"));
  EXPECT_FALSE(ParseCfsQuota("5 0\n", "100000\n"));
}

/// The files of /proc and /sys of a machine that the test makes up.
class MadeUpGroups : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& contents) {
    const std::filesystem::path file = folder_.path() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << contents;
  }
  /// Version 2 alone, as systemd mounts it.
  void MountVersion2(const std::string& root = "/") {
    Write("/proc/self/mountinfo",
          "22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n"
          "29 23 0:26 " +
              root + " /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
  /// Version 1 for "cpu", version 2 without controllers beside it.
  void MountVersion1(const std::string& root = "/") {
    Write("/proc/self/mountinfo",
          "30 25 0:27 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup rw\n"
          "33 25 0:30 / /sys/fs/cgroup/cpuset rw shared:15 - cgroup cgroup rw,cpuset\n"
          "34 25 0:31 " +
              root + " /sys/fs/cgroup/cpu,cpuacct rw shared:16 - cgroup cgroup rw,cpu,cpuacct\n");
  }
  std::optional<std::size_t> Cores() { return QuotaCores(folder_.path()); }

  TemporaryFolder folder_;
};

TEST_F(MadeUpGroups, AreNoLimitWhereThereAreNone) {
  EXPECT_EQ(Cores(), std::nullopt);
  Write("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(Cores(), std::nullopt);
  MountVersion2();
  EXPECT_EQ(Cores(), std::nullopt);
  Write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(Cores(), std::nullopt);
  Write("/proc/self/cgroup", "nonsense\n:\n");
  Write("/proc/self/mountinfo", "nonsense - cgroup2\n- - - - - - - - -\n");
  EXPECT_EQ(Cores(), std::nullopt);
}

TEST_F(MadeUpGroups, LimitAContainerOfVersion2) {
  MountVersion2();
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(Cores(), 2U);
}

TEST_F(MadeUpGroups, LimitByTheTightestGroupOnTheWayUp) {
  MountVersion2();
  Write("/proc/self/cgroup", "0::/system.slice/app.service/worker\n");
  Write("/sys/fs/cgroup/system.slice/cpu.max", "800000 100000\n");
  Write("/sys/fs/cgroup/system.slice/app.service/cpu.max", "300000 100000\n");
  Write("/sys/fs/cgroup/system.slice/app.service/worker/cpu.max", "max 100000\n");
  Write("/sys/fs/cgroup/system.slice/other.service/cpu.max", "10000 100000\n");
  EXPECT_EQ(Cores(), 3U);
  Write("/sys/fs/cgroup/system.slice/app.service/worker/cpu.max", "20000 100000\n");
  EXPECT_EQ(Cores(), 1U);
}

TEST_F(MadeUpGroups, LimitAContainerOfVersion1) {
  MountVersion1("/docker/0123");
  Write("/proc/self/cgroup",
        "5:cpuset:/docker/0123\n4:cpu,cpuacct:/docker/0123\n0::/system.slice/docker.service\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "1000\n");
  EXPECT_EQ(Cores(), 3U);
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(Cores(), std::nullopt);
}

TEST_F(MadeUpGroups, OfVersion1AreReadUpwardsToo) {
  MountVersion1();
  Write("/proc/self/cgroup", "4:cpu,cpuacct:/user.slice/job\n0::/user.slice\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/user.slice/cpu.cfs_quota_us", "400000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/user.slice/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/user.slice/job/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/user.slice/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(Cores(), 4U);
}

TEST_F(MadeUpGroups, OutsideOfWhatIsMountedCountAsTheMountedOne) {
  // A container without a namespace of its own: it reads the host's path, but sees its own folder.
  MountVersion2("/kubepods/pod1");
  Write("/proc/self/cgroup", "0::/kubepods/pod12/other\n");
  Write("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  EXPECT_EQ(Cores(), 1U);
  Write("/proc/self/cgroup", "0::/kubepods/pod1/inner\n");
  Write("/sys/fs/cgroup/inner/cpu.max", "max 100000\n");
  EXPECT_EQ(Cores(), 1U);
  Write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  Write("/sys/fs/cgroup/inner/cpu.max", "700000 100000\n");
  EXPECT_EQ(Cores(), 7U);
}

TEST(QuotaCores, OfThisMachineAreAtLeastOneIfThereIsALimit) {
  EXPECT_GE(QuotaCores().value_or(1), 1U);
}

}  // namespace
}  // namespace fovea::platform
