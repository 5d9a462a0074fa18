#include "engine/attention/key_value_view.h"

#include <cstdint>
#include <cstring>

#include "engine/kernels/attention/kv_blocks.h"
#include "engine/tensor/dequantize.h"

namespace fovea::attention {
namespace {

template <typename T>
T ReadAs(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

float ReadElement(DataType type, const std::byte* from) {
  switch (type) {
    case DataType::kF16: return HalfToFloat(ReadAs<std::uint16_t>(from));
    case DataType::kBF16: return BFloat16ToFloat(ReadAs<std::uint16_t>(from));
    case DataType::kQ8_0: return static_cast<float>(ReadAs<std::int8_t>(from));
    default: return ReadAs<float>(from);
  }
}

/// Where the elements of one head's rows lie in a block: element i of a position's row at
/// row + i * step, the rows' scales after `element_bytes`.
struct BlockPlace {
  std::size_t row = 0;   // in elements
  std::size_t step = 1;  // in elements
  std::size_t element_bytes = 0;
};

void ReadBlocked(const KeyValueView& view, const std::byte* head, std::size_t position,
                 const BlockPlace& place, std::size_t dim, float* out) {
  const std::byte* block = head + position / kernels::kKvBlock * view.stride;
  const std::size_t bytes = kernels::KvElementBytes(view.type);
  float scale = 1.0F;
  if (view.type == DataType::kQ8_0) {
    scale =
        ReadAs<float>(block + place.element_bytes + position % kernels::kKvBlock * sizeof(float));
  }
  for (std::size_t i = 0; i < dim; ++i) {
    out[i] = scale * ReadElement(view.type, block + (place.row + i * place.step) * bytes);
  }
}

}  // namespace

void ReadKey(const KeyValueView& keys, std::size_t kv_head, std::size_t position,
             std::size_t head_dim, float* out) {
  const std::byte* head = keys.data + kv_head * keys.head_stride;
  if (!keys.blocked) {
    std::memcpy(out, head + position * keys.stride, head_dim * sizeof(float));
    return;
  }
  ReadBlocked(keys, head, position,
              {.row = position % kernels::kKvBlock,
               .step = kernels::kKvBlock,
               .element_bytes = kernels::KeyBlockElementBytes(keys.type, head_dim)},
              head_dim, out);
}

void ReadValue(const KeyValueView& values, std::size_t kv_head, std::size_t position,
               std::size_t value_dim, float* out) {
  const std::byte* head = values.data + kv_head * values.head_stride;
  if (!values.blocked) {
    std::memcpy(out, head + position * values.stride, value_dim * sizeof(float));
    return;
  }
  ReadBlocked(values, head, position,
              {.row = position % kernels::kKvBlock * kernels::PaddedDim(value_dim),
               .element_bytes = kernels::ValueBlockElementBytes(values.type, value_dim)},
              value_dim, out);
}

}  // namespace fovea::attention
