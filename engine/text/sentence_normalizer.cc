#include "engine/text/sentence_normalizer.h"

#include "engine/text/space_mark.h"
#include "engine/text/utf8.h"

namespace fovea::text {
namespace {

/// Appends a replacement with "▁" for its spaces.
void AppendMarked(std::string_view replacement, ByteRange source, AlignedText* out) {
  for (std::size_t i = 0; i < replacement.size();) {
    const std::size_t size = replacement[i] == ' ' ? 1 : CharacterBytes(replacement[i]);
    out->Append(replacement[i] == ' ' ? kSpaceMark : replacement.substr(i, size), source);
    i += size;
  }
}

}  // namespace

CharacterMap::Match SentenceNormalizer::Step(std::string_view text) const {
  if (const ByteTrie::Match found = protected_.Longest(text); found.size > 0) {
    return {text.substr(0, found.size), found.size};
  }
  auto match = map_ ? map_->Longest(text) : std::nullopt;
  if (!match) {
    const std::size_t size = CharacterBytes(text[0]);
    return {text.substr(0, size), size};
  }
  // A damaged map may end inside a character.
  while (match->size < text.size() &&
         (static_cast<std::uint8_t>(text[match->size]) & 0xC0U) == 0x80U) {
    ++match->size;
  }
  return *match;
}

AlignedText SentenceNormalizer::Normalize(const AlignedText& text) const {
  return options_.rules == SentenceNormalization::Rules::kLlamaCpp ? AsLlamaCpp(text)
                                                                   : AsSentencePiece(text);
}

AlignedText SentenceNormalizer::AsSentencePiece(const AlignedText& text) const {
  const std::string_view all = text.text();
  AlignedText out;
  std::size_t at = 0;
  while (options_.merge_spaces && at < all.size()) {
    const auto [replacement, size] = Step(all.substr(at));
    if (replacement != " ") break;
    at += size;
  }
  if (at == all.size()) return out;
  if (options_.add_prefix) {
    // The spaces in front, if any, are what the added one stands for.
    out.Append(kSpaceMark, {text.Source(0, 1).begin, text.Source(at, at + 1).begin});
  }
  bool after_space = options_.merge_spaces;
  while (at < all.size()) {
    auto [replacement, size] = Step(all.substr(at));
    while (after_space && replacement.starts_with(' ')) replacement.remove_prefix(1);
    if (!replacement.empty()) {
      AppendMarked(replacement, text.Source(at, at + size), &out);
      after_space = options_.merge_spaces && replacement.ends_with(' ');
    }
    at += size;
  }
  if (!options_.merge_spaces) return out;
  std::size_t kept = out.size();
  while (out.text().substr(0, kept).ends_with(kSpaceMark)) kept -= kSpaceMark.size();
  AlignedText trimmed;
  trimmed.AppendFrom(out, 0, kept);
  return trimmed;
}

AlignedText SentenceNormalizer::AsLlamaCpp(const AlignedText& text) const {
  const std::string_view all = text.text();
  AlignedText out;
  bool in_word = false;
  bool has_prefix = false;
  std::optional<std::uint32_t> spaces_begin;  // Of spaces that nothing stands for yet.
  for (std::size_t at = 0; at < all.size();) {
    const auto [replacement, size] = Step(all.substr(at));
    const ByteRange source = text.Source(at, at + size);
    for (std::size_t i = 0; i < replacement.size();) {
      if (replacement[i] == ' ') {
        in_word = false;
        if (!options_.merge_spaces) out.Append(kSpaceMark, source);
        if (options_.merge_spaces && !spaces_begin) spaces_begin = source.begin;
        ++i;
        continue;
      }
      if (!in_word && ((options_.add_prefix && !has_prefix) || options_.merge_spaces)) {
        out.Append(kSpaceMark, {spaces_begin.value_or(source.begin), source.begin});
        has_prefix = true;
      }
      in_word = true;
      spaces_begin.reset();
      const std::size_t character = CharacterBytes(replacement[i]);
      out.Append(replacement.substr(i, character), source);
      i += character;
    }
    at += size;
  }
  return out;
}

}  // namespace fovea::text
