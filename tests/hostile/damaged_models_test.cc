// Whole models, cut off and damaged at random, taken from loading to decoding.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>

#include "tests/format/mutator.h"
#include "tests/hostile/run_model.h"
#include "tests/hostile/tiny_llama.h"

namespace fovea::testing {
namespace {

const std::string kFixtures = FOVEA_SOURCE_DIR "/tests/golden/data";

/// Mutants of each kind; the environment variable FOVEA_MUTANTS multiplies them for long checks.
std::size_t Mutants(std::size_t usual) {
  const char* times = std::getenv("FOVEA_MUTANTS");
  const long factor = times == nullptr ? 1 : std::strtol(times, nullptr, 10);
  return usual * static_cast<std::size_t>(std::max(factor, 1L));
}

Bytes ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return ByteWriter().Raw(text).bytes();
}

TEST(TinyModel, RunsWhenItIsNotDamaged) {
  const ModelFile file;
  file.Write(TinyLlama().Build());
  const Status status = RunModel(file.path());
  EXPECT_TRUE(status.ok()) << status.message();
}

TEST(TruncatedModel, AtEveryByteIsRefused) {
  const Bytes whole = TinyLlama().Build();
  const ModelFile file;
  file.Write(whole);
  for (std::size_t size = whole.size(); size-- > 0;) {
    std::filesystem::resize_file(file.path(), size);
    const Status status = RunModel(file.path());
    ASSERT_EQ(StatusCodeName(status.code()), std::string(StatusCodeName(StatusCode::kMalformed)))
        << size << " bytes: " << status.message();
  }
}

/// Runs mutants whose damage lies in the first `region` bytes; both outcomes must happen.
void RunMutants(const Bytes& whole, std::size_t region, std::size_t count, std::uint64_t seed) {
  const ModelFile file;
  std::mt19937_64 random(seed);
  std::map<std::string, std::size_t> outcomes;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes mutant = Mutant(whole, region, random);
    file.Write(mutant);
    ++outcomes[StatusCodeName(RunModel(file.path()).code())];
    ASSERT_FALSE(::testing::Test::HasFailure()) << "mutant " << i << " of seed " << seed;
  }
  std::string summary;
  for (const auto& [name, times] : outcomes) summary += name + " " + std::to_string(times) + ", ";
  ::testing::Test::RecordProperty("outcomes", summary);
  EXPECT_GT(outcomes.size(), 1U) << summary;
}

TEST(DamagedModel, AnywhereRunsOrGivesAnError) {
  const Bytes whole = TinyLlama().Build();
  RunMutants(whole, whole.size(), Mutants(4000), 1);
}

TEST(DamagedModel, InItsMetadataRunsOrGivesAnError) {
  const Bytes whole = TinyLlama().Build();
  RunMutants(whole, 3000, Mutants(4000), 2);
}

TEST(DamagedModel, OfEveryFamilyRunsOrGivesAnError) {
  for (const std::string folder : {"", "/encoders", "/encoder_decoders"}) {
    std::size_t models = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kFixtures + folder)) {
      if (entry.path().extension() != ".gguf") continue;
      SCOPED_TRACE(entry.path().string());
      ++models;
      const Bytes whole = ReadFile(entry.path());
      ASSERT_FALSE(whole.empty());
      RunMutants(whole, 1500, Mutants(100), 3);
      RunMutants(whole, whole.size(), Mutants(30), 4);
    }
    EXPECT_GT(models, 0U) << folder;
  }
}

}  // namespace
}  // namespace fovea::testing
