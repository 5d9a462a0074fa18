#include "engine/text/tokenizer_json/template.h"

#include <limits>
#include <utility>

#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

constexpr std::size_t kMaxTemplateIds = 1024;
constexpr std::uint64_t kMaxSegment = 65535;

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

void SetPair(PairForm pair, TextTemplate* result) {
  if (++result->forms_read > 1) pair.clear();
  result->pair = std::move(pair);
}

/// "pair": special tokens around and between the Sequences A and B. No form if it is missing.
Status ReadPair(const Fields& fields, PairForm* form) {
  const auto pair = fields.Find("pair");
  if (!pair) return {};
  if (!pair->IsArray()) return fields.Malformed("pair must be an array");
  const auto wrong = [&] {
    return fields.Malformed("pair must be special tokens and the Sequences A and B");
  };
  int sequences = 0;  // Bit 0: A was there; bit 1: B.
  for (const auto& [unused, item] : pair->members()) {
    const auto special = item.Find("SpecialToken");
    const auto sequence = item.Find("Sequence");
    if (!special && !sequence) return wrong();
    const auto part = special ? *special : *sequence;
    const auto id = part.Find("id");
    if (!id || !id->Text()) return wrong();
    const auto type = part.Find("type_id");
    const std::uint64_t segment = type ? type->Unsigned().value_or(kMaxSegment + 1) : 0;
    if (segment > kMaxSegment) return fields.Malformed("pair: a type_id is not 0 … 65535");
    const auto segment_id = static_cast<std::int32_t>(segment);
    if (sequence) {
      const bool first = *id->Text() == "A";
      const int bit = first ? 1 : 2;
      if ((!first && *id->Text() != "B") || (sequences & bit) != 0) return wrong();
      sequences |= bit;
      form->push_back({first ? PairPart::Kind::kFirst : PairPart::Kind::kSecond, -1, segment_id});
      continue;
    }
    std::vector<std::int32_t> ids;
    FOVEA_RETURN_IF_ERROR(AppendSpecialIds(fields, *id->Text(), &ids));
    for (const std::int32_t added : ids) {
      form->push_back({PairPart::Kind::kAdded, added, segment_id});
    }
    if (form->size() > kMaxTemplateIds) {
      return fields.Error(StatusCode::kLimitExceeded, "pair has more than 1024 ids");
    }
  }
  return sequences == 3 ? Status() : wrong();
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
  PairForm pair;
  FOVEA_RETURN_IF_ERROR(ReadPair(fields, &pair));
  SetPair(std::move(pair), result);
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
    SetPair(type == "BertProcessing" ? BertPairs(first, last) : RobertaPairs(first, last), result);
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
