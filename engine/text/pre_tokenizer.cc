#include "engine/text/pre_tokenizer.h"
#include "fovea/status_macros.h"

#include <pcre2.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace fovea::text {
namespace {

struct Free {
  void operator()(pcre2_code* p) const { pcre2_code_free(p); }
  void operator()(pcre2_match_data* p) const { pcre2_match_data_free(p); }
  void operator()(pcre2_match_context* p) const { pcre2_match_context_free(p); }
};
using Code = std::unique_ptr<pcre2_code, Free>;
using MatchData = std::unique_ptr<pcre2_match_data, Free>;
using MatchContext = std::unique_ptr<pcre2_match_context, Free>;

std::string ErrorText(int error) {
  unsigned char buffer[128] = {};
  pcre2_get_error_message(error, buffer, sizeof buffer);
  return reinterpret_cast<const char*>(buffer);
}

/// Memory of one Split call.
struct Matcher {
  MatchData data{pcre2_match_data_create(1, nullptr)};
  MatchContext context{pcre2_match_context_create(nullptr)};

  explicit Matcher(std::size_t text_bytes) {
    if (!data || !context) return;
    // The patterns of the table backtrack at most once over each character and alternative.
    const std::size_t steps = 16 * text_bytes + 10'000;
    pcre2_set_match_limit(context.get(), static_cast<std::uint32_t>(std::min<std::size_t>(
                                             steps, std::numeric_limits<std::uint32_t>::max())));
    pcre2_set_depth_limit(context.get(), 1'000);
    pcre2_set_heap_limit(context.get(), 16 * 1024);  // in KiB
  }
};

/// Appends the ends of the words of one piece [begin, end) of the text.
Status SplitPiece(const pcre2_code* code, const Matcher& matcher, std::string_view text,
                  std::size_t begin, std::size_t end, std::vector<std::uint32_t>* ends) {
  const auto* piece = reinterpret_cast<PCRE2_SPTR>(text.data() + begin);
  const std::size_t size = end - begin;
  const PCRE2_SIZE* range = pcre2_get_ovector_pointer(matcher.data.get());
  const auto add_end = [&](std::size_t offset) {
    ends->push_back(static_cast<std::uint32_t>(begin + offset));
  };
  std::size_t done = 0;
  while (done < size) {
    // The subject is the piece alone, so look-ahead stops at its end.
    const int result = pcre2_match(code, piece, size, done, PCRE2_NO_UTF_CHECK, matcher.data.get(),
                                   matcher.context.get());
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) {
      return {
          result == PCRE2_ERROR_NOMEMORY ? StatusCode::kOutOfMemory : StatusCode::kLimitExceeded,
          "cutting the text into words at byte " + std::to_string(begin + done) + ": " +
              ErrorText(result)};
    }
    if (range[1] <= range[0]) break;  // No pattern of the table matches an empty string.
    if (range[0] > done) add_end(range[0]);
    add_end(range[1]);
    done = range[1];
  }
  if (done < size) add_end(size);
  return Status::Ok();
}

}  // namespace

struct PreTokenizer::Pattern {
  Code code;
};

std::string SpellOutClass(std::string_view pattern, char letter, std::string_view members) {
  const char complement = static_cast<char>(letter - 'a' + 'A');
  std::string out;
  bool in_brackets = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      if (pattern[i] == '[') in_brackets = true;
      if (pattern[i] == ']') in_brackets = false;
      out += pattern[i];
      continue;
    }
    const char escaped = pattern[++i];
    if (escaped == letter && in_brackets) {
      out += members;
    } else if ((escaped == letter || escaped == complement) && !in_brackets) {
      out += escaped == letter ? "[" : "[^";
      out += members;
      out += ']';
    } else {
      out += '\\';
      out += escaped;
    }
  }
  return out;
}

std::string SpellOutWhiteSpace(std::string_view pattern) {
  return SpellOutClass(pattern, 's', R"(\t-\r \x{85}\p{Z})");
}

PreTokenizer::PreTokenizer(std::vector<Pattern> patterns) : patterns_(std::move(patterns)) {}
PreTokenizer::PreTokenizer(PreTokenizer&&) noexcept = default;
PreTokenizer& PreTokenizer::operator=(PreTokenizer&&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

Result<PreTokenizer> PreTokenizer::Create(std::span<const std::string_view> patterns) {
  std::vector<Pattern> compiled;
  for (const std::string_view pattern : patterns) {
    const std::string spelled = SpellOutWhiteSpace(pattern);
    int error = 0;
    PCRE2_SIZE offset = 0;
    Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(spelled.data()), spelled.size(),
                            PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr));
    if (!code) {
      return Status(StatusCode::kMalformed, "pre-tokenizer pattern \"" + spelled + "\" at byte " +
                                                std::to_string(offset) + ": " + ErrorText(error));
    }
    compiled.push_back({std::move(code)});
  }
  return PreTokenizer(std::move(compiled));
}

Result<std::vector<std::uint32_t>> PreTokenizer::Split(std::string_view text) const {
  std::vector<std::uint32_t> ends;
  if (text.empty()) return ends;
  const Matcher matcher(text.size());
  if (!matcher.data || !matcher.context) {
    return Status(StatusCode::kOutOfMemory, "not enough memory to cut the text into words");
  }
  ends.push_back(static_cast<std::uint32_t>(text.size()));
  std::vector<std::uint32_t> pieces;
  for (const Pattern& pattern : patterns_) {
    pieces.swap(ends);
    ends.clear();
    std::size_t begin = 0;
    for (const std::uint32_t end : pieces) {
      FOVEA_RETURN_IF_ERROR(SplitPiece(pattern.code.get(), matcher, text, begin, end, &ends));
      begin = end;
    }
  }
  return ends;
}

}  // namespace fovea::text
