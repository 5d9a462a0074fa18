// What a tokenizer searches for: a fixed text, or a regular expression.
#ifndef FOVEA_TEXT_TOKENIZER_JSON_PATTERN_H_
#define FOVEA_TEXT_TOKENIZER_JSON_PATTERN_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/aligned_text.h"
#include "fovea/status.h"

namespace fovea::text {

/// Immutable; may be shared by threads.
class Pattern {
 public:
  static Pattern Fixed(std::string text);
  /// Oniguruma's syntax, as far as PCRE2 shares it. `\s` and `\w` mean White_Space and Unicode's
  /// word characters, ^ and $ match at every line. kMalformed with PCRE2's message.
  static Result<Pattern> Regex(std::string_view expression);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// The matches from left to right, which never overlap; some may be empty. kLimitExceeded if an
  /// expression takes too many steps on this text.
  Result<std::vector<ByteRange>> FindAll(std::string_view text) const;

 private:
  struct Code;
  Pattern();
  std::string fixed_;
  std::unique_ptr<Code> code_;  // Null: a fixed text.
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_TOKENIZER_JSON_PATTERN_H_
