// A library with as little as possible, compiled without exceptions and RTTI, used by a program
// that has both: classes of the application derive from the library's, and every part that is left
// out says so. Arguments: a model of the family that the library has, and one of another.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "fovea/fovea.h"
#include "fovea/fovea.hpp"

namespace {

int failures = 0;

void Expect(bool fulfilled, const char* what, const std::string& seen = "") {
  if (fulfilled) return;
  std::printf("not so: %s; seen: %s\n", what, seen.c_str());
  ++failures;
}
#define EXPECT(condition) Expect((condition), #condition)

template <typename T>
const fovea::Status& StatusOf(const fovea::Result<T>& result) {
  return result.status();
}
const fovea::Status& StatusOf(const fovea::Status& status) {
  return status;
}

template <typename Outcome>
void ExpectLeftOut(const Outcome& outcome, const std::string& text) {
  const fovea::Status& status = StatusOf(outcome);
  Expect(status.code() == fovea::StatusCode::kUnsupported, "kUnsupported",
         fovea::StatusCodeName(status.code()));
  Expect(status.message() == text, text.c_str(), status.message());
}

constexpr char kNoAnalyses[] = "this build of Fovea has no analyses (FOVEA_INSPECT=OFF)";
constexpr char kNoQuantizer[] = "this build of Fovea has no quantizer (FOVEA_QUANTIZE=OFF)";
constexpr char kNoTokenizers[] = "this build of Fovea has no tokenizers (FOVEA_TOKENIZERS=none)";

class CountingObserver : public fovea::AttentionObserver {
 public:
  const fovea::AttentionSelection& selection() const override { return selection_; }
  void OnRows(const fovea::AttentionRows& rows) override { rows_ += rows.query_count; }
  std::size_t rows() const { return rows_; }

 private:
  fovea::AttentionSelection selection_;
  std::size_t rows_ = 0;
};

class CountingRecorder : public fovea::AttentionRecorder {
 public:
  using fovea::AttentionRecorder::AttentionRecorder;
  void OnRows(const fovea::AttentionRows& rows) override {
    ++calls_;
    AttentionRecorder::OnRows(rows);
  }
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
};

class Arena : public fovea::Allocator {
 public:
  void* Allocate(std::size_t bytes) override {
    ++blocks_;
    return bytes > limit_ ? nullptr : std::malloc(bytes);
  }
  void Free(void* block, std::size_t /*bytes*/) override {
    --blocks_;
    std::free(block);
  }
  int blocks() const { return blocks_; }
  void set_limit(std::size_t limit) { limit_ = limit; }

 private:
  int blocks_ = 0;
  std::size_t limit_ = static_cast<std::size_t>(-1);
};

class OneThread : public fovea::TaskRunner {
 public:
  std::size_t workers() const override { return 1; }
  void Run(std::size_t tasks, Task task, void* context) override {
    for (std::size_t i = 0; i < tasks; ++i) task(context, i, 0);
  }
};

void RunsAndShowsMaps(const fovea::Model& model) {
  Arena arena;
  OneThread runner;
  const std::vector<std::int32_t> ids = {1, 5, 9, 3};
  {
    auto session =
        fovea::Session::Create(model, {.context_size = 8, .allocator = &arena, .runner = &runner});
    EXPECT(session.ok());
    if (!session) return;
    EXPECT(arena.blocks() > 0);
    CountingRecorder maps({.layers = {0}}, &arena);
    EXPECT(session->Prefill(ids, {.observer = &maps}).ok());
    EXPECT(static_cast<std::size_t>(maps.calls()) == model.info().heads);
    const auto map = maps.Map(0, 0);
    EXPECT(map.queries == ids.size());
    EXPECT(map.At(0, 0) == 1.0F);
    CountingObserver counter;
    EXPECT(session->Decode(2, {.observer = &counter}).ok());
    EXPECT(counter.rows() == model.info().heads * model.info().layers);

    // RTTI of the application's classes, through the library's base.
    fovea::AttentionObserver* base = &maps;
    EXPECT(dynamic_cast<CountingRecorder*>(base) == &maps);
    EXPECT(dynamic_cast<fovea::AttentionRecorder*>(base) == &maps);
    EXPECT(dynamic_cast<CountingObserver*>(base) == nullptr);
    EXPECT(typeid(*base) == typeid(CountingRecorder));
  }
  EXPECT(arena.blocks() == 0);

  // Large blocks that are refused are errors, also without exceptions.
  arena.set_limit(1000);
  auto refused = fovea::Session::Create(model, {.context_size = 8, .allocator = &arena});
  EXPECT(StatusOf(refused).code() == fovea::StatusCode::kOutOfMemory);
}

void LeftOutPartsSayIt(const fovea::Model& model, const char* path, const char* other_family) {
  EXPECT(model.tokenizer() == nullptr);
  ExpectLeftOut(model.tokenizer_status(), std::string(path) + ": " + kNoTokenizers);
  ExpectLeftOut(fovea::LoadTokenizer(path), std::string(path) + ": " + kNoTokenizers);

  const std::vector<std::int32_t> ids = {1, 5, 9, 3};
  ExpectLeftOut(fovea::MeasureHeadEffects(model, ids), kNoAnalyses);
  ExpectLeftOut(fovea::MeasureHeadMeans(model, ids), kNoAnalyses);
  ExpectLeftOut(fovea::MeanAttentionObserver::Create(model.info(), 4), kNoAnalyses);
  ExpectLeftOut(fovea::ValueNorms::Create(model), kNoAnalyses);

  std::vector<float> floats(32);
  std::vector<std::byte> bytes(34);
  ExpectLeftOut(fovea::Encode(fovea::DataType::kQ8_0, floats, bytes), kNoQuantizer);
  ExpectLeftOut(fovea::Decode(fovea::DataType::kQ8_0, bytes, floats), kNoQuantizer);
  ExpectLeftOut(fovea::QuantizeFile(path, "out.gguf", {}), kNoQuantizer);
  ExpectLeftOut(fovea::GgufWriter::Create("out.gguf"), kNoQuantizer);
  EXPECT(fovea::EncodableTypes().empty());

  ExpectLeftOut(fovea::Model::Load("."),
                ".: this build of Fovea reads no model folders (FOVEA_FOLDERS=OFF)");
  ExpectLeftOut(fovea::Model::Load(other_family),
                std::string(other_family) +
                    ": model family qwen2 is left out of this build of "
                    "Fovea (FOVEA_FAMILIES=llama)");
  EXPECT(fovea::SupportedFamilies() == std::vector<std::string_view>{"llama"});
}

void OnlyTheChosenInstructionSetsAreThere() {
  for (const fovea::Isa isa : fovea::AvailableIsas()) {
    const std::string_view name = fovea::IsaName(isa);
    Expect(name == "scalar" || name == FOVEA_MINIMAL_ISA, "scalar or " FOVEA_MINIMAL_ISA,
           std::string(name));
  }
}

void CApiSaysIt(const char* path) {
  fovea_error error = {};
  fovea_model* model = nullptr;
  EXPECT(fovea_model_load(path, nullptr, &model, &error) == FOVEA_OK);
  if (model == nullptr) return;
  const fovea_tokenizer* tokenizer = nullptr;
  EXPECT(fovea_model_tokenizer(model, &tokenizer, &error) == FOVEA_UNSUPPORTED);
  EXPECT(std::strstr(error.message, kNoTokenizers) != nullptr);
  fovea_statistics* statistics = nullptr;
  EXPECT(fovea_statistics_create(model, nullptr, &statistics, &error) == FOVEA_UNSUPPORTED);
  EXPECT(std::strcmp(error.message, kNoAnalyses) == 0);
  fovea_mean_maps* maps = nullptr;
  EXPECT(fovea_mean_maps_create(model, 4, nullptr, &maps, &error) == FOVEA_UNSUPPORTED);
  EXPECT(std::strcmp(error.message, kNoAnalyses) == 0);
  EXPECT(fovea_quantize_file(path, "out.gguf", "Q8_0", nullptr, nullptr, &error) ==
         FOVEA_UNSUPPORTED);
  EXPECT(std::strcmp(error.message, kNoQuantizer) == 0);
  fovea_gguf_writer* writer = nullptr;
  EXPECT(fovea_gguf_writer_create("out.gguf", &writer, &error) == FOVEA_UNSUPPORTED);
  EXPECT(std::strcmp(error.message, kNoQuantizer) == 0);
  EXPECT(fovea_encodable_type(0) == nullptr);
  EXPECT(std::strcmp(fovea_family_name(0), "llama") == 0);
  EXPECT(fovea_family_name(1) == nullptr);
  fovea_model_free(model);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto model = fovea::Model::Load(argv[1]);
  if (!model) return std::printf("%s\n", model.error().message().c_str()), 1;
  RunsAndShowsMaps(*model);
  LeftOutPartsSayIt(*model, argv[1], argv[2]);
  OnlyTheChosenInstructionSetsAreThere();
  CApiSaysIt(argv[1]);
  if (failures == 0) std::printf("all parts as expected\n");
  return failures == 0 ? 0 : 1;
}
