// Which keys a delivered row may look at: what is beyond is masked, and no zero of the model's.
#ifndef FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_VISIBLE_KEYS_H_
#define FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_VISIBLE_KEYS_H_

#include <cstddef>

#include <fovea/fovea.hpp>

namespace fovea::dump {

/// Half-open range of the keys that row `row` of the call attends to (padding aside).
inline Mask::Range VisibleKeys(const AttentionRows& rows, std::size_t row) {
  const Mask mask = {.kind = rows.mask, .window = rows.window, .first_query = rows.query_begin};
  return mask.KeyRange(row, rows.key_count);
}

}  // namespace fovea::dump

#endif  // FOVEA_TOOLS_ATTENTION_DUMP_OBSERVERS_VISIBLE_KEYS_H_
