// Tokenizers of model folders: tokenizer.json, or the files that came before it. What those leave
// open (which tokens are put around a text, how words are cut) follows from the class of the
// tokenizer, which tokenizer_config.json or config.json names.
#ifndef FOVEA_TEXT_VOCABULARY_FILES_VOCABULARY_FILES_H_
#define FOVEA_TEXT_VOCABULARY_FILES_VOCABULARY_FILES_H_

#include <memory>
#include <string>

#include "fovea/tokenizer.h"

namespace fovea::text {

/// tokenizer.json, with the special tokens that tokenizer_config.json states; or else what
/// ReadVocabularyFiles gives. Errors as there.
Result<std::unique_ptr<Tokenizer>> ReadFolderTokenizer(const std::string& folder);

/// The first of the ways below whose files are in the folder, Marian's first and WordPiece last.
/// kNotFound if there are none of them. Errors of all: kUnsupported names a class that is not
/// known, kMalformed and kLimitExceeded what is wrong in a file, kOutOfMemory; one line that begins
/// with the path.
Result<std::unique_ptr<Tokenizer>> ReadVocabularyFiles(const std::string& folder);

/// vocab.txt, one token a line: WordPiece, as BERT, DistilBERT, ELECTRA and MPNet have it.
Result<std::unique_ptr<Tokenizer>> ReadWordPieceFiles(const std::string& folder);

/// vocab.json and merges.txt: byte-level BPE, as GPT-2, RoBERTa and BART have it.
Result<std::unique_ptr<Tokenizer>> ReadByteLevelFiles(const std::string& folder);

/// spiece.model, sentencepiece.bpe.model or tokenizer.model: SentencePiece, Unigram or BPE, as T5,
/// ALBERT, XLM-RoBERTa, Llama and Gemma have it.
Result<std::unique_ptr<Tokenizer>> ReadSentencePieceFiles(const std::string& folder);

/// source.spm and vocab.json: Marian's source language. The pieces of source.spm have the ids of
/// vocab.json, which holds those of the target language too; ">>code<<" is one token.
Result<std::unique_ptr<Tokenizer>> ReadMarianFiles(const std::string& folder);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_FILES_VOCABULARY_FILES_H_
