#include "engine/text/prompt_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fovea::text {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::int32_t> DraftAfter(const std::vector<std::int32_t>& ids, std::size_t max_draft) {
  PromptLookup lookup;
  lookup.Append(ids);
  const auto draft = lookup.Draft(max_draft);
  return {draft.begin(), draft.end()};
}

TEST(PromptLookup, CopiesWhatFollowedTheSameTokensBefore) {
  EXPECT_THAT(DraftAfter({1, 2, 3, 4, 5, 9, 1, 2, 3}, 2), ElementsAre(4, 5));
  EXPECT_THAT(DraftAfter({7, 2, 3, 4, 5, 9, 8, 2, 3}, 1), ElementsAre(4));
}

TEST(PromptLookup, MayCopyTokensThatTheMatchItselfHolds) {
  EXPECT_THAT(DraftAfter({1, 2, 3, 1, 2, 3}, 8), ElementsAre(1, 2, 3));
  EXPECT_THAT(DraftAfter({5, 5, 5}, 8), ElementsAre(5));
}

TEST(PromptLookup, PrefersTheLongestMatchAndThenTheLatest) {
  // 1 2 3 stood once; 2 3 stood later, too.
  EXPECT_THAT(DraftAfter({1, 2, 3, 40, 9, 2, 3, 50, 1, 2, 3}, 1), ElementsAre(40));
  EXPECT_THAT(DraftAfter({8, 2, 3, 40, 9, 2, 3, 50, 1, 2, 3}, 1), ElementsAre(50));
}

TEST(PromptLookup, GuessesNothingFromOneTokenOrNone) {
  EXPECT_THAT(DraftAfter({}, 4), IsEmpty());
  EXPECT_THAT(DraftAfter({1}, 4), IsEmpty());
  EXPECT_THAT(DraftAfter({1, 2, 9, 2}, 4), IsEmpty());
  EXPECT_THAT(DraftAfter({1, 2, 3, 1, 2, 3}, 0), IsEmpty());
}

TEST(PromptLookup, KnowsTokensAsTheyCome) {
  PromptLookup lookup;
  for (const std::int32_t id : {1, 2, 3, 9, 1, 2}) lookup.Append(id);
  EXPECT_THAT(lookup.Draft(1), ElementsAre(3));
  lookup.Append(3);
  EXPECT_THAT(lookup.Draft(1), ElementsAre(9));
}

}  // namespace
}  // namespace fovea::text
