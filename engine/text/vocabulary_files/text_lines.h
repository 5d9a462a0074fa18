// The lines of a text file.
#ifndef FOVEA_TEXT_VOCABULARY_FILES_TEXT_LINES_H_
#define FOVEA_TEXT_VOCABULARY_FILES_TEXT_LINES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "engine/format/small_file.h"
#include "engine/text/utf8.h"
#include "fovea/status.h"
#include "fovea/status_macros.h"

namespace fovea::text {

/// The largest vocab.txt, vocab.json or merges.txt.
inline constexpr std::size_t kMaxVocabularyFileBytes = std::size_t{128} << 20;

/// A file that was read as a whole.
class TextLines {
 public:
  static Result<TextLines> Read(const std::string& path) {
    auto bytes = format::ReadSmallFile(path, kMaxVocabularyFileBytes);
    FOVEA_RETURN_IF_ERROR(bytes);
    TextLines lines;
    lines.bytes_ = std::move(bytes).value();
    if (const auto offset = FirstInvalidUtf8(lines.text())) {
      return Status(StatusCode::kMalformed,
                    path + ": is not valid UTF-8 at byte " + std::to_string(*offset));
    }
    return lines;
  }

  /// Calls visit(line, number from 1) for each, without its end (\n, \r\n), until it gives an
  /// error. A line end at the end of the file begins no line.
  template <typename Visit>
  Status ForEach(const Visit& visit) const {
    std::string_view rest = text();
    for (std::size_t number = 1; !rest.empty(); ++number) {
      const std::size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      FOVEA_RETURN_IF_ERROR(visit(line, number));
    }
    return {};
  }

 private:
  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes_.bytes().data()), bytes_.bytes().size()};
  }

  platform::FileBytes bytes_;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_VOCABULARY_FILES_TEXT_LINES_H_
