// Keys and values of the positions that have run, for all layers, in one block of memory.
#ifndef FOVEA_MODEL_KV_CACHE_H_
#define FOVEA_MODEL_KV_CACHE_H_

#include <cstddef>

#include "engine/attention/tiled_attention.h"
#include "engine/kernels/kernel_table.h"
#include "fovea/data_type.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"

namespace fovea::model {

struct KvCacheShape {
  DataType type = DataType::kF16;  ///< kF32 or kF16
  std::size_t layers = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t value_dim = 0;
  std::size_t positions = 0;
};

/// Layout: per layer the keys [kv_heads, positions, head_dim], then the values
/// [kv_heads, positions, value_dim]. One head's positions are contiguous, so attention streams
/// them.
class KvCache {
 public:
  /// Bytes of all layers; not ok() if that does not fit an integer.
  static platform::CheckedSize Bytes(const KvCacheShape& shape);

  KvCache() = default;
  /// Empty (operator bool false) if there is not enough memory.
  explicit KvCache(const KvCacheShape& shape);
  explicit operator bool() const { return static_cast<bool>(buffer_); }

  attention::KeyValueView Keys(std::size_t layer) const;
  attention::KeyValueView Values(std::size_t layer) const;

  /// Stores one position of one layer. key [kv_heads, head_dim], value [kv_heads, value_dim].
  /// Different positions may be stored at the same time.
  void Store(const kernels::KernelTable& kernels, std::size_t layer, std::size_t position,
             const float* key, const float* value);

 private:
  attention::KeyValueView View(std::size_t offset, std::size_t dim) const;
  static void StoreHeads(const kernels::KernelTable& kernels, const attention::KeyValueView& view,
                         std::size_t heads, std::size_t dim, std::size_t position,
                         const float* values);

  KvCacheShape shape_;
  std::size_t element_bytes_ = 0;
  std::size_t key_bytes_ = 0;    // of one layer
  std::size_t layer_bytes_ = 0;  // keys and values of one layer
  platform::AlignedBuffer buffer_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_KV_CACHE_H_
