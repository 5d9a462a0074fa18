#include "platform/cpu_features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

namespace fovea::platform {
namespace {

#if defined(__linux__) && defined(__x86_64__)
/// What the kernel says about the first core.
std::set<std::string> KernelFlags() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    return {std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
  }
  return {};
}

TEST(CpuFeatures, AgreeWithTheKernel) {
  const std::set<std::string> flags = KernelFlags();
  ASSERT_FALSE(flags.empty());
  const CpuFeatures f = DetectCpuFeatures();
  const auto all = [&flags](std::initializer_list<const char*> names) {
    return std::all_of(names.begin(), names.end(),
                       [&flags](const char* name) { return flags.count(name) != 0; });
  };
  EXPECT_EQ(f.avx2_fma_f16c, all({"avx2", "fma", "f16c", "bmi1", "bmi2"}));
  EXPECT_EQ(f.avx512, all({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}));
  EXPECT_EQ(f.avx512_vnni, all({"avx512_vnni"}));
  EXPECT_EQ(f.avx512_bf16, all({"avx512_bf16"}));
  EXPECT_EQ(f.avx512_fp16, all({"avx512_fp16"}));
  EXPECT_EQ(f.avx_vnni, all({"avx_vnni"}));
  EXPECT_EQ(f.amx_int8, all({"amx_int8"}));
  EXPECT_EQ(f.amx_bf16, all({"amx_bf16"}));
  EXPECT_FALSE(f.neon);
}
#endif

#if defined(__aarch64__)
TEST(CpuFeatures, AlwaysIncludeNeonOn64BitArm) {
  const CpuFeatures f = DetectCpuFeatures();
  EXPECT_TRUE(f.neon);
  EXPECT_FALSE(f.avx2_fma_f16c);
}
#endif

TEST(CacheSizes, ArePlausible) {
  const CacheSizes sizes = DetectCacheSizes();
  EXPECT_GE(sizes.l1_data, 4U * 1024);
  EXPECT_LE(sizes.l1_data, 1024U * 1024);
  EXPECT_GE(sizes.l2, sizes.l1_data);
  EXPECT_LE(sizes.l2, 256U * 1024 * 1024);
}

}  // namespace
}  // namespace fovea::platform
