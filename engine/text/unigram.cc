#include "engine/text/unigram.h"

#include <algorithm>

#include "engine/text/utf8.h"
#include "engine/text/vocabulary.h"

namespace fovea::text {

/// The best way from the beginning of the text to one of its bytes.
struct Unigram::Node {
  double score = 0;
  std::uint32_t begin = 0;  // Of the last piece on the way.
  std::int32_t id = kNoToken;
  bool reached = false;
};

void Unigram::Add(std::string_view piece, std::int32_t id, double score) {
  if (piece.empty()) return;
  trie_.Insert(piece, static_cast<std::int32_t>(ids_.size()));
  ids_.push_back(id);
  scores_.push_back(score);
}

void Unigram::Cut(std::string_view text, std::vector<PieceToken>* tokens) const {
  const auto kept = [this](double sum) {
    return sums_ == Sums::kFloat ? static_cast<double>(static_cast<float>(sum)) : sum;
  };
  std::vector<Node> best(text.size() + 1);
  best[0].reached = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t size = std::min(CharacterBytes(text[begin]), text.size() - begin);
    const auto propose = [&](std::int32_t id, std::size_t bytes, double sum) {
      Node& node = best[begin + bytes];
      if (node.reached && sum <= node.score) return;
      node = {.score = kept(sum),
              .begin = static_cast<std::uint32_t>(begin),
              .id = id,
              .reached = true};
    };
    if (best[begin].reached) {
      const double so_far = best[begin].score;
      bool whole_character = false;
      trie_.ForEach(text.substr(begin), [&](std::int32_t place, std::size_t bytes) {
        const auto index = static_cast<std::size_t>(place);
        whole_character |= bytes == size;
        propose(ids_[index], bytes, so_far + scores_[index]);
      });
      if (!whole_character) propose(kNoToken, size, kept(so_far + unknown_score_));
    }
    begin += size;
  }

  const std::size_t first = tokens->size();
  for (std::size_t end = text.size(); end > 0;) {
    const Node& node = best[end];
    const bool run = tokens->size() > first && tokens->back().id == kNoToken;
    if (node.id == kNoToken && run) {
      tokens->back().begin = node.begin;
    } else {
      tokens->push_back({node.id, node.begin, static_cast<std::uint32_t>(end)});
    }
    end = node.begin;
  }
  std::reverse(tokens->begin() + static_cast<std::ptrdiff_t>(first), tokens->end());
}

}  // namespace fovea::text
