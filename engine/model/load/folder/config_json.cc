#include "engine/model/load/folder/config_json.h"

#include <cmath>
#include <limits>
#include <utility>

#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::model {
namespace {

using format::Concat;
using format::JsonValue;
using format::Quoted;

std::string RangeText(std::size_t min, std::size_t max) {
  return Concat({"an integer from ", format::Number(std::uint64_t{min}), " to ",
                 format::Number(std::uint64_t{max})});
}

bool IsFiniteFloat(double number) {
  return std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max());
}

}  // namespace

std::optional<ConfigSection::Named> ConfigSection::FindNamed(ConfigNames names) const {
  for (const std::string_view name : names) {
    const auto value = object_.Find(name);
    if (value && !value->IsNull()) return Named{name, *value};
  }
  return std::nullopt;
}

std::optional<JsonValue> ConfigSection::Find(ConfigNames names) const {
  const auto found = FindNamed(names);
  return found ? std::optional(found->value) : std::nullopt;
}

std::optional<ConfigSection> ConfigSection::FindSection(ConfigNames names) const {
  const auto found = FindNamed(names);
  if (!found) return std::nullopt;
  if (!found->value.IsObject()) {
    WrongKind(found->name, found->value, "an object");
    return std::nullopt;
  }
  return ConfigSection(json_, error_, found->value, Concat({path_, found->name, "."}));
}

void ConfigSection::Fail(StatusCode code, std::string_view name, std::string_view reason) const {
  if (error_->ok()) *error_ = json_->Error(code, Concat({path_, name, " ", reason}));
}

void ConfigSection::WrongKind(std::string_view name, const JsonValue& value,
                              std::string_view wanted) const {
  const auto text = value.Text();
  const std::string shown = text ? Quoted(*text) : std::string(JsonKindName(value.kind()));
  Fail(StatusCode::kMalformed, name, Concat({"is ", shown, ", not ", wanted}));
}

std::optional<std::size_t> ConfigSection::FindSize(ConfigNames names, std::size_t min,
                                                   std::size_t max) const {
  const auto found = FindNamed(names);
  if (!found) return std::nullopt;
  const auto number = found->value.Integer();
  if (!number) {
    const bool is_huge = found->value.Unsigned().has_value();
    if (!is_huge) {
      WrongKind(found->name, found->value, RangeText(min, max));
    } else {
      Fail(StatusCode::kLimitExceeded, found->name, Concat({"is not ", RangeText(min, max)}));
    }
    return min;
  }
  const bool negative = *number < 0;
  if (negative || static_cast<std::uint64_t>(*number) < min ||
      static_cast<std::uint64_t>(*number) > max) {
    const bool above = !negative && static_cast<std::uint64_t>(*number) > max;
    Fail(above ? StatusCode::kLimitExceeded : StatusCode::kMalformed, found->name,
         Concat({"is ", format::Number(*number), ", not ", RangeText(min, max)}));
    return min;
  }
  return static_cast<std::size_t>(*number);
}

std::size_t ConfigSection::Size(ConfigNames names, std::size_t max) const {
  const auto value = FindSize(names, 1, max);
  if (!value) Fail(StatusCode::kNotFound, *names.begin(), "is missing");
  return value.value_or(1);
}

std::size_t ConfigSection::Size(ConfigNames names, std::size_t max, std::size_t fallback) const {
  return FindSize(names, 1, max).value_or(fallback);
}

std::optional<float> ConfigSection::FindNumber(ConfigNames names) const {
  const auto found = FindNamed(names);
  if (!found) return std::nullopt;
  const auto number = found->value.Number();
  if (!number || !IsFiniteFloat(*number)) {
    WrongKind(found->name, found->value, "a finite number");
    return 1.0F;
  }
  return static_cast<float>(*number);
}

float ConfigSection::Number(ConfigNames names, float fallback) const {
  return FindNumber(names).value_or(fallback);
}

float ConfigSection::Positive(ConfigNames names, float fallback) const {
  const float number = Number(names, fallback);
  if (number > 0.0F) return number;
  Fail(StatusCode::kMalformed, *names.begin(), "must be positive");
  return 1.0F;
}

bool ConfigSection::Flag(ConfigNames names, bool fallback) const {
  const auto found = FindNamed(names);
  if (!found) return fallback;
  const auto flag = found->value.Bool();
  if (!flag) WrongKind(found->name, found->value, "true or false");
  return flag.value_or(fallback);
}

std::string_view ConfigSection::Text(ConfigNames names, std::string_view fallback) const {
  const auto found = FindNamed(names);
  if (!found) return fallback;
  const auto text = found->value.Text();
  if (!text) WrongKind(found->name, found->value, "a string");
  return text.value_or(fallback);
}

std::vector<float> ConfigSection::Numbers(ConfigNames names) const {
  std::vector<float> numbers;
  const auto found = FindNamed(names);
  if (!found) return numbers;
  if (!found->value.IsArray()) WrongKind(found->name, found->value, "an array of numbers");
  for (const auto& [key, value] : found->value.members()) {
    const auto number = value.Number();
    if (!number || !IsFiniteFloat(*number)) {
      WrongKind(Concat({found->name, ": an element"}), value, "a finite number");
      break;
    }
    numbers.push_back(static_cast<float>(*number));
  }
  return numbers;
}

std::vector<std::string_view> ConfigSection::Texts(ConfigNames names) const {
  std::vector<std::string_view> texts;
  const auto found = FindNamed(names);
  if (!found) return texts;
  if (!found->value.IsArray()) WrongKind(found->name, found->value, "an array of strings");
  for (const auto& [key, value] : found->value.members()) {
    const auto text = value.Text();
    if (!text) {
      WrongKind(Concat({found->name, ": an element"}), value, "a string");
      break;
    }
    texts.push_back(*text);
  }
  return texts;
}

void ConfigSection::RequireFlag(std::string_view name, bool value, bool fallback) const {
  if (Flag({name}, fallback) == value) return;
  Fail(StatusCode::kUnsupported, name,
       value ? "is false, which is not supported" : "is true, which is not supported");
}

void ConfigSection::RequireText(std::string_view name, std::string_view value) const {
  const std::string_view text = Text({name}, value);
  if (text == value) return;
  Fail(StatusCode::kUnsupported, name, Concat({"is ", Quoted(text), "; supported is ", value}));
}

ConfigJson::ConfigJson(format::JsonDocument json)
    : contents_(std::make_unique<Contents>(Contents{.json = std::move(json), .error = {}})) {}

Result<ConfigJson> ConfigJson::Read(const std::string& path) {
  auto json = format::JsonDocument::Read(path, {.max_bytes = kMaxConfigBytes});
  FOVEA_RETURN_IF_ERROR(json);
  if (!json->root().IsObject()) {
    return json->Error(StatusCode::kMalformed,
                       Concat({"is ", JsonKindName(json->root().kind()), ", not a JSON object"}));
  }
  return ConfigJson(std::move(*json));
}

ConfigSection ConfigJson::root() const {
  return {&contents_->json, &contents_->error, contents_->json.root(), ""};
}

}  // namespace fovea::model
