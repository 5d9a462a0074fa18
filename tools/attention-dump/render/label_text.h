// Untrusted strings made fit to show: decoded into characters with their display width, cut to a
// number of columns, and escaped for each format. Nothing that comes out holds a control character,
// a bidirectional override or invalid UTF-8.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_RENDER_LABEL_TEXT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_RENDER_LABEL_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::dump {

struct DisplayCharacter {
  char32_t code = 0;
  std::size_t width = 1;  ///< Columns in a fixed-width font: 0 (combining), 1 or 2.
};

/// Invalid bytes become U+FFFD, control characters their visible pictures (U+2400 …); invisible
/// format characters and variation selectors, which terminals disagree on, are dropped.
std::vector<DisplayCharacter> DecodeForDisplay(std::string_view text);

/// The same characters as UTF-8.
std::string EncodeUtf8(const std::vector<DisplayCharacter>& characters);

/// Columns that `text` takes once decoded for display.
std::size_t DisplayWidth(std::string_view text);

enum class Alphabet { kUnicode, kAscii };  ///< kAscii: "?" for what ASCII lacks, "_" for "␣".

/// At most `columns` wide; a longer text ends in "…" ("~" in ASCII).
std::string CutToWidth(std::string_view text, std::size_t columns,
                       Alphabet alphabet = Alphabet::kUnicode);

/// CutToWidth, then spaces at the right up to `columns`.
std::string FitToWidth(std::string_view text, std::size_t columns,
                       Alphabet alphabet = Alphabet::kUnicode);

/// For XML and HTML text and double-quoted attributes, after DecodeForDisplay.
std::string EscapeXml(std::string_view text);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_RENDER_LABEL_TEXT_H_
