// A token of a piece of text.
#ifndef FOVEA_TEXT_PIECE_TOKEN_H_
#define FOVEA_TEXT_PIECE_TOKEN_H_

#include <cstdint>

namespace fovea::text {

/// Its id, and the bytes of the piece that it stands for.
struct PieceToken {
  std::int32_t id = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_PIECE_TOKEN_H_
