// Text on its way through a tokenizer, with the bytes of the original text that each byte came
// from.
#ifndef FOVEA_TEXT_ALIGNED_TEXT_H_
#define FOVEA_TEXT_ALIGNED_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::text {

struct ByteRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

class AlignedText {
 public:
  /// The text itself: character by character, beginning at byte `offset` of the original.
  static AlignedText Of(std::string_view text, std::size_t offset);

  std::string_view text() const { return text_; }
  std::size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  /// The original bytes of the (not empty) range [begin, end).
  ByteRange Source(std::size_t begin, std::size_t end) const {
    return {sources_[begin].begin, sources_[end - 1].end};
  }

  /// Appends text that stands for `source`.
  void Append(std::string_view text, ByteRange source) {
    text_ += text;
    sources_.resize(text_.size(), source);
  }
  void Append(char32_t code_point, ByteRange source);
  /// Appends the bytes [begin, end) of another text, with their sources.
  void AppendFrom(const AlignedText& other, std::size_t begin, std::size_t end) {
    text_.append(other.text_, begin, end - begin);
    sources_.insert(sources_.end(), other.sources_.begin() + static_cast<std::ptrdiff_t>(begin),
                    other.sources_.begin() + static_cast<std::ptrdiff_t>(end));
  }

 private:
  std::string text_;
  std::vector<ByteRange> sources_;  // By byte of text_.
};

/// A text cut into pieces: ranges of its bytes, ascending and not empty. Bytes in no range are
/// gone.
struct CutText {
  AlignedText text;
  std::vector<ByteRange> pieces;

  std::string_view Piece(const ByteRange& piece) const {
    return text.text().substr(piece.begin, piece.end - piece.begin);
  }
  /// Ends a piece that began at byte `begin` of `text`; nothing if it is empty.
  void EndPiece(std::size_t begin) {
    if (begin < text.size()) {
      pieces.push_back(
          {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(text.size())});
    }
  }
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_ALIGNED_TEXT_H_
