#include "tools/attention-dump/serve/run_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fovea::dump {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string ErrorOf(const std::string& json) {
  const Result<RunRequest> request = ParseRunRequest(json);
  EXPECT_FALSE(request.ok()) << json;
  EXPECT_EQ(request.status().code(), StatusCode::kInvalidArgument) << json;
  EXPECT_EQ(request.status().message().find('\n'), std::string::npos) << json;
  return request.status().message();
}

TEST(RunRequest, AllMembers) {
  const Result<RunRequest> request = ParseRunRequest(
      R"({"text": "Der Bär\n猫 🐻", "generate": 12, "layers": "0-3,5", "heads": "1",
          "page": "0aZ9"})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->text, "Der Bär\n猫 🐻");
  EXPECT_EQ(request->generate, 12U);
  ASSERT_EQ(request->layers.size(), 2U);
  EXPECT_EQ(request->heads.size(), 1U);
  EXPECT_EQ(request->page, "0aZ9");
}

TEST(RunRequest, TheTextAloneIsEnoughAndEmptySelectionsMeanAll) {
  const Result<RunRequest> request =
      ParseRunRequest(R"({"text": "A", "layers": "", "heads": "", "page": ""})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  EXPECT_EQ(request->generate, 0U);
  EXPECT_TRUE(request->layers.empty());
  EXPECT_TRUE(request->heads.empty());
}

TEST(RunRequest, BytesThatAreNoJsonObject) {
  for (const std::string& json :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("12"),
        std::string("{\"text\": \"A\"} x"), std::string("{\"text\": \"\xFF\xFE\"}"),
        std::string("{\"text\": \"\\ud800\"}"), std::string("{\"text\": \"\xC3\"}"),
        std::string("\0\0", 2), std::string("{\"text\": \"A\" \"generate\": 1}"),
        std::string("{'text': 'A'}")}) {
    EXPECT_THAT(ErrorOf(json), StartsWith("the request must be a JSON object")) << json;
  }
}

TEST(RunRequest, DepthCostsNothing) {
  EXPECT_THAT(ErrorOf(std::string(1'000'000, '[')), StartsWith("the request must be"));
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "{\"a\":";
  EXPECT_THAT(ErrorOf(deep), StartsWith("the request must be"));
  EXPECT_THAT(ErrorOf("{\"text\": " + std::string(300'000, '[') + std::string(300'000, ']') + "}"),
              StartsWith("text: "));
}

TEST(RunRequest, MembersOfTheWrongKindAreNamed) {
  EXPECT_EQ(ErrorOf("{}"), "text: there is none");
  EXPECT_EQ(ErrorOf(R"({"text": ""})"), "text: there is none");
  EXPECT_EQ(ErrorOf(R"({"text": 5})"), "text: it must be a string");
  EXPECT_EQ(ErrorOf(R"({"text": ["A"]})"), "text: it must be a string");
  for (const char* generate :
       {"-1", "1.5", "1e99", "\"3\"", "null", "99999999999999999999", "true"}) {
    EXPECT_EQ(ErrorOf(std::string(R"({"text": "A", "generate": )") + generate + "}"),
              "generate: it must be a whole number, 0 or more");
  }
  EXPECT_THAT(ErrorOf(R"({"text": "A", "layers": "3-x"})"), StartsWith("layers: '3-x'"));
  EXPECT_THAT(ErrorOf(R"({"text": "A", "heads": 3})"), StartsWith("heads: "));
  EXPECT_THAT(ErrorOf(R"({"text": "A", "page": "a b"})"), StartsWith("page: "));
  EXPECT_THAT(ErrorOf(R"({"text": "A", "page": ")" + std::string(65, 'a') + "\"}"),
              StartsWith("page: "));
  EXPECT_THAT(ErrorOf(R"({"text": "A", "genrate": 3})"),
              HasSubstr("genrate: unknown; there are text, generate"));
}

}  // namespace
}  // namespace fovea::dump
