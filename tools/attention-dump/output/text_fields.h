// Numbers and strings as fields of .json, .csv and JSON lines.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TEXT_FIELDS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TEXT_FIELDS_H_

#include <string>
#include <utility>

namespace fovea::dump {

/// Appends numbers in the fewest digits that read back to the stored precision.
class NumberWriter {
 public:
  /// half: numbers are rounded to half precision first. `not_a_number` stands for what is not
  /// finite.
  NumberWriter(bool half, std::string not_a_number)
      : half_(half), not_a_number_(std::move(not_a_number)) {}

  void Append(float value, std::string* out) const;

 private:
  bool half_;
  std::string not_a_number_;
};

/// A quoted field of a .csv (RFC 4180), quotes doubled.
std::string QuotedField(const std::string& field);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OUTPUT_TEXT_FIELDS_H_
