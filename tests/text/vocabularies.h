// Small vocabularies whose tokenizations can be worked out by hand, and helpers to read results.
#ifndef FOVEA_TESTS_TEXT_VOCABULARIES_H_
#define FOVEA_TESTS_TEXT_VOCABULARIES_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/text/byte_alphabet.h"
#include "engine/text/create_tokenizer.h"
#include "engine/text/utf8.h"
#include "engine/text/vocabulary.h"

namespace fovea::text {

inline std::unique_ptr<Tokenizer> Make(Vocabulary vocabulary) {
  auto tokenizer = CreateTokenizer(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  return tokenizer.ok() ? std::move(tokenizer).value() : nullptr;
}

inline std::vector<Token> TokensOf(const Tokenizer& tokenizer, std::string_view text,
                                   const TokenizeOptions& options = {}) {
  auto tokens = tokenizer.Tokenize(text, options);
  EXPECT_TRUE(tokens.ok()) << tokens.status().message();
  return tokens.ok() ? std::move(tokens).value() : std::vector<Token>();
}

inline std::vector<std::int32_t> IdsOf(const Tokenizer& tokenizer, std::string_view text,
                                       const TokenizeOptions& options = {}) {
  auto ids = tokenizer.Encode(text, options);
  EXPECT_TRUE(ids.ok()) << ids.status().message();
  return ids.ok() ? std::move(ids).value() : std::vector<std::int32_t>();
}

/// "begin-end" of every token, with blanks between.
inline std::string RangesOf(const Tokenizer& tokenizer, std::string_view text,
                            const TokenizeOptions& options = {}) {
  std::string ranges;
  for (const Token& token : TokensOf(tokenizer, text, options)) {
    if (!ranges.empty()) ranges += ' ';
    ranges += std::to_string(token.begin) + '-' + std::to_string(token.end);
  }
  return ranges;
}

inline void Add(Vocabulary* v, std::string piece, TokenType type = TokenType::kNormal,
                float score = 0.0F) {
  v->pieces.push_back(std::move(piece));
  v->types.push_back(type);
  v->scores.push_back(score);
}

inline std::string BytePiece(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 15], '>'};
}

/// The tokens cover the text without gap or overlap, and detokenize to it.
inline void ExpectCoversAndComesBack(const Tokenizer& tokenizer, std::string_view text,
                                     const TokenizeOptions& options = {}) {
  const std::vector<Token> tokens = TokensOf(tokenizer, text, options);
  std::size_t covered = 0;
  for (const Token& token : tokens) {
    ASSERT_EQ(token.begin, covered);
    ASSERT_GT(token.end, token.begin);
    covered = token.end;
  }
  ASSERT_EQ(covered, text.size());
  ASSERT_EQ(Detokenize(tokenizer, TokenIds(tokens)), text);
}

/// <unk> 0, <s> 1, </s> 2, bytes 3 to 258, and from 259 on the given pieces, best score first.
inline Vocabulary SentencePieceVocabulary(const std::vector<std::string>& pieces) {
  Vocabulary v;
  v.kind = TokenizerKind::kSentencePiece;
  Add(&v, "<unk>", TokenType::kUnknown);
  Add(&v, "<s>", TokenType::kControl);
  Add(&v, "</s>", TokenType::kControl);
  for (unsigned byte = 0; byte < 256; ++byte) Add(&v, BytePiece(byte), TokenType::kByte);
  float score = 0.0F;
  for (const std::string& piece : pieces) Add(&v, piece, TokenType::kNormal, score -= 1.0F);
  v.unknown_id = 0;
  v.bos_id = 1;
  v.eos_id = 2;
  v.add_bos = true;
  v.add_space_prefix = true;
  return v;
}

/// The 256 bytes (id = byte), then what each merge makes, then "<|endoftext|>" as BOS and EOS.
inline Vocabulary ByteLevelVocabulary(const std::vector<std::string>& merges,
                                      const std::string& pre_tokenizer = "gpt-2") {
  const ByteAlphabet alphabet;
  Vocabulary v;
  v.kind = TokenizerKind::kByteLevel;
  v.pre_tokenizer = pre_tokenizer;
  for (unsigned byte = 0; byte < 256; ++byte) {
    Add(&v, alphabet.Letter(static_cast<std::uint8_t>(byte)));
  }
  for (const std::string& merge : merges) {
    const std::size_t space = merge.find(' ', 1);
    Add(&v, merge.substr(0, space) + merge.substr(space + 1));
  }
  v.merges = merges;
  v.bos_id = v.eos_id = static_cast<std::int32_t>(v.pieces.size());
  Add(&v, "<|endoftext|>", TokenType::kControl);
  return v;
}

/// [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, then the given pieces from 4 on.
inline Vocabulary WordPieceVocabulary(const std::vector<std::string>& pieces) {
  Vocabulary v;
  v.kind = TokenizerKind::kWordPiece;
  for (const char* name : {"[PAD]", "[UNK]", "[CLS]", "[SEP]"}) Add(&v, name, TokenType::kControl);
  for (const std::string& piece : pieces) Add(&v, piece);
  v.padding_id = 0;
  v.unknown_id = 1;
  v.bos_id = 2;
  v.separator_id = 3;
  return v;
}

/// Valid UTF-8 of characters from all planes, spaces and a few ASCII letters.
inline std::string RandomText(std::mt19937* random, std::size_t characters) {
  std::string text;
  for (std::size_t i = 0; i < characters; ++i) {
    const unsigned choice = (*random)() % 8;
    if (choice < 3) {
      text += "ab c\n' 1"[(*random)() % 8];
    } else if (choice < 5) {
      AppendUtf8(static_cast<char32_t>((*random)() % 0x800), &text);
    } else if (choice < 7) {
      AppendUtf8(static_cast<char32_t>(0xE000 + (*random)() % 0x2000), &text);
    } else {
      AppendUtf8(static_cast<char32_t>(0x10000 + (*random)() % 0x100000), &text);
    }
  }
  return text;
}

}  // namespace fovea::text

#endif  // FOVEA_TESTS_TEXT_VOCABULARIES_H_
