// The parser behind JsonDocument::Parse. Used inside format/ only.
#ifndef FOVEA_FORMAT_JSON_PARSER_H_
#define FOVEA_FORMAT_JSON_PARSER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/format/json.h"
#include "fovea/status.h"

namespace fovea::format {

/// Goes over the text twice: the first pass checks and counts, so that nothing in a hostile text
/// can make us allocate; the second fills a vector of exactly the right size and decodes the
/// escapes of strings in place. No recursion.
class JsonParser {
 public:
  JsonParser(JsonDocument* document, const JsonLimits& limits)
      : document_(*document), limits_(limits) {}

  Status Run();

 private:
  struct Frame {
    bool object = false;
    std::uint32_t node = 0;
    std::uint32_t count = 0;
  };
  enum class Next : std::uint8_t { kValue, kAfterValue };

  Status Pass();
  /// One value that is not an array or object, or the start of one.
  Status Value();
  Status Key();
  Status Open(bool object);
  Status Close();
  Status String(JsonKind kind);
  Status Escape(std::size_t* written);
  Status HexUnit(std::uint32_t* unit);
  Status Number();
  Status Word(std::string_view word, JsonKind kind);
  Status CheckDuplicates(std::uint32_t object) const;

  void SkipSpace();
  bool AtEnd() const { return position_ == document_.text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : document_.text_[position_]; }
  bool Take(char c);
  std::size_t TakeDigits();
  Status Add(JsonKind kind, std::size_t position, std::size_t size);
  Status Error(StatusCode code, std::size_t position, std::string_view message) const;
  Status Malformed(std::string_view message) const {
    return Error(StatusCode::kMalformed, position_, message);
  }

  JsonDocument& document_;
  JsonLimits limits_;
  bool fill_ = false;
  std::size_t position_ = 0;
  std::size_t count_ = 0;
  Next next_ = Next::kValue;
  std::array<Frame, kMaxJsonDepth> stack_;
  std::size_t depth_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
};

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_JSON_PARSER_H_
