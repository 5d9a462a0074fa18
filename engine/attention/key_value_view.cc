#include "engine/attention/key_value_view.h"

#include <cstdint>
#include <cstring>

#include "engine/kernels/kv_blocks.h"
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

}  // namespace

void ReadKey(const KeyValueView& keys, std::size_t kv_head, std::size_t position,
             std::size_t head_dim, float* out) {
  using kernels::kKvBlock;
  const std::byte* head = keys.data + kv_head * keys.head_stride;
  if (!keys.blocked) {
    std::memcpy(out, head + position * keys.stride, head_dim * sizeof(float));
    return;
  }
  const std::byte* block = head + position / kKvBlock * keys.stride;
  const std::size_t place = position % kKvBlock;
  const std::size_t bytes = kernels::KvElementBytes(keys.type);
  float scale = 1.0F;
  if (keys.type == DataType::kQ8_0) {
    scale = ReadAs<float>(block + kernels::KeyBlockElementBytes(keys.type, head_dim) +
                          place * sizeof(float));
  }
  for (std::size_t i = 0; i < head_dim; ++i) {
    out[i] = scale * ReadElement(keys.type, block + (i * kKvBlock + place) * bytes);
  }
}

}  // namespace fovea::attention
