// Numbers as users type them: "0-3,5", "1,2,3".
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_NUMBER_LIST_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_NUMBER_LIST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fovea/fovea.hpp>

namespace fovea::dump {

struct Range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< Inclusive.
};

/// "0-3,5". Nothing if it is malformed or a range runs backwards.
std::optional<std::vector<Range>> ParseRanges(std::string_view text);

/// "1,2,3"; white space around the commas is allowed, as a copied list has it.
std::optional<std::vector<std::int32_t>> ParseIds(std::string_view text);

/// The selected numbers below `count`, ascending, each once; all of them if `ranges` is empty. The
/// error says what exists: "layer 9 does not exist; the model has layers 0 to 5".
Result<std::vector<std::size_t>> Select(const std::vector<Range>& ranges, std::size_t count,
                                        const std::string& what);

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_COMMAND_NUMBER_LIST_H_
