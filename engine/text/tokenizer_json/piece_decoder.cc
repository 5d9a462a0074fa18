#include "engine/text/tokenizer_json/piece_decoder.h"

#include <utility>

#include "engine/text/space_mark.h"
#include "engine/text/vocabulary_tokenizer.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

void ReplaceAll(std::string_view from, std::string_view replacement, std::string* text) {
  for (std::size_t i = text->find(from); i != std::string::npos;
       i = text->find(from, i + replacement.size())) {
    text->replace(i, from.size(), replacement);
  }
}

}  // namespace

PieceDecoder PieceDecoder::Words() {
  PieceDecoder decoder;
  decoder.words_ = true;
  decoder.adds_space_prefix_ = true;
  return decoder;
}

PieceDecoder PieceDecoder::WordPieces(std::string joined_prefix) {
  PieceDecoder decoder = Words();
  decoder.joined_prefix_ = std::move(joined_prefix);
  return decoder;
}

PieceDecoder PieceDecoder::ByteLevel() {
  PieceDecoder decoder;
  decoder.byte_level_ = true;
  return decoder;
}

PieceDecoder PieceDecoder::SentencePiece(bool adds_space_prefix) {
  PieceDecoder decoder;
  decoder.byte_tokens_ = true;
  decoder.space_mark_ = kSpaceMark;
  decoder.adds_space_prefix_ = adds_space_prefix;
  return decoder;
}

Result<PieceDecoder> PieceDecoder::Read(const Fields& fields) {
  PieceDecoder decoder;
  FOVEA_RETURN_IF_ERROR(decoder.ReadStep(fields));
  return decoder;
}

Status PieceDecoder::ReadStep(const Fields& fields) {
  const std::string_view type = fields.type();
  if (type == "ByteLevel") {
    byte_level_ = true;
  } else if (type == "ByteFallback") {
    byte_tokens_ = true;
  } else if (type == "WordPiece") {
    words_ = adds_space_prefix_ = true;
    joined_prefix_ = "##";
    FOVEA_RETURN_IF_ERROR(fields.Read("prefix", &joined_prefix_));
  } else if (type == "BPEDecoder") {
    end_of_word_ = "</w>";
    FOVEA_RETURN_IF_ERROR(fields.Read("suffix", &end_of_word_));
  } else if (type == "Metaspace") {
    space_mark_ = kSpaceMark;
    std::string scheme = "always";
    bool add_prefix_space = true;
    FOVEA_RETURN_IF_ERROR(fields.Read("replacement", &space_mark_));
    FOVEA_RETURN_IF_ERROR(fields.Read("add_prefix_space", &add_prefix_space));
    FOVEA_RETURN_IF_ERROR(fields.Read("prepend_scheme", &scheme));
    adds_space_prefix_ = scheme != "never" && add_prefix_space;
  } else if (type == "Replace") {
    const auto pattern = fields.Find("pattern");
    const auto text = pattern ? pattern->Find("String") : std::nullopt;
    std::string content;
    FOVEA_RETURN_IF_ERROR(fields.Read("content", &content));
    if (!text || !text->Text() || text->Text()->empty() || content != " ") {
      return fields.Error(StatusCode::kUnsupported,
                          "a decoder that replaces anything else than a text by a space is not "
                          "supported");
    }
    space_mark_ = *text->Text();
  } else if (type == "Strip") {
    std::uint32_t start = 0;
    FOVEA_RETURN_IF_ERROR(fields.Read("start", &start));
    adds_space_prefix_ |= start > 0;
  } else if (type == "Sequence") {
    const auto list = fields.Find("decoders");
    if (!list || !list->IsArray()) return fields.Malformed("decoders must be an array");
    for (const auto& [unused, item] : list->members()) {
      FOVEA_RETURN_IF_ERROR(ReadStep(fields.Below(item, "decoders")));
    }
  } else if (type != "Fuse") {
    return fields.UnknownType("the decoder");
  }
  return {};
}

std::string PieceDecoder::Bytes(std::string_view token) const {
  if (byte_level_) return alphabet_.Decode(token);
  if (byte_tokens_) {
    const int byte = ByteOfPiece(token);
    if (byte >= 0) return std::string(1, static_cast<char>(byte));
  }
  if (words_) {
    if (!joined_prefix_.empty() && token.starts_with(joined_prefix_)) {
      return std::string(token.substr(joined_prefix_.size()));
    }
    return " " + std::string(token);
  }
  std::string bytes(token);
  if (!space_mark_.empty()) ReplaceAll(space_mark_, " ", &bytes);
  if (!end_of_word_.empty() && bytes.ends_with(end_of_word_)) {
    bytes.resize(bytes.size() - end_of_word_.size());
    bytes += ' ';
  }
  return bytes;
}

}  // namespace fovea::text
