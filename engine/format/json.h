// JSON of model folders (config.json, tokenizer.json, the header of a safetensors file): untrusted
// bytes in, a checked document out. The parser is ours because the library may not call what JSON
// libraries call when they build their errors (printf, abort), and because it keeps memory bounded:
// strings stay in the document's own copy of the text, and each value takes 8 bytes beside it.
#ifndef FOVEA_FORMAT_JSON_H_
#define FOVEA_FORMAT_JSON_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/status.h"

namespace fovea::format {

/// No document may be larger: positions and sizes are kept in 28 bits.
inline constexpr std::size_t kMaxJsonBytes = (std::size_t{1} << 28) - 1;
/// Arrays and objects inside each other.
inline constexpr std::size_t kMaxJsonDepth = 64;

struct JsonLimits {
  std::size_t max_bytes = kMaxJsonBytes;
  /// Values and keys together.
  std::size_t max_values = kMaxJsonBytes;
};

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

/// "a number", "an object", …, for messages.
std::string_view JsonKindName(JsonKind kind);

class JsonDocument;
class JsonRange;
struct JsonMember;

/// One value of a document, which must outlive it and stay where it is.
class JsonValue {
 public:
  JsonKind kind() const;
  bool IsNull() const { return kind() == JsonKind::kNull; }
  bool IsObject() const { return kind() == JsonKind::kObject; }
  bool IsArray() const { return kind() == JsonKind::kArray; }

  /// Nothing if the value has another kind, or if the number does not fit. A number with a fraction
  /// or an exponent is no integer, whatever its value.
  std::optional<bool> Bool() const;
  std::optional<std::uint64_t> Unsigned() const;
  std::optional<std::int64_t> Integer() const;
  std::optional<double> Number() const;
  std::optional<std::string_view> Text() const;

  /// Elements of an array, members of an object; 0 for all else.
  std::size_t size() const;
  /// For loops over the elements of an array or the members of an object; empty for all else.
  /// Members have their key, elements an empty one.
  JsonRange members() const;
  /// The member of that name; nothing if there is none or the value is no object. Linear in the
  /// number of members.
  std::optional<JsonValue> Find(std::string_view key) const;

 private:
  friend class JsonDocument;
  friend class JsonRange;
  JsonValue(const JsonDocument* document, std::uint32_t index)
      : document_(document), index_(index) {}
  const JsonDocument* document_;
  std::uint32_t index_;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

class JsonRange {
 public:
  class Iterator {
   public:
    JsonMember operator*() const;
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    friend class JsonRange;
    Iterator(const JsonDocument* document, std::uint32_t index, bool keys)
        : document_(document), index_(index), keys_(keys) {}
    const JsonDocument* document_;
    std::uint32_t index_;
    bool keys_;
  };

  Iterator begin() const { return {document_, first_, keys_}; }
  Iterator end() const { return {document_, last_, keys_}; }

 private:
  friend class JsonValue;
  const JsonDocument* document_ = nullptr;
  std::uint32_t first_ = 0;
  std::uint32_t last_ = 0;
  bool keys_ = false;
};

/// Movable; values taken before a move are no longer valid.
class JsonDocument {
 public:
  /// Checks everything: grammar, UTF-8, depth, duplicate keys. Errors are kMalformed or
  /// kLimitExceeded, one line that begins with `file` and names line and column.
  static Result<JsonDocument> Parse(std::string text, std::string file,
                                    const JsonLimits& limits = {});
  /// The same for a file's text; kNotFound or kIoError if it cannot be read.
  static Result<JsonDocument> Read(const std::string& path, const JsonLimits& limits = {});

  JsonValue root() const { return {this, 0}; }
  const std::string& file() const { return file_; }
  std::size_t heap_bytes() const;

  /// "<file>: <message>".
  Status Error(StatusCode code, std::string_view message) const;

 private:
  friend class JsonValue;
  friend class JsonRange;
  friend class JsonParser;

  /// Strings and numbers: where their text lies. Arrays and objects: how many elements or members,
  /// and the index of the first value after them. The values of an array or object follow it; a key
  /// is a string before its value.
  struct Node {
    std::uint32_t kind : 4;
    std::uint32_t size : 28;
    std::uint32_t position;
  };
  static_assert(sizeof(std::uint32_t) * 2 == 8);

  JsonDocument() = default;
  std::string_view TextOf(const Node& node) const {
    return std::string_view(text_).substr(node.position, node.size);
  }
  /// The index of the first value that does not belong to value `index`.
  std::uint32_t After(std::uint32_t index) const;

  std::string file_;
  std::string text_;
  std::vector<Node> nodes_;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_JSON_H_
