// The metadata keys of a source that is not GGUF: GGUF's keys with values that were translated.
#ifndef FOVEA_MODEL_LOAD_FOLDER_METADATA_H_
#define FOVEA_MODEL_LOAD_FOLDER_METADATA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fovea::model {

class Metadata {
 public:
  using Texts = std::vector<std::string>;
  using Floats = std::vector<float>;
  using Integers = std::vector<std::int64_t>;
  using Value = std::variant<std::uint64_t, float, bool, std::string, Texts, Floats, Integers>;

  void Set(std::string key, Value value) { values_[std::move(key)] = std::move(value); }
  /// Null if there is none.
  const Value* Find(std::string_view key) const;
  std::size_t heap_bytes() const;

  /// "an integer", "a float", … of the value's type, for messages.
  static std::string_view TypeName(const Value& value);
  /// As ModelSource::Describe.
  static std::string Describe(const Value& value);

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_METADATA_H_
