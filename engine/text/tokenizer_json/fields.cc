#include "engine/text/tokenizer_json/fields.h"

#include <limits>

#include "engine/format/message.h"
#include "fovea/status_macros.h"

namespace fovea::text {

Status Fields::Read(std::string_view key, std::string* value) const {
  const auto field = Find(key);
  if (!field) return {};
  if (!field->Text()) return Malformed(std::string(key) + " must be a string");
  *value = *field->Text();
  return {};
}

Status Fields::Read(std::string_view key, std::optional<std::string>* value) const {
  if (!Find(key)) return {};
  value->emplace();
  return Read(key, &**value);
}

Status Fields::Read(std::string_view key, bool* value) const {
  const auto field = Find(key);
  if (!field) return {};
  if (!field->Bool()) return Malformed(std::string(key) + " must be true or false");
  *value = *field->Bool();
  return {};
}

Status Fields::Read(std::string_view key, std::uint32_t* value) const {
  const auto field = Find(key);
  if (!field) return {};
  const auto number = field->Unsigned();
  if (!number || *number > std::numeric_limits<std::int32_t>::max()) {
    return Malformed(std::string(key) + " must be an integer from 0 to 2147483647");
  }
  *value = static_cast<std::uint32_t>(*number);
  return {};
}

Result<Pattern> Fields::ReadPattern(std::string_view key) const {
  const auto field = Find(key);
  const auto fixed = field ? field->Find("String") : std::nullopt;
  const auto expression = field ? field->Find("Regex") : std::nullopt;
  if (fixed && fixed->Text()) return Pattern::Fixed(std::string(*fixed->Text()));
  if (!expression || !expression->Text()) {
    return Malformed(std::string(key) + " must be {\"String\": …} or {\"Regex\": …}");
  }
  auto pattern = Pattern::Regex(*expression->Text());
  if (!pattern.ok()) return Error(pattern.status().code(), pattern.status().message());
  return pattern;
}

Status Fields::UnknownType(std::string_view kind) const {
  return Error(StatusCode::kUnsupported,
               std::string(kind) + " " + format::Quoted(type()) + " is not supported");
}

}  // namespace fovea::text
