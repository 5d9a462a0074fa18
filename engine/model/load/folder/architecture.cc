#include "engine/model/load/folder/architecture.h"

#include <cmath>
#include <utility>
#include <variant>

#include "engine/format/message.h"

namespace fovea::model {
namespace {

using Group = std::span<const Architecture>;

std::array<Group, 3> Groups() {
  return {DecoderArchitectures(), EncoderArchitectures(), EncoderDecoderArchitectures()};
}

}  // namespace

void Translation::Set(std::string_view key, Metadata::Value value) const {
  const auto* number = std::get_if<float>(&value);
  if (number != nullptr && !std::isfinite(*number)) {
    config.Fail(StatusCode::kMalformed, key, "comes out infinite");
  }
  keys->Set(std::string(name) + "." + std::string(key), std::move(value));
}

Result<const Architecture*> FindArchitecture(const ConfigSection& config,
                                             const std::string& folder) {
  const std::string_view type = config.Text({"model_type"}, "");
  const auto classes = config.Texts({"architectures"});
  const std::string_view first = classes.empty() ? "" : classes.front();
  const std::string file = folder + "/config.json";
  if (type.empty() && first.empty()) {
    return Status(StatusCode::kMalformed,
                  file + ": neither model_type nor architectures says what the model is");
  }
  std::string known;
  for (const Group& group : Groups()) {
    for (const Architecture& row : group) {
      const bool fits = type.empty() ? first.starts_with(row.classes) : row.model_type == type;
      if (fits && (row.only_class.empty() || row.only_class == first)) return &row;
      if (!row.only_class.empty()) continue;
      known += known.empty() ? "" : ", ";
      known += row.model_type;
    }
  }
  return Status(StatusCode::kUnsupported,
                format::Concat({file, ": model_type ", format::Quoted(type.empty() ? first : type),
                                " is not supported; supported are ", known}));
}

}  // namespace fovea::model
