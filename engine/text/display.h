// Makes the bytes of a piece readable in a table or a page.
#ifndef FOVEA_TEXT_DISPLAY_H_
#define FOVEA_TEXT_DISPLAY_H_

#include <string>
#include <string_view>

namespace fovea::text {

/// Valid UTF-8 for any bytes: a space becomes "␣", a line feed "⏎", a tab "⇥", a carriage return
/// "␍", other control bytes and bytes that are no UTF-8 "<0x1B>".
std::string DisplayText(std::string_view bytes);

}  // namespace fovea::text

#endif  // FOVEA_TEXT_DISPLAY_H_
