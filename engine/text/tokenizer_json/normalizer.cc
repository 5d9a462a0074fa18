#include "engine/text/tokenizer_json/normalizer.h"

#include <memory>
#include <utility>

#include "engine/text/character_map.h"
#include "engine/text/tokenizer_json/unicode.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

/// A longer replacement would let a hostile tokenizer blow a text up.
constexpr std::size_t kMaxReplacementBytes = 1024;

Status CheckReplacement(const Fields& fields, std::string_view key, std::string_view text) {
  if (text.size() <= kMaxReplacementBytes) return {};
  return fields.Error(StatusCode::kLimitExceeded,
                      std::string(key) + " has " + std::to_string(text.size()) +
                          " bytes, the limit is " + std::to_string(kMaxReplacementBytes));
}

/// A step that looks at one character after another and appends what it becomes.
template <typename Append>
NormalizerStep ByCharacter(const Append& append) {
  return [append](AlignedText* text) {
    AlignedText changed;
    ForEachCharacter(text->text(), [&](char32_t c, std::size_t begin, std::size_t end) {
      append(c, text->Source(begin, end), &changed);
    });
    *text = std::move(changed);
    return Status::Ok();
  };
}

NormalizerStep Form(NormalizationForm form) {
  return [form](AlignedText* text) {
    *text = Normalized(*text, form);
    return Status::Ok();
  };
}

NormalizerStep Without(bool (*dropped)(char32_t)) {
  return ByCharacter([dropped](char32_t c, ByteRange source, AlignedText* out) {
    if (!dropped(c)) out->Append(c, source);
  });
}

NormalizerStep Lowercase() {
  return ByCharacter(AppendLowercase);
}

bool IsChinese(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

Status ReadBert(const Fields& fields, std::vector<NormalizerStep>* steps) {
  BertNormalizer options;
  FOVEA_RETURN_IF_ERROR(fields.Read("clean_text", &options.clean));
  FOVEA_RETURN_IF_ERROR(fields.Read("handle_chinese_chars", &options.chinese));
  FOVEA_RETURN_IF_ERROR(fields.Read("lowercase", &options.lowercase));
  options.strip_accents = options.lowercase;  // null means: as lowercase says.
  FOVEA_RETURN_IF_ERROR(fields.Read("strip_accents", &options.strip_accents));
  AddBertNormalizer(options, steps);
  return {};
}

Status ReadStrip(const Fields& fields, std::vector<NormalizerStep>* steps) {
  bool left = true;
  bool right = true;
  FOVEA_RETURN_IF_ERROR(fields.Read("strip_left", &left));
  FOVEA_RETURN_IF_ERROR(fields.Read("strip_right", &right));
  steps->push_back([left, right](AlignedText* text) {
    const std::size_t size = text->size();
    std::size_t first = left ? size : 0;
    std::size_t last = right ? 0 : size;
    ForEachCharacter(text->text(), [&](char32_t c, std::size_t begin, std::size_t end) {
      if (IsWhiteSpace(c)) return;
      if (left && first == size) first = begin;
      if (right) last = end;
    });
    AlignedText kept;
    if (first < last) kept.AppendFrom(*text, first, last);
    *text = std::move(kept);
    return Status::Ok();
  });
  return {};
}

NormalizerStep ReplacePattern(Pattern replaced_pattern, std::string content) {
  const auto pattern = std::make_shared<const Pattern>(std::move(replaced_pattern));
  return [pattern, content = std::move(content)](AlignedText* text) -> Status {
    const auto matches = pattern->FindAll(text->text());
    FOVEA_RETURN_IF_ERROR(matches);
    if (matches->empty()) return {};
    AlignedText replaced;
    std::size_t done = 0;
    for (const ByteRange& match : *matches) {
      replaced.AppendFrom(*text, done, match.begin);
      if (match.begin < match.end) replaced.Append(content, text->Source(match.begin, match.end));
      done = match.end;
    }
    replaced.AppendFrom(*text, done, text->size());
    *text = std::move(replaced);
    return {};
  };
}

Status ReadReplace(const Fields& fields, std::vector<NormalizerStep>* steps) {
  auto read = fields.ReadPattern("pattern");
  FOVEA_RETURN_IF_ERROR(read);
  std::string content;
  FOVEA_RETURN_IF_ERROR(fields.Read("content", &content));
  FOVEA_RETURN_IF_ERROR(CheckReplacement(fields, "content", content));
  steps->push_back(ReplacePattern(std::move(read).value(), std::move(content)));
  return {};
}

Status ReadPrepend(const Fields& fields, std::vector<NormalizerStep>* steps) {
  std::string prefix;
  FOVEA_RETURN_IF_ERROR(fields.Read("prepend", &prefix));
  FOVEA_RETURN_IF_ERROR(CheckReplacement(fields, "prepend", prefix));
  steps->push_back([prefix](AlignedText* text) {
    if (text->empty()) return Status::Ok();
    const std::uint32_t start = text->Source(0, 1).begin;
    AlignedText longer;
    longer.Append(prefix, {start, start});
    longer.AppendFrom(*text, 0, text->size());
    *text = std::move(longer);
    return Status::Ok();
  });
  return {};
}

/// Each grapheme cluster of less than six bytes that the map knows is replaced as a whole; of all
/// others each character that the map knows.
AlignedText Mapped(const AlignedText& text, const CharacterMap& map) {
  constexpr std::size_t kLongestGrapheme = 5;
  AlignedText mapped;
  const std::string_view all = text.text();
  const auto apply = [&](std::size_t begin, std::size_t end) {
    const auto match = map.Shortest(all.substr(begin, end - begin));
    if (match) mapped.Append(match->replacement, text.Source(begin, end));
    return match.has_value();
  };
  for (std::size_t i = 0; i < all.size();) {
    const std::size_t end = i + GraphemeBytes(all.substr(i));
    if (end - i <= kLongestGrapheme && apply(i, end)) {
      i = end;
      continue;
    }
    while (i < end) {
      const std::size_t next = i + CharacterBytes(all[i]);
      if (!apply(i, next)) mapped.AppendFrom(text, i, next);
      i = next;
    }
  }
  return mapped;
}

Status ReadPrecompiled(const Fields& fields, std::vector<NormalizerStep>* steps) {
  std::string encoded;
  FOVEA_RETURN_IF_ERROR(fields.Read("precompiled_charsmap", &encoded));
  auto read = CharacterMap::FromBase64(encoded);
  if (!read.ok()) return fields.Error(read.status().code(), read.status().message());
  const auto map = std::make_shared<const CharacterMap>(std::move(read).value());
  steps->push_back([map](AlignedText* text) {
    *text = Mapped(*text, *map);
    return Status::Ok();
  });
  return {};
}

Status ReadSequence(const Fields& fields, std::vector<NormalizerStep>* steps) {
  const auto list = fields.Find("normalizers");
  if (!list || !list->IsArray()) return fields.Malformed("normalizers must be an array");
  for (const auto& [key, item] : list->members()) {
    FOVEA_RETURN_IF_ERROR(ReadNormalizer(fields.Below(item, "normalizers"), steps));
  }
  return {};
}

}  // namespace

void AddBertNormalizer(const BertNormalizer& options, std::vector<NormalizerStep>* steps) {
  if (options.clean) {
    steps->push_back(ByCharacter([](char32_t c, ByteRange source, AlignedText* out) {
      const bool space = IsWhiteSpace(c);
      if (c == 0 || c == 0xFFFD || (!space && IsControl(c))) return;
      // Of the control characters only tab, line feed and carriage return count as white space.
      if (c < 0xA0 && c != ' ' && space && c != '\t' && c != '\n' && c != '\r') return;
      out->Append(space ? U' ' : c, source);
    }));
  }
  if (options.chinese) {
    steps->push_back(ByCharacter([](char32_t c, ByteRange source, AlignedText* out) {
      if (!IsChinese(c)) return out->Append(c, source);
      out->Append(U' ', source);
      out->Append(c, source);
      out->Append(U' ', source);
    }));
  }
  if (options.strip_accents) {
    steps->push_back(Form(NormalizationForm::kNfd));
    steps->push_back(Without(IsNonspacing));
  }
  if (options.lowercase) steps->push_back(Lowercase());
}

NormalizerStep LowercaseStep() {
  return Lowercase();
}

void AddAccentStripper(std::vector<NormalizerStep>* steps) {
  steps->push_back(Form(NormalizationForm::kNfkd));
  steps->push_back(Without(IsMark));
}

NormalizerStep ReplaceStep(std::string text, std::string replacement) {
  return ReplacePattern(Pattern::Fixed(std::move(text)), std::move(replacement));
}

Status ReadNormalizer(const Fields& fields, std::vector<NormalizerStep>* steps) {
  const std::string_view type = fields.type();
  const auto add = [steps](NormalizerStep step) {
    steps->push_back(std::move(step));
    return Status::Ok();
  };
  if (type == "NFC") return add(Form(NormalizationForm::kNfc));
  if (type == "NFD") return add(Form(NormalizationForm::kNfd));
  if (type == "NFKC") return add(Form(NormalizationForm::kNfkc));
  if (type == "NFKD") return add(Form(NormalizationForm::kNfkd));
  if (type == "Lowercase") return add(Lowercase());
  if (type == "StripAccents") return add(Without(IsMark));
  if (type == "Strip") return ReadStrip(fields, steps);
  if (type == "Replace") return ReadReplace(fields, steps);
  if (type == "Prepend") return ReadPrepend(fields, steps);
  if (type == "Precompiled") return ReadPrecompiled(fields, steps);
  if (type == "BertNormalizer") return ReadBert(fields, steps);
  if (type == "Sequence") return ReadSequence(fields, steps);
  return fields.UnknownType("the normalizer");
}

}  // namespace fovea::text
