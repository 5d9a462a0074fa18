// The small models of every family that the tests of sessions run, and one of them loaded.
#ifndef FOVEA_TESTS_MODEL_GOLDEN_MODELS_H_
#define FOVEA_TESTS_MODEL_GOLDEN_MODELS_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <fovea/fovea.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fovea {

/// Path of the golden model of that name.
inline std::string Data(const std::string& name) {
  return FOVEA_SOURCE_DIR "/tests/golden/data/" + name + ".gguf";
}

/// Ids that every golden model has, few of them alike.
inline std::vector<std::int32_t> SomeIds(std::size_t count) {
  std::vector<std::int32_t> ids(count);
  for (std::size_t i = 0; i < count; ++i)
    ids[i] = static_cast<std::int32_t>((i * 37 + 11) % 100 + 3);
  return ids;
}

/// Names a test after its model.
struct ModelName {
  std::string operator()(const ::testing::TestParamInfo<const char*>& parameter) const {
    std::string name = parameter.param;
    for (char& c : name) c = c == '-' ? '_' : c;
    return name;
  }
};

class LlamaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto loaded = Model::Load(Data("llama"));
    ASSERT_TRUE(loaded) << loaded.error().message();
    model_.emplace(std::move(*loaded));
  }
  const Model& model() { return *model_; }
  std::optional<Model> model_;
};

}  // namespace fovea

#endif  // FOVEA_TESTS_MODEL_GOLDEN_MODELS_H_
