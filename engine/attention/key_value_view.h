// Where one layer's keys or values are in memory, and how to read one of them as floats.
#ifndef FOVEA_ATTENTION_KEY_VALUE_VIEW_H_
#define FOVEA_ATTENTION_KEY_VALUE_VIEW_H_

#include <cstddef>

#include "fovea/data_type.h"

namespace fovea::attention {

/// Keys or values of one layer; those of kv_head h start at data + h * head_stride (bytes). They
/// are blocks of 16 positions as in kernels/attention/kv_blocks.h, or float32 rows.
struct KeyValueView {
  DataType type = DataType::kF32;  ///< A type that IsKvType; rows are kF32.
  const std::byte* data = nullptr;
  std::size_t head_stride = 0;
  std::size_t stride = 0;  ///< Bytes between blocks, or between rows.
  bool blocked = false;
};

/// out[i] = element i of the key of one position; [head_dim]
void ReadKey(const KeyValueView& keys, std::size_t kv_head, std::size_t position,
             std::size_t head_dim, float* out);
/// out[i] = element i of the value of one position; [value_dim]
void ReadValue(const KeyValueView& values, std::size_t kv_head, std::size_t position,
               std::size_t value_dim, float* out);

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_KEY_VALUE_VIEW_H_
