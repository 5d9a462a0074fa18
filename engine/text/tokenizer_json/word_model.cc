#include "engine/text/tokenizer_json/word_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/text/tokenizer_json/unicode.h"
#include "engine/text/vocabulary.h"
#include "fovea/status_macros.h"

namespace fovea::text {
namespace {

/// Puts a token into its place; ids may have gaps, but no id comes twice.
Status Place(const Fields& fields, std::string_view text, std::uint64_t id,
             std::vector<bool>* taken, std::vector<std::string>* texts) {
  if (text.size() > kMaxPieceBytes) {
    return fields.Error(StatusCode::kLimitExceeded, "vocab: token " + std::to_string(id) + " has " +
                                                        std::to_string(text.size()) +
                                                        " bytes, the limit is " +
                                                        std::to_string(kMaxPieceBytes));
  }
  if (id >= texts->size()) {
    texts->resize(static_cast<std::size_t>(id) + 1);
    taken->resize(texts->size(), false);
  }
  const auto index = static_cast<std::size_t>(id);
  if ((*taken)[index]) {
    return fields.Malformed("vocab: two tokens have the id " + std::to_string(id));
  }
  (*taken)[index] = true;
  (*texts)[index] = text;
  return {};
}

/// [["text", score], …]
Status ReadVocabularyArray(const Fields& fields, const format::JsonValue& vocab,
                           TokenTexts* vocabulary, std::vector<double>* scores) {
  std::vector<bool> taken;
  scores->reserve(vocab.size());
  for (const auto& [key, entry] : vocab.members()) {
    std::optional<std::string_view> text;
    std::optional<double> score;
    for (const auto& [unused, part] : entry.members()) {
      if (!text) {
        text = part.Text();
        if (!text) break;
      } else {
        score = part.Number();
      }
    }
    if (!entry.IsArray() || entry.size() != 2 || !text || !score || !std::isfinite(*score)) {
      return fields.Malformed("vocab[" + std::to_string(scores->size()) +
                              "] is not a text and a finite score");
    }
    FOVEA_RETURN_IF_ERROR(Place(fields, *text, scores->size(), &taken, &vocabulary->texts));
    scores->push_back(*score);
  }
  return {};
}

class WordLevel final : public WordModel {
 public:
  WordLevel(TokenTexts vocabulary, std::int32_t unknown)
      : WordModel(std::move(vocabulary)), unknown_(unknown) {}
  Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const override {
    std::int32_t id = Find(piece);
    if (id == kNoToken) id = unknown_;
    if (id == kNoToken) {
      return {StatusCode::kNotFound,
              "a word is not in the vocabulary, which has no token for unknown words"};
    }
    tokens->push_back({id, 0, static_cast<std::uint32_t>(piece.size())});
    return {};
  }
  std::string_view kind() const override { return "wordlevel"; }
  std::size_t heap_bytes() const override { return vocabulary().heap_bytes(); }

 private:
  std::int32_t unknown_;
};

class WordPiece final : public WordModel {
 public:
  WordPiece(TokenTexts vocabulary, WordPieceOptions options)
      : WordModel(std::move(vocabulary)), options_(std::move(options)) {}

  Status Tokenize(std::string_view piece, std::vector<PieceToken>* tokens) const override {
    const std::size_t first = tokens->size();
    std::size_t characters = 0;
    ForEachCharacter(piece, [&](char32_t, std::size_t, std::size_t) { ++characters; });
    bool known = characters <= options_.max_characters;
    for (std::size_t begin = 0; known && begin < piece.size();) {
      const std::string_view rest = piece.substr(begin);
      std::size_t size = std::min(rest.size(), vocabulary().map.longest());
      std::int32_t id = kNoToken;
      for (; size > 0; --size) {
        if (size < rest.size() && (static_cast<unsigned char>(rest[size]) & 0xC0U) == 0x80U) {
          continue;  // Not between two characters.
        }
        const std::string_view text = rest.substr(0, size);
        id = begin == 0 ? Find(text) : Find(options_.prefix + std::string(text));
        if (id != kNoToken) break;
      }
      known = id != kNoToken;
      if (known) {
        tokens->push_back(
            {id, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + size)});
      }
      begin += size;
    }
    if (known) return {};
    tokens->resize(first);
    tokens->push_back({options_.unknown, 0, static_cast<std::uint32_t>(piece.size())});
    return {};
  }
  std::string_view kind() const override { return "wordpiece"; }
  std::size_t heap_bytes() const override { return vocabulary().heap_bytes(); }

 private:
  WordPieceOptions options_;
};

}  // namespace

Status WordModel::NoUnknownToken() {
  return {StatusCode::kNotFound,
          "a character is not in the vocabulary, which has no token for unknown text"};
}

Status ReadVocabularyObject(const Fields& fields, const format::JsonValue& vocab,
                            TokenTexts* vocabulary) {
  // Gaps must not make us allocate: ids below twice the number of tokens, and some more.
  const std::uint64_t limit = 2 * std::uint64_t{vocab.size()} + 65'536;
  std::vector<bool> taken;
  for (const auto& [text, value] : vocab.members()) {
    const auto id = value.Unsigned();
    if (!id || *id >= limit) {
      return fields.Malformed("vocab: the id of a token is not an integer below " +
                              std::to_string(limit));
    }
    FOVEA_RETURN_IF_ERROR(Place(fields, text, *id, &taken, &vocabulary->texts));
  }
  return {};
}

std::unique_ptr<WordModel> MakeWordPiece(TokenTexts vocabulary, const WordPieceOptions& options) {
  return std::make_unique<WordPiece>(std::move(vocabulary), options);
}

bool WordModel::AppendByteTokens(std::string_view text, std::uint32_t begin,
                                 std::vector<PieceToken>* tokens) const {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const std::size_t first = tokens->size();
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const char name[] = {'<', '0', 'x', kDigits[byte >> 4U], kDigits[byte & 15U], '>'};
    const std::int32_t id = Find({name, sizeof name});
    if (id == kNoToken) {
      tokens->resize(first);
      return false;
    }
    tokens->push_back({id, begin, begin + 1});
    ++begin;
  }
  return true;
}

Result<std::unique_ptr<WordModel>> ReadWordLevel(const Fields& fields, TokenTexts vocabulary) {
  std::string unknown;
  FOVEA_RETURN_IF_ERROR(fields.Read("unk_token", &unknown));
  const std::int32_t id = vocabulary.Find(unknown);
  return std::unique_ptr<WordModel>(std::make_unique<WordLevel>(std::move(vocabulary), id));
}

Result<std::unique_ptr<WordModel>> ReadWordPiece(const Fields& fields, TokenTexts vocabulary) {
  std::string unknown = "[UNK]";
  WordPieceOptions options;
  FOVEA_RETURN_IF_ERROR(fields.Read("unk_token", &unknown));
  FOVEA_RETURN_IF_ERROR(fields.Read("continuing_subword_prefix", &options.prefix));
  FOVEA_RETURN_IF_ERROR(fields.Read("max_input_chars_per_word", &options.max_characters));
  if (options.max_characters > 1'000) {  // The time for one word grows with its square.
    return fields.Error(StatusCode::kLimitExceeded, "max_input_chars_per_word is " +
                                                        std::to_string(options.max_characters) +
                                                        ", the limit is 1000");
  }
  options.unknown = vocabulary.Find(unknown);
  if (options.unknown == kNoToken) {
    return fields.Malformed("unk_token \"" + unknown + "\" is not in the vocabulary");
  }
  return MakeWordPiece(std::move(vocabulary), options);
}

Result<std::unique_ptr<WordModel>> ReadWordModel(const Fields& fields) {
  const auto vocab = fields.Find("vocab");
  if (!vocab || (!vocab->IsObject() && !vocab->IsArray()))
    return fields.Malformed("vocab is missing");
  if (vocab->size() == 0) return fields.Malformed("vocab is empty");
  if (vocab->size() > kMaxPieces) {
    return fields.Error(StatusCode::kLimitExceeded, "vocab has " + std::to_string(vocab->size()) +
                                                        " tokens, the limit is " +
                                                        std::to_string(kMaxPieces));
  }
  std::string_view type = fields.type();
  if (type.empty()) type = vocab->IsArray() ? "Unigram" : "BPE";  // Older files do not say.
  if ((type == "Unigram") != vocab->IsArray()) return fields.Malformed("vocab has the wrong form");
  TokenTexts vocabulary;
  std::vector<double> scores;
  if (vocab->IsArray()) {
    FOVEA_RETURN_IF_ERROR(ReadVocabularyArray(fields, *vocab, &vocabulary, &scores));
  } else {
    FOVEA_RETURN_IF_ERROR(ReadVocabularyObject(fields, *vocab, &vocabulary));
  }
  if (const Status built = vocabulary.map.Build(vocabulary.texts); !built.ok()) {
    return fields.Malformed("vocab has a token twice");
  }
  if (type == "WordLevel") return ReadWordLevel(fields, std::move(vocabulary));
  if (type == "WordPiece") return ReadWordPiece(fields, std::move(vocabulary));
  if (type == "BPE") return ReadBpe(fields, std::move(vocabulary));
  if (type == "Unigram") return ReadUnigram(fields, std::move(vocabulary), scores);
  return fields.UnknownType("the model");
}

}  // namespace fovea::text
