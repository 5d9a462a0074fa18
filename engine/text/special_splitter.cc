#include "engine/text/special_splitter.h"

#include <algorithm>
#include <bitset>

namespace fovea::text {
namespace {

/// Places where a special token begins, and the lengths that occur.
struct Candidates {
  std::vector<std::size_t> places;
  std::bitset<kMaxSpecialPieceBytes + 1> sizes;
};

Candidates FindCandidates(const ByteTrie& trie, std::string_view text) {
  Candidates found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool any = false;
    trie.ForEach(text.substr(i), [&](std::int32_t, std::size_t size) {
      found.sizes.set(size);
      any = true;
    });
    if (any) found.places.push_back(i);
  }
  return found;
}

bool IsAsciiSpace(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Special tokens that were cut out, in order of length; sorted by place once all are known.
class Cuts {
 public:
  explicit Cuts(std::size_t text_size) : covered_(text_size, false) {}

  bool IsFree(std::size_t begin, std::size_t end) const {
    // Accepted tokens are at least as long as this one, so one that overlaps covers one of its
    // ends.
    return !covered_[begin] && !covered_[end - 1];
  }
  bool IsCovered(std::size_t place) const { return covered_[place]; }
  void Take(TextPart part) {
    std::fill(covered_.begin() + static_cast<std::ptrdiff_t>(part.begin),
              covered_.begin() + static_cast<std::ptrdiff_t>(part.end), true);
    parts_.push_back(part);
  }
  std::vector<TextPart> Sorted() && {
    std::sort(parts_.begin(), parts_.end(),
              [](const TextPart& a, const TextPart& b) { return a.begin < b.begin; });
    return std::move(parts_);
  }

 private:
  std::vector<bool> covered_;
  std::vector<TextPart> parts_;
};

}  // namespace

SpecialSplitter::SpecialSplitter(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    const TokenType type = vocabulary.Type(i);
    const auto id = static_cast<std::int32_t>(i);
    const std::string& piece = vocabulary.pieces[i];
    const bool user_defined = type == TokenType::kUserDefined;
    if (user_defined) user_defined_.Insert(piece, id);
    if (user_defined || type == TokenType::kControl || type == TokenType::kUnknown) {
      all_.Insert(piece, id);
      if (vocabulary.special_takes_spaces) {
        takes_spaces_.resize(vocabulary.pieces.size(), false);
        takes_spaces_[i] = piece != "<unk>" && piece != "<s>" && piece != "<|endoftext|>";
      }
    }
  }
}

bool SpecialSplitter::TakesSpaces(std::int32_t id) const {
  return !takes_spaces_.empty() && takes_spaces_[static_cast<std::size_t>(id)];
}

std::vector<TextPart> SpecialSplitter::Split(std::string_view text, bool parse_special) const {
  if (text.empty()) return {};
  const ByteTrie& trie = parse_special ? all_ : user_defined_;
  Candidates candidates = FindCandidates(trie, text);
  if (candidates.places.empty()) return {{kNoToken, 0, text.size()}};

  Cuts cuts(text.size());
  for (std::size_t size = kMaxSpecialPieceBytes; size > 0; --size) {
    if (!candidates.sizes[size]) continue;
    for (const std::size_t begin : candidates.places) {
      const std::size_t end = begin + size;
      if (end > text.size() || !cuts.IsFree(begin, end)) continue;
      const std::int32_t id = trie.OfSize(text.substr(begin), size);
      if (id == kNoToken) continue;
      std::size_t last = end;
      if (TakesSpaces(id)) {
        while (last < text.size() && IsAsciiSpace(text[last]) && !cuts.IsCovered(last)) ++last;
      }
      cuts.Take({id, begin, last});
    }
    std::erase_if(candidates.places, [&](std::size_t place) { return cuts.IsCovered(place); });
  }

  std::vector<TextPart> parts;
  std::size_t done = 0;
  for (const TextPart& token : std::move(cuts).Sorted()) {
    if (token.begin > done) parts.push_back({kNoToken, done, token.begin});
    parts.push_back(token);
    done = token.end;
  }
  if (done < text.size()) parts.push_back({kNoToken, done, text.size()});
  return parts;
}

}  // namespace fovea::text
