// Finds the texts that end a generation in a text that comes in pieces, and holds back what may be
// the beginning of one.
#ifndef FOVEA_TEXT_STOP_TEXTS_H_
#define FOVEA_TEXT_STOP_TEXTS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fovea::text {

class StopTexts {
 public:
  /// The texts must outlive this and must not be empty.
  explicit StopTexts(std::span<const std::string> texts) : texts_(texts) {}

  /// Adds a piece and returns what is certain to stay: nothing after the first stop text, and
  /// nothing that may still become one.
  std::string Push(std::string_view piece);
  /// What was held back, now that nothing more comes.
  std::string Finish();

  /// Whether a stop text was found.
  bool found() const { return found_; }

 private:
  std::span<const std::string> texts_;
  std::string pending_;
  bool found_ = false;
};

}  // namespace fovea::text

#endif  // FOVEA_TEXT_STOP_TEXTS_H_
