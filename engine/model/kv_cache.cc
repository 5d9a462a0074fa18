#include "engine/model/kv_cache.h"

#include <cstdint>
#include <cstring>

namespace fovea::model {
namespace {

std::size_t ElementBytes(DataType type) {
  return BlockBytes(type);
}

platform::CheckedSize PlaneBytes(const KvCacheShape& shape, std::size_t dim) {
  return (platform::CheckedSize(shape.kv_heads) * shape.positions * dim * ElementBytes(shape.type))
      .AlignedUp(platform::kAlignment);
}

}  // namespace

platform::CheckedSize KvCache::Bytes(const KvCacheShape& shape) {
  return (PlaneBytes(shape, shape.head_dim) + PlaneBytes(shape, shape.value_dim)) * shape.layers;
}

KvCache::KvCache(const KvCacheShape& shape)
    : shape_(shape),
      element_bytes_(ElementBytes(shape.type)),
      key_bytes_(PlaneBytes(shape, shape.head_dim).value()),
      layer_bytes_(key_bytes_ + PlaneBytes(shape, shape.value_dim).value()) {
  if (Bytes(shape).ok()) buffer_ = platform::AlignedBuffer::Allocate(Bytes(shape).value());
}

attention::KeyValueView KvCache::View(std::size_t offset, std::size_t dim) const {
  return {.type = shape_.type,
          .data = buffer_.data() + offset,
          .head_stride = shape_.positions * dim * element_bytes_,
          .position_stride = dim * element_bytes_};
}

attention::KeyValueView KvCache::Keys(std::size_t layer) const {
  return View(layer * layer_bytes_, shape_.head_dim);
}

attention::KeyValueView KvCache::Values(std::size_t layer) const {
  return View(layer * layer_bytes_ + key_bytes_, shape_.value_dim);
}

void KvCache::StoreHeads(const kernels::KernelTable& kernels, const attention::KeyValueView& view,
                         std::size_t heads, std::size_t dim, std::size_t position,
                         const float* values) {
  for (std::size_t head = 0; head < heads; ++head) {
    std::byte* to = const_cast<std::byte*>(view.data) + head * view.head_stride +
                    position * view.position_stride;
    const float* from = values + head * dim;
    if (view.type == DataType::kF16) {
      kernels.f32_to_f16(from, dim, reinterpret_cast<std::uint16_t*>(to));
    } else {
      std::memcpy(to, from, dim * sizeof(float));
    }
  }
}

void KvCache::Store(const kernels::KernelTable& kernels, std::size_t layer, std::size_t position,
                    const float* key, const float* value) {
  StoreHeads(kernels, Keys(layer), shape_.kv_heads, shape_.head_dim, position, key);
  StoreHeads(kernels, Values(layer), shape_.kv_heads, shape_.value_dim, position, value);
}

}  // namespace fovea::model
