#include "engine/text/vocabulary_tokenizer.h"

#include <algorithm>
#include <utility>

#include "engine/text/display.h"
#include "engine/text/pair_form.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

int ByteOfPiece(std::string_view piece) {
  if (piece.size() != 6 || piece.substr(0, 3) != "<0x" || piece[5] != '>') return -1;
  const int high = HexDigit(piece[3]);
  const int low = HexDigit(piece[4]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

VocabularyTokenizer::VocabularyTokenizer(PreparedVocabulary prepared)
    : prepared_(std::move(prepared)), splitter_(prepared_.vocabulary) {}

Result<std::vector<Token>> VocabularyTokenizer::Tokenize(std::string_view text,
                                                         const TokenizeOptions& options) const {
  return TokenizeIfValid(text, [&] { return TokenizeChecked(text, options); });
}

Result<std::vector<Token>> VocabularyTokenizer::TokenizeChecked(
    std::string_view text, const TokenizeOptions& options) const {
  const Vocabulary& v = vocabulary();
  // WordPiece texts are always framed, whatever the add_* flags say: that is how such models are
  // trained.
  const bool frame = v.kind == TokenizerKind::kWordPiece;
  const std::int32_t last = frame ? v.separator_id : v.eos_id;
  std::vector<Token> tokens;
  if (options.add_special && (v.add_bos || frame) && v.bos_id != kNoToken) {
    tokens.push_back({v.bos_id, 0, 0});
  }
  bool starts_text = true;
  for (const TextPart& part : splitter_.Split(text, options.parse_special)) {
    if (part.id != kNoToken) {
      tokens.push_back({part.id, part.begin, part.end});
      starts_text = true;
      continue;
    }
    const PlainText plain = {text.substr(part.begin, part.end - part.begin), part.begin,
                             starts_text};
    FOVEA_RETURN_IF_ERROR(AppendTokens(plain, &tokens));
    starts_text = false;
  }
  if (options.add_special && (v.add_eos || frame) && last != kNoToken) {
    tokens.push_back({last, text.size(), text.size()});
  }
  return tokens;
}

Result<EncodedPair> VocabularyTokenizer::EncodePair(std::string_view first, std::string_view second,
                                                    const TokenizeOptions& options) const {
  const Vocabulary& v = vocabulary();
  PairForm form;
  if (v.kind == TokenizerKind::kWordPiece) {
    if (v.bos_id != kNoToken && v.separator_id != kNoToken) {
      form = BertPairs(v.bos_id, v.separator_id);
    }
  } else if (v.add_eos && v.eos_id != kNoToken) {
    if (v.add_bos && v.bos_id != kNoToken) {
      form = RobertaPairs(v.bos_id, v.eos_id);
    } else if (v.kind == TokenizerKind::kUnigram) {
      form = T5Pairs(v.eos_id);
    }
  }
  if (form.empty()) return Tokenizer::EncodePair(first, second, options);
  return EncodePairAs(form, *this, first, second, options);
}

std::string VocabularyTokenizer::PieceBytes(std::int32_t id) const {
  if (!Has(id)) return {};
  const auto index = static_cast<std::size_t>(id);
  const std::string& piece = vocabulary().pieces[index];
  switch (vocabulary().Type(index)) {
    case TokenType::kNormal: return NormalPieceBytes(piece);
    case TokenType::kUserDefined: return piece;
    case TokenType::kByte: {
      const int byte = ByteOfPiece(piece);
      return byte < 0 ? piece : std::string(1, static_cast<char>(byte));
    }
    case TokenType::kUndefined:
    case TokenType::kUnknown:
    case TokenType::kControl:
    case TokenType::kUnused: return {};
  }
  return {};
}

std::string VocabularyTokenizer::DisplayPiece(std::int32_t id) const {
  if (!Has(id)) return "<" + std::to_string(id) + "?>";
  const std::string bytes = PieceBytes(id);
  return DisplayText(bytes.empty() ? vocabulary().pieces[static_cast<std::size_t>(id)] : bytes);
}

std::size_t VocabularyTokenizer::memory_bytes() const {
  return own_bytes() + vocabulary().heap_bytes() + prepared_.map.heap_bytes() +
         HeapBytes(prepared_.end_ids) + splitter_.heap_bytes();
}

bool VocabularyTokenizer::IsSpecial(std::int32_t id) const {
  return Has(id) && vocabulary().Type(static_cast<std::size_t>(id)) == TokenType::kControl;
}

bool VocabularyTokenizer::IsEndOfGeneration(std::int32_t id) const {
  return std::binary_search(prepared_.end_ids.begin(), prepared_.end_ids.end(), id);
}

}  // namespace fovea::text
