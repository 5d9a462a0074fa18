#include "platform/cpu_topology.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/platform/temporary_folder.h"

namespace fovea::platform {
namespace {

using Numbers = std::vector<std::size_t>;

/// A folder like /sys/devices/system/cpu of a machine that the test makes up.
class MadeUpMachine : public ::testing::Test {
 protected:
  void Add(std::size_t core, const std::string& file, const std::string& contents) {
    const std::filesystem::path path = folder_.File("cpu" + std::to_string(core) + "/" + file);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << contents << "\n";
  }
  Numbers Speeds(const Numbers& cores) { return CoreSpeeds(cores, folder_.path()); }
  TemporaryFolder folder_;
};

TEST_F(MadeUpMachine, TellsTheCapacityOfItsCores) {
  // RK3399: four Cortex-A53, two Cortex-A72.
  for (std::size_t core = 0; core < 6; ++core) {
    Add(core, "cpu_capacity", core < 4 ? "485" : "1024");
    Add(core, "cpufreq/cpuinfo_max_freq", core < 4 ? "1512000" : "2016000");
  }
  EXPECT_EQ(Speeds({0, 1, 2, 3, 4, 5}), (Numbers{485, 485, 485, 485, 1024, 1024}));
  EXPECT_EQ(Speeds({4}), Numbers{1024});
  EXPECT_EQ(UsefulCores(Speeds({0, 1, 2, 3, 4, 5})), 6U);
}

TEST_F(MadeUpMachine, TellsTheClockWhereItDoesNotTellTheCapacity) {
  Add(0, "cpufreq/cpuinfo_max_freq", "1800000");
  Add(1, "cpufreq/cpuinfo_max_freq", "2400000");
  EXPECT_EQ(Speeds({0, 1}), (Numbers{1800000, 2400000}));
  // Both of a kind or none: capacities and clocks have different units.
  Add(0, "cpu_capacity", "1024");
  EXPECT_EQ(Speeds({0, 1}), (Numbers{1800000, 2400000}));
}

TEST_F(MadeUpMachine, ThatTellsNothingOrNonsenseHasEqualCores) {
  EXPECT_EQ(Speeds({0, 1, 2, 3}), (Numbers{1, 1, 1, 1}));
  Add(0, "cpu_capacity", "fast");
  Add(1, "cpu_capacity", "0");
  EXPECT_EQ(Speeds({0, 1}), (Numbers{1, 1}));
  EXPECT_EQ(UsefulCores(Speeds({0, 1, 2, 3})), 4U);
}

TEST(UsefulCores, AreThoseOfAtLeastAQuarterOfTheFastest) {
  EXPECT_EQ(UsefulCores(Numbers{1024, 1024, 256, 256}), 4U);
  EXPECT_EQ(UsefulCores(Numbers{1024, 1024, 255, 255}), 2U);
  // A phone of 2023: one Cortex-X3, four A715 or A710, three A510.
  EXPECT_EQ(UsefulCores(Numbers{250, 250, 250, 800, 800, 800, 800, 1024}), 5U);
  EXPECT_EQ(UsefulCores(Numbers{1, 1, 1, 1}), 4U);
  EXPECT_EQ(UsefulCores(Numbers{7}), 1U);
  EXPECT_EQ(UsefulCores(Numbers{}), 1U);
}

TEST(UnequalCores, AreThoseOfWhichSomeAreMuchSlower) {
  EXPECT_TRUE(AreUnequal(Numbers{485, 485, 1024}));
  EXPECT_TRUE(AreUnequal(Numbers{767, 1024}));
  EXPECT_FALSE(AreUnequal(Numbers{768, 1024}));
  // A desktop processor that clocks two of its cores higher.
  EXPECT_FALSE(AreUnequal(Numbers{5200000, 5200000, 5400000, 5400000}));
  EXPECT_FALSE(AreUnequal(Numbers{1, 1, 1, 1}));
  EXPECT_FALSE(AreUnequal(Numbers{7}));
  EXPECT_FALSE(AreUnequal(Numbers{}));
}

TEST(AvailableCores, AreAllThatMayBeUsed) {
  EXPECT_GE(AvailableCores(), 1U);
  EXPECT_LE(UsableCores().size(), AvailableCores());
  EXPECT_GE(UsefulCores(), 1U);
  EXPECT_LE(UsefulCores(), AvailableCores());
}

}  // namespace
}  // namespace fovea::platform
