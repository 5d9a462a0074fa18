// fovea generate --lookup from outside: the same text, fewer runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/fovea_cli.h"

namespace fovea::dump {
namespace {

using testing::HasSubstr;

TEST_F(FoveaCli, GenerateWithLookupGivesTheSameText) {
  for (const char* prompt : {"The old man", "the cat and the dog, the cat and the dog, the cat"}) {
    for (const char* tokens : {"0", "1", "2", "60"}) {
      const std::vector<std::string> arguments = {"generate", kModel, "-p", prompt, "-n", tokens};
      const std::string text = Good(arguments);
      for (const char* lookup : {"1", "4", "16"}) {
        auto guessing = arguments;
        guessing.insert(guessing.end(), {"--lookup", lookup});
        EXPECT_EQ(Good(guessing), text) << prompt << ", " << tokens << ", " << lookup;
      }
    }
  }
}

TEST_F(FoveaCli, GenerateWithLookupEndsWhereTheContextEnds) {
  const std::vector<std::string> arguments = {"generate",  kModel, "-p", "one two one two one two",
                                              "--context", "40"};
  auto guessing = arguments;
  guessing.insert(guessing.end(), {"--lookup", "8"});
  EXPECT_EQ(Good(guessing), Good(arguments));
}

TEST_F(FoveaCli, LookupTellsHowManyGuessesWereRight) {
  const ProgramResult result = Run({"generate", kModel, "-p", "one two three, one two three, one",
                                    "-n", "40", "--lookup", "6", "--rates"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.errors, HasSubstr("guessed tokens were right"));
}

TEST_F(FoveaCli, LookupIsGreedyOnly) {
  EXPECT_THAT(ErrorOf({"generate", kModel, "-p", "a", "--lookup", "4", "--temperature", "0.5"}, 1),
              HasSubstr("--lookup"));
  ErrorOf({"generate", kModel, "-p", "a", "--lookup", "x"}, 2);
  ErrorOf({"generate", kModel, "-p", "a", "--lookup", "65"}, 2);
}

}  // namespace
}  // namespace fovea::dump
