#include "engine/model/run_checks.h"

#include <bit>
#include <string>

namespace fovea::model {

Status CheckIds(const ModelInfo& info, std::span<const std::int32_t> tokens) {
  const std::size_t vocabulary = info.vocabulary;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || static_cast<std::size_t>(tokens[i]) >= vocabulary) {
      return {StatusCode::kInvalidArgument,
              "token " + std::to_string(i) + " has id " + std::to_string(tokens[i]) +
                  ", the vocabulary ends at " + std::to_string(vocabulary - 1)};
    }
  }
  return Status::Ok();
}

bool AllFinite(std::span<const float> values) {
  // NaN and infinity are the floats whose exponent bits are all set; integers let the loop
  // vectorise.
  constexpr std::uint32_t kExponent = 0x7F800000U;
  bool finite = true;
  for (const float value : values) {
    finite &= (std::bit_cast<std::uint32_t>(value) & kExponent) != kExponent;
  }
  return finite;
}

Status CheckNumbers(const char* what, std::span<const std::size_t> numbers, std::size_t count) {
  for (const std::size_t number : numbers) {
    if (number >= count) {
      return {StatusCode::kInvalidArgument, std::string(what) + " " + std::to_string(number) +
                                                " does not exist; the model has " + what +
                                                "s 0 to " + std::to_string(count - 1)};
    }
  }
  return Status::Ok();
}

Status CheckCancelled(const std::function<bool()>& cancelled) {
  if (!cancelled || !cancelled()) return Status::Ok();
  return {StatusCode::kCancelled, "cancelled by the caller"};
}

}  // namespace fovea::model
