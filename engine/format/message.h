// Pieces of error messages: names that come from a file are shown safely, numbers without any
// locale.
#ifndef FOVEA_FORMAT_MESSAGE_H_
#define FOVEA_FORMAT_MESSAGE_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "fovea/status.h"
#include "platform/file_bytes.h"

namespace fovea::format {

/// The text with control characters, bytes that are not UTF-8, and invisible direction marks
/// written as escapes (\n, \x1b, …), cut to about `limit` characters with "…".
std::string Escaped(std::string_view text, std::size_t limit = 80);

/// Escaped, between single quotes.
std::string Quoted(std::string_view text);

std::string Number(std::uint64_t value);
std::string Number(std::int64_t value);

std::string Concat(std::initializer_list<std::string_view> pieces);

/// "<path>: <reason>" of a file that cannot be opened, with the code that fits.
Status OpenFailure(std::string_view path, const platform::FileError& error);

}  // namespace fovea::format

#endif  // FOVEA_FORMAT_MESSAGE_H_
