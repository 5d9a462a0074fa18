// Reads the fields of an object in tokenizer.json; errors name the file, the object and the field.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_FIELDS_H_
#define FOVEA_TEXT_TOKENIZER_JSON_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/format/json.h"
#include "engine/text/tokenizer_json/pattern.h"
#include "fovea/status.h"

namespace fovea::text {

class Fields {
 public:
  Fields(const format::JsonDocument& json, format::JsonValue object, std::string path)
      : json_(&json), object_(object), path_(std::move(path)) {}

  const format::JsonValue& object() const { return object_; }
  /// The value of "type"; empty if there is none.
  std::string_view type() const {
    const auto type = object_.Find("type");
    return type ? type->Text().value_or("") : "";
  }
  /// The member, unless it is missing or null.
  std::optional<format::JsonValue> Find(std::string_view key) const {
    const auto value = object_.Find(key);
    return value && !value->IsNull() ? value : std::nullopt;
  }
  /// An object or array below this one, for its own errors.
  Fields Below(format::JsonValue value, std::string_view name) const {
    return {*json_, value, path_.empty() ? std::string(name) : path_ + "." + std::string(name)};
  }

  /// Keep *value if the field is missing or null.
  Status Read(std::string_view key, std::string* value) const;
  Status Read(std::string_view key, std::optional<std::string>* value) const;
  Status Read(std::string_view key, bool* value) const;
  Status Read(std::string_view key, std::uint32_t* value) const;
  /// {"String": …} or {"Regex": …} under that key.
  Result<Pattern> ReadPattern(std::string_view key) const;

  Status Error(StatusCode code, std::string_view message) const {
    return json_->Error(code,
                        path_.empty() ? std::string(message) : path_ + ": " + std::string(message));
  }
  Status Malformed(std::string_view message) const {
    return Error(StatusCode::kMalformed, message);
  }
  /// "<kind> 'Type' is not supported"
  Status UnknownType(std::string_view kind) const;

 private:
  const format::JsonDocument* json_;
  format::JsonValue object_;
  std::string path_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_FIELDS_H_
