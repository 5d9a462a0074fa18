#include "engine/attention/kv_cache.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>

#include "engine/kernels/attention/kv_blocks.h"
#include "engine/tensor/dequantize.h"

namespace fovea::attention {
namespace {

using kernels::kKvBlock;
using platform::CheckedSize;

CheckedSize HeadBytes(std::size_t positions, std::size_t block_bytes) {
  return (CheckedSize(positions / kKvBlock) + (positions % kKvBlock != 0 ? 1 : 0)) * block_bytes;
}

DataType KeyType(const KvCacheShape& shape) {
  return kernels::KeyTypeOf(shape.type, shape.head_dim);
}

CheckedSize KeyHeadBytes(const KvCacheShape& shape) {
  return HeadBytes(shape.positions, kernels::KeyBlockBytes(KeyType(shape), shape.head_dim))
      .AlignedUp(platform::kAlignment);
}
CheckedSize ValueHeadBytes(const KvCacheShape& shape) {
  return HeadBytes(shape.positions, kernels::ValueBlockBytes(shape.type, shape.value_dim))
      .AlignedUp(platform::kAlignment);
}
CheckedSize LayerBytes(const KvCacheShape& shape) {
  return (KeyHeadBytes(shape) + ValueHeadBytes(shape)) * shape.kv_heads;
}

/// Rounds a row to 8-bit integers, ties to even; returns their scale. Calls store(i, integer) for
/// each.
template <typename StoreElement>
float Quantize(const float* row, std::size_t dim, const StoreElement& store) {
  float largest = 0.0F;
  bool finite = true;
  for (std::size_t i = 0; i < dim; ++i) {
    largest = std::max(largest, std::abs(row[i]));
    finite = finite && std::isfinite(row[i]);
  }
  const float scale = largest / 127.0F;
  // Rows so small that the division would overflow become 0.
  const float inverse = largest > 1e-30F && finite ? 127.0F / largest : 0.0F;
  for (std::size_t i = 0; i < dim; ++i) {
    // Adding 1.5 * 2^23 rounds to an integer: a float of that size has no bits for fractions.
    const float rounded = (finite ? row[i] * inverse : 1.0F) + 12582912.0F - 12582912.0F;
    store(i, static_cast<std::int8_t>(rounded));
  }
  // One value that is not finite makes the whole row NaN.
  return finite ? scale : std::numeric_limits<float>::quiet_NaN();
}

/// Stores row[i] at block + i * step elements of the type; 8-bit integers have their scale at
/// `scale`.
void StoreRow(const kernels::KernelTable& kernels, DataType type, const float* row, std::size_t dim,
              std::byte* block, std::size_t step, std::byte* scale) {
  switch (type) {
    case DataType::kF16: {
      std::uint16_t halves[64];
      for (std::size_t begin = 0; begin < dim; begin += std::size(halves)) {
        const std::size_t count = std::min(dim - begin, std::size(halves));
        kernels.f32_to_f16(row + begin, count, halves);
        for (std::size_t i = 0; i < count; ++i) {
          std::memcpy(block + (begin + i) * step * sizeof(*halves), &halves[i], sizeof(*halves));
        }
      }
      return;
    }
    case DataType::kBF16:
      for (std::size_t i = 0; i < dim; ++i) {
        const std::uint16_t bits = FloatToBFloat16(row[i]);
        std::memcpy(block + i * step * sizeof(bits), &bits, sizeof(bits));
      }
      return;
    case DataType::kQ8_0: {
      const float factor = Quantize(row, dim, [&](std::size_t i, std::int8_t integer) {
        block[i * step] = static_cast<std::byte>(integer);
      });
      std::memcpy(scale, &factor, sizeof(factor));
      return;
    }
    default:
      for (std::size_t i = 0; i < dim; ++i) {
        std::memcpy(block + i * step * sizeof(float), row + i, sizeof(float));
      }
  }
}

}  // namespace

CheckedSize KvCache::Bytes(const KvCacheShape& shape) {
  return LayerBytes(shape) * shape.layers;
}

KvCache::KvCache(const KvCacheShape& shape, const platform::MemorySource& source)
    : shape_(shape),
      key_head_bytes_(KeyHeadBytes(shape).value()),
      value_head_bytes_(ValueHeadBytes(shape).value()),
      layer_bytes_(LayerBytes(shape).value()) {
  if (!Bytes(shape).ok()) return;
  buffer_ = platform::AlignedBuffer::Allocate(Bytes(shape).value(),
                                              platform::AlignedBuffer::Pages::kUsual, source);
}

KeyValueView KvCache::Keys(std::size_t layer) const {
  return {.type = KeyType(shape_),
          .data = buffer_.data() + layer * layer_bytes_,
          .head_stride = key_head_bytes_,
          .stride = kernels::KeyBlockBytes(KeyType(shape_), shape_.head_dim),
          .blocked = true};
}

KeyValueView KvCache::Values(std::size_t layer) const {
  return {.type = shape_.type,
          .data = buffer_.data() + layer * layer_bytes_ + shape_.kv_heads * key_head_bytes_,
          .head_stride = value_head_bytes_,
          .stride = kernels::ValueBlockBytes(shape_.type, shape_.value_dim),
          .blocked = true};
}

void KvCache::Store(const kernels::KernelTable& kernels, std::size_t layer, std::size_t position,
                    const float* key, const float* value) {
  const DataType key_type = KeyType(shape_);
  const DataType value_type = shape_.type;
  const std::size_t key_scales = kernels::KeyBlockElementBytes(key_type, shape_.head_dim);
  const std::size_t value_scales = kernels::ValueBlockElementBytes(value_type, shape_.value_dim);
  const std::size_t key_block = kernels::KeyBlockBytes(key_type, shape_.head_dim);
  const std::size_t value_block = kernels::ValueBlockBytes(value_type, shape_.value_dim);
  const std::size_t value_row =
      kernels::PaddedDim(shape_.value_dim) * kernels::KvElementBytes(value_type);
  const std::size_t block = position / kKvBlock;
  const std::size_t place = position % kKvBlock;
  std::byte* keys = buffer_.data() + layer * layer_bytes_ + block * key_block;
  std::byte* values = buffer_.data() + layer * layer_bytes_ + shape_.kv_heads * key_head_bytes_ +
                      block * value_block;
  for (std::size_t head = 0; head < shape_.kv_heads; ++head) {
    StoreRow(kernels, key_type, key + head * shape_.head_dim, shape_.head_dim,
             keys + place * kernels::KvElementBytes(key_type), kKvBlock,
             keys + key_scales + place * sizeof(float));
    StoreRow(kernels, value_type, value + head * shape_.value_dim, shape_.value_dim,
             values + place * value_row, 1, values + value_scales + place * sizeof(float));
    keys += key_head_bytes_;
    values += value_head_bytes_;
  }
}

}  // namespace fovea::attention
