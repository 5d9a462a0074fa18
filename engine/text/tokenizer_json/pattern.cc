#include "engine/text/tokenizer_json/pattern.h"

#include <pcre2.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/text/pre_tokenizer.h"
#include "engine/text/utf8.h"

namespace fovea::text {
namespace {

constexpr std::size_t kMaxExpressionBytes = 64 << 10;

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
};

std::string ErrorText(int error) {
  unsigned char buffer[128] = {};
  pcre2_get_error_message(error, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

/// PCRE2's own `\w` leaves out marks and connectors.
constexpr std::string_view kWordMembers =
    R"(\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}\x{200D}\x{24B6}-\x{24E9})"
    R"(\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})";

}  // namespace

struct Pattern::Code {
  std::unique_ptr<pcre2_code, Free> compiled;
};

Pattern::Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Pattern Pattern::Fixed(std::string text) {
  Pattern pattern;
  pattern.fixed_ = std::move(text);
  return pattern;
}

Result<Pattern> Pattern::Regex(std::string_view expression) {
  if (expression.size() > kMaxExpressionBytes) {
    return Status(StatusCode::kLimitExceeded, "the regular expression has " +
                                                  std::to_string(expression.size()) +
                                                  " bytes, the limit is 65536");
  }
  for (const std::string_view foreign : {"&&", "\\h", "\\H"}) {  // Other meanings in PCRE2.
    if (expression.find(foreign) == expression.npos) continue;
    return Status(StatusCode::kUnsupported,
                  "regular expressions with " + std::string(foreign) + " are not supported");
  }
  const std::string spelled = SpellOutClass(SpellOutWhiteSpace(expression), 'w', kWordMembers);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Pattern pattern;
  pattern.code_ = std::make_unique<Code>();
  pattern.code_->compiled.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr));
  if (!pattern.code_->compiled) {
    return Status(StatusCode::kMalformed,
                  "the regular expression does not compile: " + ErrorText(error));
  }
  return pattern;
}

Result<std::vector<ByteRange>> Pattern::FindAll(std::string_view text) const {
  std::vector<ByteRange> found;
  const auto add = [&found](std::size_t begin, std::size_t end) {
    found.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
  };
  if (!code_) {
    if (fixed_.empty()) return found;
    for (std::size_t i = text.find(fixed_); i != text.npos;
         i = text.find(fixed_, found.back().end)) {
      add(i, i + fixed_.size());
    }
    return found;
  }
  const std::unique_ptr<pcre2_match_data, Free> data(pcre2_match_data_create(1, nullptr));
  const std::unique_ptr<pcre2_match_context, Free> context(pcre2_match_context_create(nullptr));
  if (!data || !context) {
    return Status(StatusCode::kOutOfMemory, "not enough memory to search the text");
  }
  pcre2_set_match_limit(
      context.get(), static_cast<std::uint32_t>(std::min<std::size_t>(
                         64 * text.size() + 100'000, std::numeric_limits<std::uint32_t>::max())));
  pcre2_set_heap_limit(context.get(), 64 * 1024);  // in KiB
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data.get());
  for (std::size_t i = 0; i <= text.size();) {
    const int result = pcre2_match(code_->compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                   text.size(), i, PCRE2_NO_UTF_CHECK, data.get(), context.get());
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) {
      return Status(
          result == PCRE2_ERROR_NOMEMORY ? StatusCode::kOutOfMemory : StatusCode::kLimitExceeded,
          "searching the text from byte " + std::to_string(i) + ": " + ErrorText(result));
    }
    if (range[1] < range[0]) break;  // \K in a look-ahead
    // An empty match right behind another match is none.
    const bool empty = range[1] == range[0];
    if (!empty || found.empty() || found.back().end != range[0]) add(range[0], range[1]);
    i = range[1];
    if (empty) i += i < text.size() ? CharacterBytes(text[i]) : 1;
  }
  return found;
}

}  // namespace fovea::text
