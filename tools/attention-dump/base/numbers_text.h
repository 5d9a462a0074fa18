// Numbers as text, the same in every locale: short for tables, exact for files.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_BASE_NUMBERS_TEXT_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_BASE_NUMBERS_TEXT_H_

#include <string>

namespace fovea::dump {

/// "0.123" with that many decimals; "nan" and "inf" for what is not finite. Never "-0.000".
std::string FixedNumber(double value, int decimals);

/// FixedNumber with a sign before what is not zero: "+0.123".
std::string SignedNumber(double value, int decimals);

/// The shortest text that reads back as the same double.
std::string ExactNumber(double value);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_BASE_NUMBERS_TEXT_H_
