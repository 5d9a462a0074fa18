#include "engine/format/json_parser.h"

#include <algorithm>
#include <string>
#include <vector>

#include "engine/format/message.h"
#include "fovea/status_macros.h"
#include "platform/utf8.h"

namespace fovea::format {
namespace {

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::uint32_t kSizeMask = kMaxJsonBytes;  // 28 bits
constexpr std::string_view kEscapeLetters = "\"\\/bfnrt";
constexpr std::string_view kEscapedBytes = "\"\\/\b\f\n\r\t";

}  // namespace

Status JsonParser::Run() {
  const std::size_t bytes = document_.text_.size();
  if (bytes > std::min(limits_.max_bytes, kMaxJsonBytes)) {
    return document_.Error(
        StatusCode::kLimitExceeded,
        Concat({"the JSON text has ", format::Number(std::uint64_t{bytes}), " bytes, the limit is ",
                format::Number(std::uint64_t{std::min(limits_.max_bytes, kMaxJsonBytes)})}));
  }
  FOVEA_RETURN_IF_ERROR(Pass());
  document_.nodes_.reserve(count_);
  fill_ = true;
  return Pass();
}

Status JsonParser::Pass() {
  position_ = 0;
  count_ = 0;
  depth_ = 0;
  line_ = 1;
  line_start_ = 0;
  next_ = Next::kValue;
  do {
    SkipSpace();
    if (next_ == Next::kValue) {
      FOVEA_RETURN_IF_ERROR(Value());
      continue;
    }
    Frame& frame = stack_[depth_ - 1];
    if (Peek() == (frame.object ? '}' : ']')) {
      FOVEA_RETURN_IF_ERROR(Close());
      continue;
    }
    if (frame.count > 0 && !Take(',')) {
      return Malformed(frame.object ? "expected ',' or '}'" : "expected ',' or ']'");
    }
    ++frame.count;
    SkipSpace();
    if (frame.object) FOVEA_RETURN_IF_ERROR(Key());
    next_ = Next::kValue;
  } while (depth_ > 0 || next_ == Next::kValue);
  SkipSpace();
  return AtEnd() ? Status() : Malformed("text after the end of the value");
}

Status JsonParser::Value() {
  next_ = Next::kAfterValue;
  switch (Peek()) {
    case '{': return Open(true);
    case '[': return Open(false);
    case '"': return String(JsonKind::kString);
    case 't': return Word("true", JsonKind::kBool);
    case 'f': return Word("false", JsonKind::kBool);
    case 'n': return Word("null", JsonKind::kNull);
    default: break;
  }
  if (Peek() == '-' || IsDigit(Peek())) return Number();
  return Malformed(AtEnd() ? "the text ends where a value is expected" : "expected a value");
}

Status JsonParser::Key() {
  if (Peek() != '"') return Malformed("expected a key between double quotes");
  FOVEA_RETURN_IF_ERROR(String(JsonKind::kString));
  SkipSpace();
  return Take(':') ? Status() : Malformed("expected ':' after a key");
}

Status JsonParser::Open(bool object) {
  if (depth_ == kMaxJsonDepth) {
    return Error(StatusCode::kLimitExceeded, position_,
                 "more than 64 arrays and objects inside each other");
  }
  stack_[depth_++] = {.object = object, .node = static_cast<std::uint32_t>(count_)};
  ++position_;
  return Add(object ? JsonKind::kObject : JsonKind::kArray, 0, 0);
}

Status JsonParser::Close() {
  const Frame frame = stack_[--depth_];
  ++position_;
  if (!fill_) return {};
  JsonDocument::Node& node = document_.nodes_[frame.node];
  node.size = frame.count & kSizeMask;
  node.position = static_cast<std::uint32_t>(count_);
  return frame.object ? CheckDuplicates(frame.node) : Status();
}

Status JsonParser::String(JsonKind kind) {
  const std::size_t start = ++position_;
  std::string& text = document_.text_;
  std::size_t written = start;  // Escapes shrink, so what is written never passes what is read.
  while (true) {
    if (AtEnd()) return Error(StatusCode::kMalformed, start - 1, "a string without its end");
    const char c = text[position_];
    if (c == '"') break;
    if (c == '\\') {
      FOVEA_RETURN_IF_ERROR(Escape(&written));
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20) return Malformed("a control character in a string");
    const platform::Utf8Step step = platform::NextUtf8(std::string_view(text).substr(position_));
    if (step.kind != platform::Utf8Step::Kind::kCharacter) {
      return Malformed("bytes that are not valid UTF-8");
    }
    if (fill_ && written != position_) {
      std::copy_n(text.begin() + static_cast<std::ptrdiff_t>(position_), step.size,
                  text.begin() + static_cast<std::ptrdiff_t>(written));
    }
    written += step.size;
    position_ += step.size;
  }
  ++position_;
  return Add(kind, start, written - start);
}

Status JsonParser::Escape(std::size_t* written) {
  const std::size_t start = position_++;
  const std::size_t letter = AtEnd() ? std::string_view::npos : kEscapeLetters.find(Peek());
  if (letter != std::string_view::npos) {
    ++position_;
    if (fill_) document_.text_[*written] = kEscapedBytes[letter];
    ++*written;
    return {};
  }
  if (!Take('u')) return Error(StatusCode::kMalformed, start, "an unknown escape in a string");
  std::uint32_t code_point = 0;
  FOVEA_RETURN_IF_ERROR(HexUnit(&code_point));
  if (code_point >= 0xD800 && code_point < 0xDC00 && Peek() == '\\') {
    ++position_;
    std::uint32_t low = 0;
    if (Take('u')) FOVEA_RETURN_IF_ERROR(HexUnit(&low));
    if (low >= 0xDC00 && low < 0xE000) {
      code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (low - 0xDC00);
    }
  }
  if (code_point >= 0xD800 && code_point < 0xE000) {
    return Error(StatusCode::kMalformed, start, "half of a surrogate pair in a string");
  }
  std::string character;  // At most four bytes: no allocation.
  platform::AppendUtf8(code_point, &character);
  if (fill_) {
    std::copy(character.begin(), character.end(),
              document_.text_.begin() + static_cast<std::ptrdiff_t>(*written));
  }
  *written += character.size();
  return {};
}

Status JsonParser::HexUnit(std::uint32_t* unit) {
  *unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = HexDigit(Peek());
    if (digit < 0) return Malformed("\\u without four hexadecimal digits");
    *unit = *unit * 16 + static_cast<std::uint32_t>(digit);
    ++position_;
  }
  return {};
}

Status JsonParser::Number() {
  const std::size_t start = position_;
  Take('-');
  const bool zero = Peek() == '0';
  const std::size_t digits = TakeDigits();
  if (digits == 0) return Malformed("expected a digit");
  if (zero && digits > 1)
    return Error(StatusCode::kMalformed, start, "a number that begins with 0");
  if (Take('.') && TakeDigits() == 0) return Malformed("expected a digit");
  if (Take('e') || Take('E')) {
    if (!Take('+')) Take('-');
    if (TakeDigits() == 0) return Malformed("expected a digit");
  }
  return Add(JsonKind::kNumber, start, position_ - start);
}

Status JsonParser::Word(std::string_view word, JsonKind kind) {
  if (std::string_view(document_.text_).substr(position_, word.size()) != word) {
    return Malformed("expected a value");
  }
  const std::size_t start = position_;
  position_ += word.size();
  return Add(kind, start, word.size());
}

void JsonParser::SkipSpace() {
  while (!AtEnd() && std::string_view(" \t\n\r").find(Peek()) != std::string_view::npos) {
    if (document_.text_[position_++] != '\n') continue;  // No other place may have line feeds.
    ++line_;
    line_start_ = position_;
  }
}

bool JsonParser::Take(char c) {
  if (AtEnd() || Peek() != c) return false;
  ++position_;
  return true;
}

std::size_t JsonParser::TakeDigits() {
  const std::size_t start = position_;
  while (IsDigit(Peek())) ++position_;
  return position_ - start;
}

Status JsonParser::Add(JsonKind kind, std::size_t position, std::size_t size) {
  if (++count_ > limits_.max_values) {
    return Error(
        StatusCode::kLimitExceeded, position_,
        Concat({"more than ", format::Number(std::uint64_t{limits_.max_values}), " values"}));
  }
  if (fill_) {
    document_.nodes_.push_back({.kind = static_cast<std::uint32_t>(kind) & 15U,
                                .size = static_cast<std::uint32_t>(size) & kSizeMask,
                                .position = static_cast<std::uint32_t>(position)});
  }
  return {};
}

Status JsonParser::CheckDuplicates(std::uint32_t object) const {
  const JsonDocument& d = document_;
  std::vector<std::uint32_t> keys;
  keys.reserve(d.nodes_[object].size);
  for (std::uint32_t key = object + 1; key < count_; key = d.After(key + 1)) keys.push_back(key);
  const auto text = [&d](std::uint32_t key) { return d.TextOf(d.nodes_[key]); };
  std::sort(keys.begin(), keys.end(), [&](std::uint32_t a, std::uint32_t b) {
    const int order = text(a).compare(text(b));
    return order != 0 ? order < 0 : a < b;
  });
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (text(keys[i - 1]) == text(keys[i])) {
      return Error(
          StatusCode::kMalformed, position_ - 1,
          Concat({"the object that ends here has the key ", Quoted(text(keys[i])), " twice"}));
    }
  }
  return {};
}

Status JsonParser::Error(StatusCode code, std::size_t position, std::string_view message) const {
  return document_.Error(
      code, Concat({"JSON, line ", format::Number(std::uint64_t{line_}), ", column ",
                    format::Number(std::uint64_t{position - line_start_} + 1), ": ", message}));
}

}  // namespace fovea::format
