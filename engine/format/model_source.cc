#include "engine/format/model_source.h"

#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::format {
namespace {

/// What "Find" found; kNotFound if that is nothing.
template <typename T>
Result<T> Require(const ModelSource& source, std::string_view key,
                  const Result<std::optional<T>>& found) {
  FOVEA_RETURN_IF_ERROR(found);
  if (found->has_value()) return **found;
  return source.Error(StatusCode::kNotFound, Concat({"key ", Quoted(key), " is missing"}));
}

}  // namespace

MatrixView SourceTensor::Matrix() const {
  std::size_t rows = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) rows *= static_cast<std::size_t>(shape[i]);
  return {.type = type,
          .data = data.data(),
          .rows = rows,
          .cols = static_cast<std::size_t>(shape[0]),
          .row_bytes = data.size() / rows};
}

Result<std::uint64_t> ModelSource::GetUint(std::string_view key, std::uint64_t min,
                                           std::uint64_t max) const {
  return Require(*this, key, FindUint(key, min, max));
}

Result<float> ModelSource::GetFloat(std::string_view key) const {
  return Require(*this, key, FindFloat(key));
}

Result<std::string_view> ModelSource::GetString(std::string_view key) const {
  return Require(*this, key, FindString(key));
}

Status ModelSource::Error(StatusCode code, std::string_view message) const {
  // Callers put names and texts from the file into their messages: none may break the line.
  constexpr std::size_t kMaxShown = 1000;
  return {code, Concat({path(), ": ", Escaped(message, kMaxShown)})};
}

}  // namespace fovea::format
