#include "engine/attention/key_value_view.h"

#include <cstdint>
#include <cstring>

#include "engine/kernels/attention/kv_blocks.h"
#include "engine/tensor/dequantize.h"

namespace fovea::attention {
namespace {

template <typename T>
T ReadAs(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

float ReadElement(DataType type, const std::byte* bytes) {
  switch (type) {
    case DataType::kF16: return HalfToFloat(ReadAs<std::uint16_t>(bytes));
    case DataType::kBF16: return BFloat16ToFloat(ReadAs<std::uint16_t>(bytes));
    case DataType::kQ8_0: return static_cast<float>(ReadAs<std::int8_t>(bytes));
    default: return ReadAs<float>(bytes);
  }
}

/// Where the elements of one position's row are in a block: element i at row + i * step, the scales
/// of all rows after `element_bytes`.
struct BlockPlace {
  std::size_t row = 0;   // in elements
  std::size_t step = 1;  // in elements
  std::size_t element_bytes = 0;
};

void ReadRow(const KeyValueView& view, std::size_t kv_head, std::size_t position,
             const BlockPlace& place, std::size_t dim, float* out) {
  const std::byte* head = view.data + kv_head * view.head_stride;
  if (!view.blocked) {
    std::memcpy(out, head + position * view.stride, dim * sizeof(float));
    return;
  }
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
  const BlockPlace place{.row = position % kernels::kKvBlock,
                         .step = kernels::kKvBlock,
                         .element_bytes = kernels::KeyBlockElementBytes(keys.type, head_dim)};
  ReadRow(keys, kv_head, position, place, head_dim, out);
}

void ReadValue(const KeyValueView& values, std::size_t kv_head, std::size_t position,
               std::size_t value_dim, float* out) {
  const BlockPlace place{.row = position % kernels::kKvBlock * kernels::PaddedDim(value_dim),
                         .element_bytes = kernels::ValueBlockElementBytes(values.type, value_dim)};
  ReadRow(values, kv_head, position, place, value_dim, out);
}

}  // namespace fovea::attention
