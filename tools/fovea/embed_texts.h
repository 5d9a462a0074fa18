// The texts that `fovea embed` and its like make vectors of: lines of a file, texts of the command
// line, or lists of token ids.
#ifndef FOVEA_TOOLS_FOVEA_EMBED_TEXTS_H_
#define FOVEA_TOOLS_FOVEA_EMBED_TEXTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fovea/model.h>
#include <fovea/status.h>

namespace fovea::tools {

/// One of the three is given.
struct TextSources {
  std::vector<std::string> texts;   ///< --text, once for each text.
  std::string file;                 ///< -f: one text per line; "-": standard input.
  std::vector<std::string> tokens;  ///< --tokens, once for each text: "2,17,3".
};

struct EmbedText {
  std::string name;               ///< For messages: "lines.txt, line 3" or "--text".
  std::vector<std::int32_t> ids;  ///< At least one.
};

/// The lines without their ends ("\n" or "\r\n"). The last one may lack its end.
std::vector<std::string_view> SplitLines(std::string_view text);

/// The texts in order, with the special tokens that the model's tokenizer adds. Errors name the
/// text: no tokens at all, not UTF-8, an id outside the vocabulary, or more than `limit` tokens.
Result<std::vector<EmbedText>> ReadTexts(const TextSources& sources, const Model& model,
                                         std::size_t limit);

}  // namespace fovea::tools

#endif  // FOVEA_TOOLS_FOVEA_EMBED_TEXTS_H_
