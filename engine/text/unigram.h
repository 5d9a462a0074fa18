// Unigram language models (Kudo 2018, https://arxiv.org/abs/1804.10959): of all ways to cut a text
// into pieces of the vocabulary, the one whose scores have the largest sum, by Viterbi's algorithm.
#ifndef FOVEA_TEXT_UNIGRAM_H_
#define FOVEA_TEXT_UNIGRAM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/text/byte_trie.h"
#include "engine/text/heap_bytes.h"
#include "engine/text/piece_token.h"

namespace fovea::text {

/// Immutable once all pieces are there; may then be shared by threads.
class Unigram {
 public:
  /// An unknown character scores this much below the worst piece.
  static constexpr double kUnknownPenalty = 10.0;

  /// How sums are kept between pieces. Scores that nearly cancel are decided by it, so it must be
  /// that of the tokenizer that is followed: llama.cpp and tokenizer.json keep doubles,
  /// SentencePiece floats.
  enum class Sums : std::uint8_t { kDouble, kFloat };

  Unigram() = default;
  explicit Unigram(Sums sums) : sums_(sums) {}

  /// An empty piece is ignored; of equal pieces the first one counts. id >= 0.
  void Add(std::string_view piece, std::int32_t id, double score);
  void set_unknown_score(double score) { unknown_score_ = score; }

  /// Appends the best way through `text` (valid UTF-8). Characters that no piece begins with alone
  /// have the id kNoToken; those beside each other are one token. O(bytes × longest piece).
  void Cut(std::string_view text, std::vector<PieceToken>* tokens) const;

  std::size_t heap_bytes() const {
    return trie_.heap_bytes() + HeapBytes(ids_) + HeapBytes(scores_);
  }

 private:
  struct Node;

  Sums sums_ = Sums::kDouble;
  ByteTrie trie_;  // Its ids are places in ids_ and scores_.
  std::vector<std::int32_t> ids_;
  std::vector<double> scores_;
  double unknown_score_ = 0;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_UNIGRAM_H_
