// Weights that are not finite or huge: an error, never a result that holds NaN. And tensors of the
// wrong shape, or missing.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>

#include "fovea/model.h"
#include "tests/hostile/run_model.h"
#include "tests/hostile/tiny_llama.h"
#include "tests/tensor/type_lists.h"

namespace fovea::testing {
namespace {

/// Overwrites the first scale or number of the tensor.
void Poison(GgufBuilder::Tensor* tensor, float value) {
  if (tensor->type == static_cast<std::uint32_t>(DataType::kF32)) {
    std::memcpy(tensor->data.data(), &value, sizeof(value));
  } else {
    const std::uint16_t half = FloatToHalf(value);
    std::memcpy(tensor->data.data(), &half, sizeof(half));
  }
}

TEST(HostileWeights, ThatAreNotFiniteNeverGiveNonFiniteResults) {
  const ModelFile file;
  const GgufBuilder whole = TinyLlama();
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
    for (const float value : {std::numeric_limits<float>::quiet_NaN(),
                              std::numeric_limits<float>::infinity(), -60000.0F}) {
      GgufBuilder builder = whole;
      Poison(&builder.tensors[i], value);
      file.Write(builder.Build());
      const Status status = RunModel(file.path());
      if (!status.ok()) {
        ++refused;
        EXPECT_EQ(StatusCodeName(status.code()), std::string("not finite")) << status.message();
      }
    }
  }
  EXPECT_GT(refused, whole.tensors.size());
}

TEST(HostileWeights, ThatAreNotFiniteAreFoundByTheScan) {
  const ModelFile file;
  const GgufBuilder whole = TinyLlama();
  for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
    GgufBuilder builder = whole;
    Poison(&builder.tensors[i], std::numeric_limits<float>::infinity());
    file.Write(builder.Build());
    const auto model = Model::Load(file.path(), {.check_finite = true});
    ASSERT_FALSE(model.ok()) << builder.tensors[i].name;
    EXPECT_NE(model.error().message().find(builder.tensors[i].name), std::string::npos)
        << model.error().message();
  }
}

TEST(HostileWeights, ThatAreMissingOrOfTheWrongShapeAreNamed) {
  const ModelFile file;
  const GgufBuilder whole = TinyLlama();
  for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
    const std::string name = whole.tensors[i].name;
    GgufBuilder without = whole;
    without.tensors.erase(without.tensors.begin() + static_cast<std::ptrdiff_t>(i));
    file.Write(without.Build());
    const Status missing = RunModel(file.path());
    if (name != "output.weight") {  // which may be tied to the embedding
      EXPECT_FALSE(missing.ok()) << name;
      EXPECT_NE(missing.message().find(name), std::string::npos) << missing.message();
    }
    for (const std::vector<std::uint64_t>& shape :
         {std::vector<std::uint64_t>{32}, std::vector<std::uint64_t>{32, 1},
          std::vector<std::uint64_t>{64, 32, 2}, std::vector<std::uint64_t>{32, 1, 1, 33},
          std::vector<std::uint64_t>{96, 7}}) {
      if (shape == whole.tensors[i].shape) continue;
      GgufBuilder other = whole;
      const auto type = static_cast<DataType>(whole.tensors[i].type);
      other.tensors[i] = GgufBuilder().AddTensor(name, type, shape).tensors[0];
      file.Write(other.Build());
      const Status status = RunModel(file.path());
      if (!status.ok()) {
        EXPECT_NE(status.message().find('\''), std::string::npos) << status.message();
      }
    }
  }
}

TEST(HostileWeights, OfEveryTypeInEveryPlaceRunOrGiveAnError) {
  const ModelFile file;
  const GgufBuilder whole = TinyLlama();
  for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
    for (const DataType type : AllTypes()) {
      if (BlockElements(type) > 32) continue;
      GgufBuilder other = whole;
      const auto& old = whole.tensors[i];
      other.tensors[i] = GgufBuilder().AddTensor(old.name, type, old.shape).tensors[0];
      file.Write(other.Build());
      static_cast<void>(RunModel(file.path()));
    }
  }
}

}  // namespace
}  // namespace fovea::testing
