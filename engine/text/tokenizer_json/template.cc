#include "engine/text/tokenizer_json/template.h"

#include <limits>

#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

constexpr std::size_t kMaxTemplateIds = 1024;

/// ["[SEP]", 102]
Status ReadTextAndId(const Fields& fields, std::string_view key, std::int32_t* id) {
  const auto pair = fields.Find(key);
  std::optional<std::uint64_t> number;
  if (pair && pair->IsArray() && pair->size() == 2) {
    for (const auto& [unused, part] : pair->members()) number = part.Unsigned();
  }
  if (!number || *number > std::numeric_limits<std::int32_t>::max()) {
    return fields.Malformed(std::string(key) + " must be a text and an id");
  }
  *id = static_cast<std::int32_t>(*number);
  return {};
}

Status AppendSpecialIds(const Fields& fields, std::string_view name,
                        std::vector<std::int32_t>* ids) {
  const auto tokens = fields.Find("special_tokens");
  const auto token = tokens ? tokens->Find(name) : std::nullopt;
  const auto list = token ? token->Find("ids") : std::nullopt;
  const auto wrong = [&] {
    return fields.Malformed("special_tokens has no ids for \"" + std::string(name) + "\"");
  };
  if (!list || !list->IsArray() || list->size() > kMaxTemplateIds) return wrong();
  for (const auto& [unused, item] : list->members()) {
    const auto id = item.Unsigned();
    if (!id || *id > std::numeric_limits<std::int32_t>::max()) return wrong();
    ids->push_back(static_cast<std::int32_t>(*id));
  }
  return {};
}

Status ReadTemplateProcessing(const Fields& fields, TextTemplate* result) {
  const auto single = fields.Find("single");
  if (!single || !single->IsArray()) return fields.Malformed("single must be an array");
  TextTemplate own;
  bool after_text = false;
  for (const auto& [unused, item] : single->members()) {
    const auto special = item.Find("SpecialToken");
    if (special) {
      const auto name = special->Find("id");
      if (!name || !name->Text()) return fields.Malformed("a SpecialToken of single has no id");
      auto* ids = after_text ? &own.after : &own.before;
      FOVEA_RETURN_IF_ERROR(AppendSpecialIds(fields, *name->Text(), ids));
      if (ids->size() > kMaxTemplateIds) {
        return fields.Error(StatusCode::kLimitExceeded, "single has more than 1024 ids");
      }
    } else if (item.Find("Sequence") && !after_text) {
      after_text = true;
    } else {
      return fields.Malformed("single must be special tokens around one Sequence");
    }
  }
  if (!after_text) return fields.Malformed("single has no Sequence");
  result->before.insert(result->before.begin(), own.before.begin(), own.before.end());
  result->after.insert(result->after.end(), own.after.begin(), own.after.end());
  return {};
}

}  // namespace

Status ReadTemplate(const Fields& fields, TextTemplate* result) {
  const std::string_view type = fields.type();
  if (type == "TemplateProcessing") return ReadTemplateProcessing(fields, result);
  if (type == "ByteLevel") return {};  // Only trims ranges.
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    std::int32_t first = 0;
    std::int32_t last = 0;
    FOVEA_RETURN_IF_ERROR(ReadTextAndId(fields, "cls", &first));
    FOVEA_RETURN_IF_ERROR(ReadTextAndId(fields, "sep", &last));
    result->before.insert(result->before.begin(), first);
    result->after.push_back(last);
    return {};
  }
  if (type == "Sequence") {
    const auto list = fields.Find("processors");
    if (!list || !list->IsArray()) return fields.Malformed("processors must be an array");
    for (const auto& [unused, item] : list->members()) {
      FOVEA_RETURN_IF_ERROR(ReadTemplate(fields.Below(item, "processors"), result));
    }
    return {};
  }
  return fields.UnknownType("the post-processor");
}

}  // namespace fovea::text
