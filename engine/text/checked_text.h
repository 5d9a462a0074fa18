// What every tokenizer checks before it looks at a text.
#ifndef FOVEA_TEXT_CHECKED_TEXT_H_
#define FOVEA_TEXT_CHECKED_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/utf8.h"
#include "fovea/tokenizer.h"
#include "platform/exceptions.h"

namespace fovea::text {

/// Longest text that Tokenize accepts. Offsets inside it fit 32 bits even when every byte grows to
/// three ("▁" for a space).
inline constexpr std::size_t kMaxTextBytes = std::size_t{1} << 28;

/// tokenize(), if the text is valid UTF-8 and not too long; else, or if there is no memory, an
/// error that says so.
template <typename Tokenize>
Result<std::vector<Token>> TokenizeIfValid(std::string_view text, const Tokenize& tokenize) {
  if (text.size() > kMaxTextBytes) {
    return Status(StatusCode::kLimitExceeded, "the text has " + std::to_string(text.size()) +
                                                  " bytes, the limit is " +
                                                  std::to_string(kMaxTextBytes));
  }
  if (const auto offset = FirstInvalidUtf8(text)) {
    return Status(StatusCode::kInvalidArgument,
                  "the text is not valid UTF-8 at byte " + std::to_string(*offset));
  }
  return platform::IfMemoryLasts(tokenize, [&]() -> Result<std::vector<Token>> {
    return Status(StatusCode::kOutOfMemory, "not enough memory to tokenize a text of " +
                                                std::to_string(text.size()) + " bytes");
  });
}

}  // namespace fovea::text

#endif  // FOVEA_TEXT_CHECKED_TEXT_H_
