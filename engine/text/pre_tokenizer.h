// Cuts a text into words with the patterns of a byte-level BPE model, by PCRE2.
#ifndef FOVEA_TEXT_PRE_TOKENIZER_H_
#define FOVEA_TEXT_PRE_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/status.h"

namespace fovea::text {

/// Immutable after Create; may be shared by threads.
class PreTokenizer {
 public:
  /// kMalformed with PCRE2's message if a pattern does not compile.
  static Result<PreTokenizer> Create(std::span<const std::string_view> patterns);

  PreTokenizer(PreTokenizer&&) noexcept;
  PreTokenizer& operator=(PreTokenizer&&) noexcept;
  ~PreTokenizer();

  /// The ends of the words, ascending; the last one is text.size(). text must be valid UTF-8, below
  /// 4 GiB. What no pattern matches is a word of its own.
  Result<std::vector<std::uint32_t>> Split(std::string_view text) const;

 private:
  struct Pattern;
  explicit PreTokenizer(std::vector<Pattern> patterns);
  std::vector<Pattern> patterns_;
};

/// Spells the class `\letter` (and outside brackets its complement, the capital letter) out as
/// `[members]`.
std::string SpellOutClass(std::string_view pattern, char letter, std::string_view members);

/// Spells `\s` and `\S` out as the White_Space property, inside and outside brackets. (PCRE2's own
/// `\s` also takes U+180E, which is no white space.)
std::string SpellOutWhiteSpace(std::string_view pattern);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PRE_TOKENIZER_H_
