// "▁", which stands for a space in pieces of SentencePiece vocabularies.
#ifndef FOVEA_TEXT_SPACE_MARK_H_
#define FOVEA_TEXT_SPACE_MARK_H_

#include <string>
#include <string_view>

namespace fovea::text {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

/// The piece with spaces for its marks.
inline std::string WithSpaces(std::string_view piece) {
  std::string text;
  while (!piece.empty()) {
    const std::size_t mark = piece.find(kSpaceMark);
    text += piece.substr(0, mark);
    if (mark == std::string_view::npos) break;
    text += ' ';
    piece.remove_prefix(mark + kSpaceMark.size());
  }
  return text;
}

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SPACE_MARK_H_
