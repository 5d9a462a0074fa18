// Text to token ids and back, as the model file defines it.
#ifndef FOVEA_TOKENIZER_H_
#define FOVEA_TOKENIZER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fovea/status.h"

namespace fovea {

/// One id with the bytes of the input text that it stands for.
struct Token {
  std::int32_t id = 0;  ///< Index into the vocabulary.
  /// [begin, end) in bytes of the input text. Empty for tokens that were added (BOS, EOS). Tokens
  /// of one text are ordered and their ranges never overlap; a byte-fallback token covers one byte.
  std::size_t begin = 0;
  std::size_t end = 0;  ///< See begin.
};

/// Special tokens: which are added, which are recognised in the text.
struct TokenizeOptions {
  /// Add BOS, EOS, CLS and SEP as the model file asks for.
  bool add_special = true;
  /// Recognise the text of control tokens ("<s>", "<|im_start|>") inside the text.
  bool parse_special = false;
};

/// Two texts in one input, as encoders read a sentence and its translation, or a question and a
/// passage: [CLS] first [SEP] second [SEP].
struct EncodedPair {
  /// Ranges are bytes of the text that a token comes from; those of added tokens are empty.
  std::vector<Token> tokens;
  /// By token: the id of its segment ("token type"), which models with segment embeddings take.
  std::vector<std::int32_t> segment_ids;
  std::size_t first_begin = 0;   ///< tokens[first_begin, first_end) are those of the first text …
  std::size_t first_end = 0;     ///< See first_begin.
  std::size_t second_begin = 0;  ///< … and tokens[second_begin, second_end) those of the second.
  std::size_t second_end = 0;    ///< See second_begin.
};

/// Immutable, may be shared by threads. Owned by its Model.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Splits UTF-8 text. kInvalidArgument with the byte offset if the text is not valid UTF-8.
  /// Example:
  /// @code
  /// auto tokens = tokenizer.Tokenize("The cat sat");
  /// if (!tokens) return tokens.status();
  /// for (const Token& t : *tokens) std::printf("%d: bytes %zu to %zu\n", t.id, t.begin, t.end);
  /// @endcode
  virtual Result<std::vector<Token>> Tokenize(std::string_view text,
                                              const TokenizeOptions& options = {}) const = 0;

  /// The ids alone, as sessions take them: those of Tokenize. Errors as of Tokenize. Example:
  /// @code
  /// auto prompt = tokenizer.Encode("The cat sat");
  /// if (!prompt) return prompt.status();
  /// auto logits = session.Prefill(*prompt);
  /// @endcode
  Result<std::vector<std::int32_t>> Encode(std::string_view text,
                                           const TokenizeOptions& options = {}) const;

  /// Two texts as one input, in the form that the tokenizer states (BERT: [CLS] a [SEP] b [SEP],
  /// segments 0 and 1; RoBERTa: BOS a EOS EOS b EOS, all segments 0; T5: a EOS b EOS). Without
  /// add_special, one text follows the other. kUnsupported if the tokenizer has no form for pairs;
  /// other errors as of Tokenize. Example:
  /// @code
  /// auto pair = tokenizer.EncodePair("The cat sat.", "Le chat était assis.");
  /// if (!pair) return pair.status();
  /// std::vector<std::int32_t> ids = TokenIds(pair->tokens);
  /// @endcode
  virtual Result<EncodedPair> EncodePair(std::string_view first, std::string_view second,
                                         const TokenizeOptions& options = {}) const;

  /// Token ids are 0 … vocabulary_size() - 1.
  virtual std::size_t vocabulary_size() const = 0;

  /// The bytes that the id adds to a text; may be part of a UTF-8 character. Empty for control
  /// tokens and for ids outside the vocabulary.
  virtual std::string PieceBytes(std::int32_t id) const = 0;

  /// The piece as a person wants to see it in a table: valid UTF-8, spaces and control bytes made
  /// visible ("▁the" or "Ġthe" as "␣the", "\n" as "⏎", a byte as "<0xE2>"), control tokens by name.
  virtual std::string DisplayPiece(std::int32_t id) const = 0;

  /// The ids that begin (BOS, CLS) and end (EOS) a text; -1 if the model has none.
  virtual std::int32_t bos_id() const = 0;
  /// See bos_id.
  virtual std::int32_t eos_id() const = 0;
  /// The ids that stand for unknown text, between texts (SEP), behind short texts of a batch, and
  /// for a word to be predicted; -1 if the model has none.
  virtual std::int32_t unknown_id() const { return -1; }
  /// See unknown_id.
  virtual std::int32_t separator_id() const { return -1; }
  /// See unknown_id.
  virtual std::int32_t padding_id() const { return -1; }
  /// See unknown_id.
  virtual std::int32_t mask_id() const { return -1; }
  /// True for control tokens (BOS, EOS, CLS, SEP, …).
  virtual bool IsSpecial(std::int32_t id) const = 0;
  /// True if generation should stop after this id (EOS and end-of-turn ids of the file).
  virtual bool IsEndOfGeneration(std::int32_t id) const = 0;

  /// Which algorithm: "llama", "gpt2", "bert" or "t5", as the GGUF key tokenizer.ggml.model says;
  /// for the files of a model folder "bpe", "unigram", "wordpiece" or "wordlevel".
  virtual std::string_view kind() const = 0;

  /// True if a space is put before the first word, which Detokenize takes away again.
  virtual bool adds_space_prefix() const { return false; }

  /// Bytes of memory that it holds: vocabulary, merges, tables. 0 if it does not know.
  virtual std::size_t memory_bytes() const { return 0; }
};

/// The ids of the tokens, in their order.
std::vector<std::int32_t> TokenIds(std::span<const Token> tokens);

/// The tokenizer of a GGUF file or of a folder alone: also without weights, or of a family that
/// Model refuses. kNotFound if the file has none, kUnsupported if its kind is not known; messages
/// name file and key. The caller owns it. Thread-safe. Example:
/// @code
/// auto tokenizer = LoadTokenizer("vocab.gguf");
/// if (!tokenizer) return tokenizer.status();
/// auto tokens = (*tokenizer)->Tokenize("Hi");
/// @endcode
Result<std::unique_ptr<Tokenizer>> LoadTokenizer(const std::string& path);

/// Turns a stream of ids into text that never ends in the middle of a UTF-8 character.
/// The tokenizer must outlive it; it belongs to one thread at a time. Example:
/// @code
/// StreamingDetokenizer out(tokenizer);
/// for (std::int32_t id : ids) std::cout << out.Push(id) << std::flush;
/// std::cout << out.Finish();
/// @endcode
class StreamingDetokenizer {
 public:
  /// at_start: the ids begin a text. False for ids that continue one (generated after a prompt),
  /// whose first space is a real one.
  explicit StreamingDetokenizer(const Tokenizer& tokenizer, bool at_start = true)
      : tokenizer_(&tokenizer), first_(at_start) {}

  /// Text that became complete with this id (may be empty). Invalid bytes become U+FFFD.
  std::string Push(std::int32_t id);
  /// What is left at the end: an unfinished character becomes U+FFFD.
  std::string Finish();

 private:
  const Tokenizer* tokenizer_;
  std::string pending_;  // at most three bytes of an unfinished character
  bool first_ = true;    // SentencePiece drops the space that it added before the first word
};

/// All ids of a text at once; the leading space that SentencePiece adds is removed.
std::string Detokenize(const Tokenizer& tokenizer, std::span<const std::int32_t> ids);

}  // namespace fovea

#endif  // FOVEA_TOKENIZER_H_
