// config.json of a model folder: its values, checked as they are read. The first thing that is
// wrong is remembered, so that one look after many reads is enough.
#ifndef FOVEA_MODEL_LOAD_FOLDER_CONFIG_JSON_H_
#define FOVEA_MODEL_LOAD_FOLDER_CONFIG_JSON_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/json.h"
#include "fovea/status.h"

namespace fovea::model {

/// The largest config.json, generation_config.json or tokenizer_config.json.
inline constexpr std::size_t kMaxConfigBytes = std::size_t{4} << 20;

/// The names that one value has in different configurations; the first that is there and not null
/// counts.
using ConfigNames = std::initializer_list<std::string_view>;

/// An object of a configuration. The ConfigJson that it comes from must outlive it. What is wrong
/// is remembered there; the values then returned are only fit for going on.
class ConfigSection {
 public:
  /// The value unless it is missing or null.
  std::optional<format::JsonValue> Find(ConfigNames names) const;
  bool Has(ConfigNames names) const { return Find(names).has_value(); }
  std::optional<ConfigSection> FindSection(ConfigNames names) const;

  /// An integer from 1 to `max` that must be there.
  std::size_t Size(ConfigNames names, std::size_t max) const;
  /// The same, or `fallback` where it is not there.
  std::size_t Size(ConfigNames names, std::size_t max, std::size_t fallback) const;
  std::optional<std::size_t> FindSize(ConfigNames names, std::size_t min, std::size_t max) const;
  /// Finite as a float.
  std::optional<float> FindNumber(ConfigNames names) const;
  float Number(ConfigNames names, float fallback) const;
  /// Not 0 and not negative.
  float Positive(ConfigNames names, float fallback) const;
  bool Flag(ConfigNames names, bool fallback) const;
  std::string_view Text(ConfigNames names, std::string_view fallback) const;
  /// Empty where it is not there.
  std::vector<float> Numbers(ConfigNames names) const;
  std::vector<std::string_view> Texts(ConfigNames names) const;

  /// "<file>: <name> <reason>", unless something else was wrong before.
  void Fail(StatusCode code, std::string_view name, std::string_view reason) const;
  /// Fails with kUnsupported unless the value is the one that is computed with.
  void RequireFlag(std::string_view name, bool value, bool fallback) const;
  void RequireText(std::string_view name, std::string_view value) const;
  bool ok() const { return error_->ok(); }

 private:
  friend class ConfigJson;
  ConfigSection(const format::JsonDocument* json, Status* error, format::JsonValue object,
                std::string path)
      : json_(json), error_(error), object_(object), path_(std::move(path)) {}
  /// "<file>: <name> is <kind>, not <wanted>"
  void WrongKind(std::string_view name, const format::JsonValue& value,
                 std::string_view wanted) const;
  struct Named {
    std::string_view name;
    format::JsonValue value;
  };
  std::optional<Named> FindNamed(ConfigNames names) const;

  const format::JsonDocument* json_;
  Status* error_;
  format::JsonValue object_;
  std::string path_;
};

/// Movable; sections stay valid across moves.
class ConfigJson {
 public:
  /// Errors name the file: kNotFound, kLimitExceeded, kMalformed for what is no JSON object.
  static Result<ConfigJson> Read(const std::string& path);

  ConfigSection root() const;
  /// The first thing that was wrong with the values read so far.
  const Status& status() const { return contents_->error; }

 private:
  struct Contents {
    format::JsonDocument json;
    Status error;
  };
  explicit ConfigJson(format::JsonDocument json);
  std::unique_ptr<Contents> contents_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_CONFIG_JSON_H_
