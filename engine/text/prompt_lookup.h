// Prompt look-up (Saxena 2023): guesses what comes next by finding where the last few tokens stood
// before and copying what followed there. Knows no model: a guess is only a guess.
#ifndef FOVEA_TEXT_PROMPT_LOOKUP_H_
#define FOVEA_TEXT_PROMPT_LOOKUP_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fovea::text {

class PromptLookup {
 public:
  /// Longest run of last tokens that is looked for, and the shortest that counts as found: one
  /// token alone recurs too often to foretell anything.
  static constexpr std::size_t kLongestMatch = 3;
  static constexpr std::size_t kShortestMatch = 2;

  void Append(std::int32_t id) { ids_.push_back(id); }
  void Append(std::span<const std::int32_t> ids) {
    ids_.insert(ids_.end(), ids.begin(), ids.end());
  }

  /// Up to `max_draft` tokens that followed the last earlier place of the longest run found; empty
  /// if there is none. Valid until the next Append. Takes time linear in the tokens so far.
  std::span<const std::int32_t> Draft(std::size_t max_draft) const;

 private:
  std::vector<std::int32_t> ids_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PROMPT_LOOKUP_H_
