// JSON: what is right is read exactly, what is wrong is refused with its place, and another parser
// agrees on which is which.
#include "engine/format/json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fovea::format {
namespace {

using Json = nlohmann::json;

std::string ErrorOf(std::string text, const JsonLimits& limits = {}) {
  const auto document = JsonDocument::Parse(std::move(text), "f.json", limits);
  return document.ok() ? "" : document.status().message();
}

TEST(JsonDocument, ReadsValuesOfEveryKind) {
  const auto d = JsonDocument::Parse(
      R"({"a": [1, -2, 2.5e1, true, false, null, "x"], "b": {}, "": "\u00e9\ud83d\ude00\n\"\\\/"})",
      "f.json");
  ASSERT_TRUE(d.ok()) << d.status().message();
  const JsonValue root = d->root();
  EXPECT_EQ(root.size(), 3U);
  std::vector<JsonValue> items;
  for (const auto& [key, item] : root.Find("a")->members()) {
    EXPECT_EQ(key, "");
    items.push_back(item);
  }
  ASSERT_EQ(items.size(), 7U);
  EXPECT_EQ(items[0].Unsigned(), 1U);
  EXPECT_EQ(items[0].Integer(), 1);
  EXPECT_EQ(items[1].Integer(), -2);
  EXPECT_EQ(items[1].Unsigned(), std::nullopt);
  EXPECT_EQ(items[2].Number(), 25.0);
  EXPECT_EQ(items[2].Integer(), std::nullopt);
  EXPECT_EQ(items[3].Bool(), true);
  EXPECT_EQ(items[4].Bool(), false);
  EXPECT_TRUE(items[5].IsNull());
  EXPECT_EQ(items[6].Text(), "x");
  EXPECT_EQ(root.Find("b")->size(), 0U);
  EXPECT_EQ(root.Find("")->Text(), "é😀\n\"\\/");
  EXPECT_FALSE(root.Find("c"));
  EXPECT_FALSE(items[0].Find("c"));
}

TEST(JsonDocument, NumbersThatDoNotFitAreNoNumbers) {
  const auto d = JsonDocument::Parse(
      "[18446744073709551615, 18446744073709551616, 9223372036854775808, 1e999, 1e-999]", "f");
  ASSERT_TRUE(d.ok());
  std::vector<JsonValue> items;
  for (const auto& [key, item] : d->root().members()) items.push_back(item);
  EXPECT_EQ(items[0].Unsigned(), UINT64_MAX);
  EXPECT_EQ(items[1].Unsigned(), std::nullopt);
  EXPECT_EQ(items[1].Number(), 18446744073709551616.0);
  EXPECT_EQ(items[2].Integer(), std::nullopt);
  EXPECT_EQ(items[3].Number(), std::nullopt);
}

TEST(JsonDocument, NamesFileLineColumnAndReason) {
  using std::string_view_literals::operator""sv;
  const struct {
    std::string_view text, message;
  } rows[] = {
      {"", "line 1, column 1: the text ends where a value is expected"},
      {"  ", "line 1, column 3: the text ends where a value is expected"},
      {"[1,\n 2,,3]", "line 2, column 4: expected a value"},
      {"[1,]", "line 1, column 4: expected a value"},
      {"[1 2]", "line 1, column 4: expected ',' or ']'"},
      {"[1", "line 1, column 3: expected ',' or ']'"},
      {"{\"a\" 1}", "line 1, column 6: expected ':' after a key"},
      {"{\"a\":1 \"b\":2}", "line 1, column 8: expected ',' or '}'"},
      {"{a:1}", "line 1, column 2: expected a key between double quotes"},
      {"{\"a\":1,}", "line 1, column 8: expected a key between double quotes"},
      {"{\"a\":}", "line 1, column 6: expected a value"},
      {"[1}", "line 1, column 3: expected ',' or ']'"},
      {"{]", "line 1, column 2: expected a key between double quotes"},
      {"1 1", "line 1, column 3: text after the end of the value"},
      {"{}\0x"sv, "line 1, column 3: text after the end of the value"},
      {"\xEF\xBB\xBF{}", "line 1, column 1: expected a value"},
      {"tru", "line 1, column 1: expected a value"},
      {"nul", "line 1, column 1: expected a value"},
      {"NaN", "line 1, column 1: expected a value"},
      {"01", "line 1, column 1: a number that begins with 0"},
      {"-01", "line 1, column 1: a number that begins with 0"},
      {"-", "line 1, column 2: expected a digit"},
      {"1.", "line 1, column 3: expected a digit"},
      {"1e", "line 1, column 3: expected a digit"},
      {"1e+", "line 1, column 4: expected a digit"},
      {".5", "line 1, column 1: expected a value"},
      {"+1", "line 1, column 1: expected a value"},
      {"\"abc", "line 1, column 1: a string without its end"},
      {"\"\\", "line 1, column 2: an unknown escape in a string"},
      {"\"\\x\"", "line 1, column 2: an unknown escape in a string"},
      {"\"\\u12\"", "line 1, column 6: \\u without four hexadecimal digits"},
      {"\"\\ud800\"", "line 1, column 2: half of a surrogate pair in a string"},
      {"\"\\udc00\"", "line 1, column 2: half of a surrogate pair in a string"},
      {"\"\\ud800\\u0041\"", "line 1, column 2: half of a surrogate pair in a string"},
      {"\"a\nb\"", "line 1, column 3: a control character in a string"},
      {"\"a\0b\""sv, "line 1, column 3: a control character in a string"},
      {"\"\xFF\"", "line 1, column 2: bytes that are not valid UTF-8"},
      {"\"\xC0\x80\"", "line 1, column 2: bytes that are not valid UTF-8"},
      {"\"\xED\xA0\x80\"", "line 1, column 2: bytes that are not valid UTF-8"},
      {"\"\xE2\x82\"", "line 1, column 2: bytes that are not valid UTF-8"},
      {"{\"a\":1,\n\"b\":2,\"a\":3}",
       "line 2, column 12: the object that ends here has the key 'a' twice"},
      {"{\"a\":1,\"\\u0061\":3}",
       "line 1, column 18: the object that ends here has the key 'a' twice"},
      {"// no\n1", "line 1, column 1: expected a value"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ErrorOf(std::string(row.text)), "f.json: JSON, " + std::string(row.message))
        << row.text;
  }
}

TEST(JsonDocument, HoldsItsLimits) {
  EXPECT_EQ(ErrorOf(std::string(64, '[') + std::string(64, ']')), "");
  EXPECT_EQ(ErrorOf(std::string(65, '[') + std::string(65, ']')),
            "f.json: JSON, line 1, column 65: more than 64 arrays and objects inside each other");
  EXPECT_EQ(ErrorOf(std::string(1'000'000, '[')),
            "f.json: JSON, line 1, column 65: more than 64 arrays and objects inside each other");
  EXPECT_EQ(ErrorOf("[1, 2]", {.max_bytes = 5}),
            "f.json: the JSON text has 6 bytes, the limit is 5");
  EXPECT_EQ(ErrorOf("[1, 2]", {.max_values = 2}),
            "f.json: JSON, line 1, column 6: more than 2 values");
}

TEST(JsonDocument, AFileThatIsMissingOrAFolderIsNamed) {
  const auto missing = JsonDocument::Read("/nowhere/config.json");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::kNotFound);
  EXPECT_EQ(missing.status().message(), "/nowhere/config.json: No such file or directory");
  const auto folder = JsonDocument::Read("/tmp");
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.status().code(), StatusCode::kIoError);
}

TEST(JsonDocument, ManyKeysWithLongCommonBeginningsAreReadInLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 200'000; ++i) {
    text += "\"model.layers.self_attention." + std::to_string(i) + "\":" + std::to_string(i) + ",";
  }
  text.back() = '}';
  const auto d = JsonDocument::Parse(text, "f");
  ASSERT_TRUE(d.ok());
  EXPECT_EQ(d->root().size(), 200'000U);
  EXPECT_LE(d->heap_bytes(), 5 * text.size());
}

Json ToNlohmann(const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::kNull: return nullptr;
    case JsonKind::kBool: return *value.Bool();
    case JsonKind::kString: return std::string(*value.Text());
    case JsonKind::kNumber:
      if (const auto number = value.Unsigned()) return *number;
      if (const auto number = value.Integer()) return *number;
      return *value.Number();
    case JsonKind::kArray: {
      Json array = Json::array();
      for (const auto& [key, item] : value.members()) array.push_back(ToNlohmann(item));
      return array;
    }
    case JsonKind::kObject: {
      Json object = Json::object();
      for (const auto& [key, item] : value.members()) object[std::string(key)] = ToNlohmann(item);
      return object;
    }
  }
  return nullptr;
}

/// Random edits of a text with everything: both parsers accept the same texts, with the same
/// values.
TEST(JsonDocument, AgreesWithAnotherParserOnRandomTexts) {
  const std::string seed =
      "{\"a\":[1,-2.5e3,true,false,null,\"x\\n\\u00e9\\ud83d\\ude00\"],\"b\":{\"c\":[],\"d\":{}}, "
      "\"é\" : 0.25}";
  constexpr std::string_view kBytes = "{}[]\",:\\u0d8a1-+.eE tfn\n\t\xC3\xA9\xFF";
  std::mt19937 random(11);
  int good = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = seed;
    for (std::size_t edits = 1 + random() % 3; edits > 0; --edits) {
      const std::size_t position = random() % text.size();
      switch (random() % 3) {
        case 0: text[position] = kBytes[random() % kBytes.size()]; break;
        case 1: text.insert(position, 1, kBytes[random() % kBytes.size()]); break;
        default: text.erase(position, 1 + random() % 2);
      }
    }
    bool repeated = false;
    std::vector<std::set<std::string>> keys;
    const Json expected = Json::parse(
        text,
        [&](int, Json::parse_event_t event, Json& value) {
          if (event == Json::parse_event_t::object_start) keys.emplace_back();
          if (event == Json::parse_event_t::object_end) keys.pop_back();
          if (event == Json::parse_event_t::key) {
            repeated |= !keys.back().insert(value.get<std::string>()).second;
          }
          return true;
        },
        false);
    const auto d = JsonDocument::Parse(text, "f");
    const bool expected_good = !expected.is_discarded() && !repeated;
    ASSERT_EQ(d.ok(), expected_good) << text << "\n" << d.status().message();
    if (!expected_good) continue;
    ++good;
    ASSERT_EQ(ToNlohmann(d->root()), expected) << text;
  }
  EXPECT_GT(good, 1'000);
}

}  // namespace
}  // namespace fovea::format
