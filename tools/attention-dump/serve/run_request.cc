#include "tools/attention-dump/serve/run_request.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "fovea/status_macros.h"
#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/command/option_readers.h"

namespace fovea::dump {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxPageNameLength = 64;
constexpr std::size_t kMaxNameShown = 40;

Status Bad(const std::string& message) {
  return {StatusCode::kInvalidArgument, message};
}

Status ReadString(const std::string& name, const Json& value, std::string* text) {
  if (!value.is_string()) return Bad(name + ": it must be a string");
  *text = value.get<std::string>();
  return Status::Ok();
}

Status ReadNumbers(const std::string& name, const Json& value, std::vector<Range>* ranges) {
  std::string text;
  FOVEA_RETURN_IF_ERROR(ReadString(name, value, &text));
  if (text.empty()) return Status::Ok();
  return ReadRanges(name.c_str(), text, ranges);
}

Status ReadPage(const Json& value, std::string* page) {
  FOVEA_RETURN_IF_ERROR(ReadString("page", value, page));
  const bool plain = std::all_of(page->begin(), page->end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
  if (!plain || page->size() > kMaxPageNameLength) {
    return Bad("page: it must be letters and digits, at most " +
               std::to_string(kMaxPageNameLength));
  }
  return Status::Ok();
}

Status ReadGenerate(const Json& value, std::size_t* generate) {
  constexpr std::uint64_t kMaxValue = std::numeric_limits<std::int32_t>::max();
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxValue) {
    return Bad("generate: it must be a whole number, 0 or more");
  }
  *generate = value.get<std::size_t>();
  return Status::Ok();
}

Status ReadMember(const std::string& name, const Json& value, RunRequest* request) {
  if (name == "text") return ReadString(name, value, &request->text);
  if (name == "generate") return ReadGenerate(value, &request->generate);
  if (name == "layers") return ReadNumbers(name, value, &request->layers);
  if (name == "heads") return ReadNumbers(name, value, &request->heads);
  if (name == "page") return ReadPage(value, &request->page);
  return Bad(OneLine(name.substr(0, kMaxNameShown)) +
             ": unknown; there are text, generate, layers, heads and page");
}

}  // namespace

Result<RunRequest> ParseRunRequest(std::string_view json) {
  // Whatever lies deeper than the members' values is dropped unread, so depth costs nothing.
  const auto shallow = [](int depth, Json::parse_event_t, Json&) { return depth <= 1; };
  const Json members = Json::parse(json, shallow, /*allow_exceptions=*/false);
  if (!members.is_object()) {
    return Bad("the request must be a JSON object in UTF-8, like {\"text\": \"The cat sat.\"}");
  }
  RunRequest request;
  for (const auto& [name, value] : members.items()) {
    FOVEA_RETURN_IF_ERROR(ReadMember(name, value, &request));
  }
  if (request.text.empty()) return Bad("text: there is none");
  return request;
}

}  // namespace fovea::dump
