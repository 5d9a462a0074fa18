// Truncation at every byte and random damage: the reader must give a file or an error, and whatever
// it gives must be safe to read. Run under sanitizers this is the room's main defence.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "engine/tensor/dequantize.h"
#include "tests/format/format_testing.h"
#include "tests/format/mutator.h"

namespace fovea::testing {
namespace {

constexpr std::int64_t kIntMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int64_t>::max();

/// Reads everything that can be read, in every way; returns how many answers were good.
std::size_t ReadAll(const format::GgufFile& file) {
  std::size_t good = 0;
  for (const std::string_view key : file.Keys()) {
    good += file.GetUint(key, 0, 1000).ok() ? 1U : 0U;
    good += file.GetFloat(key).ok() ? 1U : 0U;
    good += file.FindBool(key).ok() ? 1U : 0U;
    good += file.GetString(key).ok() ? 1U : 0U;
    const auto texts = file.FindStringArray(key);
    if (texts.ok()) {
      for (const std::string_view text : *texts) {
        good += static_cast<std::size_t>(std::ranges::count(text, 'e'));
      }
    }
    good += file.FindFloatArray(key).ok() ? 1U : 0U;
    good += file.FindIntArray(key, kIntMin, kIntMax).ok() ? 1U : 0U;
    good += file.Describe(key).size();
  }
  std::vector<float> row;
  for (const format::SourceTensor& tensor : file.tensors()) {
    const MatrixView matrix = tensor.Matrix();
    row.resize(matrix.cols);
    for (std::size_t r = 0; r < matrix.rows; ++r) {
      Dequantize(matrix.type, matrix.Row(r), matrix.cols, row.data());
      good += std::isnan(row[0]) ? 0U : 1U;
    }
    EXPECT_EQ(file.FindTensor(tensor.name), &tensor);
  }
  return good;
}

TEST(GgufTruncation, AtEveryByteIsAnError) {
  const Bytes whole = EverythingBuilder().Build();
  ASSERT_TRUE(Open(whole).ok());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto file = Open(part);
    ASSERT_FALSE(file.ok()) << "opened with " << size << " of " << whole.size() << " bytes";
    EXPECT_EQ(file.error().code(), StatusCode::kMalformed) << file.error().message();
    EXPECT_TRUE(file.error().message().starts_with(kFileName));
  }
}

TEST(GgufMutants, OpenSafelyOrGiveAnError) {
  const Bytes whole = EverythingBuilder().Build();
  std::mt19937_64 random(20261122);  // fixed: the same mutants every time
  std::size_t opened = 0;
  std::size_t refused = 0;
  std::size_t good = 0;
  for (int i = 0; i < 200000; ++i) {
    const Bytes bytes = Mutant(whole, whole.size(), random);
    const auto file = Open(bytes);
    if (file.ok()) {
      ++opened;
      good += ReadAll(*file);
    } else {
      ++refused;
      ASSERT_TRUE(file.error().message().starts_with(kFileName));
      ASSERT_EQ(file.error().message().find('\n'), std::string::npos);
    }
  }
  // Both must happen often, or the mutants test nothing.
  EXPECT_GT(opened, 10000U);
  EXPECT_GT(refused, 10000U);
  EXPECT_GT(good, opened);
}

TEST(GgufMutants, OfTheHeaderFieldsOpenSafelyOrGiveAnError) {
  // Every byte of the whole file takes every value: each length, count and type is hit.
  const Bytes whole = EverythingBuilder().Build();
  Bytes bytes = whole;
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned value = 0; value < 256; value += at < 1100 ? 1 : 85) {
      bytes[at] = static_cast<std::byte>(value);
      const auto file = Open(bytes);
      if (!file.ok()) ++refused;
    }
    bytes[at] = whole[at];
  }
  EXPECT_GT(refused, 10000U);
}

}  // namespace
}  // namespace fovea::testing
