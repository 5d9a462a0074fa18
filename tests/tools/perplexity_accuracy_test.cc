// What the fast kernels cost in quality: perplexity of 20 kB of text against the scalar kernels
// with activations in F32, for every type that weights may have.
#include <gtest/gtest.h>

#include <fovea/quantize.h>
#include <cmath>
#include <filesystem>
#include <fovea/fovea.hpp>
#include <string>
#include <vector>

#include "tests/tools/temporary_folder.h"
#include "tools/fovea/perplexity_run.h"

namespace fovea::tools {
namespace {

namespace fs = std::filesystem;

/// The scalar kernels take most of the time: under an emulator or a sanitizer far too much.
#if FOVEA_EMULATED
constexpr std::size_t kTextBytes = 300;
#elif defined(FOVEA_SANITIZED)
constexpr std::size_t kTextBytes = 1'000;
#else
constexpr std::size_t kTextBytes = 20'000;
#endif
constexpr std::size_t kWindow = 256;

/// The first kTextBytes of the files, cut before a character that would be torn.
std::string TextOf(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += dump::ReadWhole(path);
  std::size_t end = std::min(text.size(), kTextBytes);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
    --end;
  }
  return text.substr(0, end);
}

/// Texts that lie in this repository: prose about it.
std::string OwnText() {
  const std::string root = FOVEA_SOURCE_DIR;
  return TextOf({root + "/tools/models/README.md", root + "/engine/docs/embedding.md",
                 root + "/tests/golden/README.md", root + "/LICENSE"});
}

double Perplexity(const Model& model, const std::string& text, const SessionOptions& options) {
  auto ids = model.tokenizer()->Encode(text);
  EXPECT_TRUE(ids.ok()) << ids.status().message();
  auto session = Session::Create(model, options);
  EXPECT_TRUE(session.ok()) << session.status().message();
  if (!ids || !session) return std::nan("");
  auto result = MeasurePerplexity(*session, *ids, {.context = kWindow, .stride = kWindow});
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result ? result->perplexity : std::nan("");
}

/// What a token's likelihood moves by is nearly random, so less text than 20 kB shows more of it.
double MostDeviation(DataType type) {
  const bool whole = type == DataType::kF32 || type == DataType::kF16 || type == DataType::kBF16;
  return (whole ? 0.0005 : 0.005) * std::sqrt(20'000.0 / static_cast<double>(kTextBytes));
}

/// `type`: of the matrices; says how far fast may be from exact.
void ExpectFastIsExact(const std::string& path, const std::string& text, DataType type,
                       Isa exact_isa = Isa::kScalar) {
  SCOPED_TRACE(path);
  auto packed = Model::Load(path);
  ASSERT_TRUE(packed.ok()) << packed.error().message();
  auto plain = Model::Load(path, {.pack = false});
  ASSERT_TRUE(plain.ok()) << plain.error().message();
  const double fast = Perplexity(*packed, text, {.context_size = kWindow, .threads = 2});
  const double exact = Perplexity(
      *plain, text,
      {.context_size = kWindow, .arithmetic = Arithmetic::kExact, .threads = 2, .isa = exact_isa});
  EXPECT_NEAR(fast / exact, 1.0, MostDeviation(type)) << "fast " << fast << ", exact " << exact;
  std::string name(DataTypeName(type));
  testing::Test::RecordProperty(name, std::to_string(100.0 * (fast / exact - 1.0)) + " %");
}

TEST(PerplexityAccuracy, OfTheShippedModel) {
  ExpectFastIsExact(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf", OwnText(),
                    DataType::kQ8_0);
}

/// The shipped model in every other type that we can write.
class PerplexityAccuracyOf : public testing::TestWithParam<DataType> {};

TEST_P(PerplexityAccuracyOf, TheShippedModelRequantized) {
  const dump::TemporaryFolder folder;
  const std::string path = folder.Path("model.gguf");
  auto report = QuantizeFile(FOVEA_SOURCE_DIR "/tools/models/fovea-tiny-q8_0.gguf", path,
                             {.type = GetParam(), .pure = true});
  ASSERT_TRUE(report.ok()) << report.status().message();
  // The scalar kernels are the reference above; for all types they would take a quarter of an hour.
  ExpectFastIsExact(path, OwnText(), GetParam(), BestIsa());
}

INSTANTIATE_TEST_SUITE_P(EveryType, PerplexityAccuracyOf,
                         testing::ValuesIn(std::vector<DataType>(EncodableTypes().begin(),
                                                                 EncodableTypes().end())),
                         [](const testing::TestParamInfo<DataType>& type) {
                           return std::string(DataTypeName(type.param));
                         });

/// Real weights that a peer wrote in several types.
class PerplexityAccuracyOfPeer : public testing::TestWithParam<DataType> {};

TEST_P(PerplexityAccuracyOfPeer, Stories260K) {
  const fs::path reference = FOVEA_REFERENCE_DIR;
  const fs::path model = reference / "models/peer-goldens/models" /
                         ("stories260K-" + std::string(DataTypeName(GetParam())) + ".gguf");
  if (reference.empty() || !fs::exists(model)) GTEST_SKIP() << "no reference folder";
  const fs::path book = reference / "text/gutenberg/war-and-peace.txt";
  const std::string text = fs::exists(book) ? TextOf({book.string()}) : OwnText();
  ExpectFastIsExact(model.string(), text, GetParam());
}

INSTANTIATE_TEST_SUITE_P(EveryFile, PerplexityAccuracyOfPeer,
                         testing::Values(DataType::kF32, DataType::kF16, DataType::kQ8_0,
                                         DataType::kQ5_1, DataType::kQ4_0),
                         [](const testing::TestParamInfo<DataType>& type) {
                           return std::string(DataTypeName(type.param));
                         });

}  // namespace
}  // namespace fovea::tools
