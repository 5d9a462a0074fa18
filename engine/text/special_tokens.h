// Finds out what the special tokens of a vocabulary mean. Model files often leave out which token
// ends a turn, or store it with the wrong type, so these tokens are also known by their text.
#ifndef FOVEA_TEXT_SPECIAL_TOKENS_H_
#define FOVEA_TEXT_SPECIAL_TOKENS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/text/piece_map.h"
#include "engine/text/vocabulary.h"

namespace fovea::text {

/// Every token of such a text ends a generation ("</s>", "<|im_end|>", …).
bool EndsGeneration(std::string_view text);

/// Fills in missing end-of-turn and fill-in-the-middle ids, corrects the types of tokens whose text
/// says that they are control tokens, and returns the ids that end a generation, sorted.
std::vector<std::int32_t> ResolveSpecialTokens(const PieceMap& map, Vocabulary* vocabulary);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_SPECIAL_TOKENS_H_
