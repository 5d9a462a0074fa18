// Keys and values of the positions that have run, for all layers, in one block of memory.
#ifndef FOVEA_ATTENTION_KV_CACHE_H_
#define FOVEA_ATTENTION_KV_CACHE_H_

#include <cstddef>

#include "engine/attention/key_value_view.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "fovea/data_type.h"
#include "platform/aligned_buffer.h"
#include "platform/checked_math.h"

namespace fovea::attention {

struct KvCacheShape {
  DataType type = DataType::kF16;  ///< A type that kernels::IsKvType.
  std::size_t layers = 0;
  std::size_t kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t value_dim = 0;
  std::size_t positions = 0;
};

/// Layout: per layer the keys of each KV head, then the values of each; one head's positions are
/// contiguous, in blocks of 16 (kernels/attention/kv_blocks.h), so that attention reads them in
/// order.
class KvCache {
 public:
  /// Bytes of all layers; not ok() if that does not fit an integer.
  static platform::CheckedSize Bytes(const KvCacheShape& shape);

  KvCache() = default;
  /// Empty (operator bool false) if there is not enough memory.
  explicit KvCache(const KvCacheShape& shape, const platform::MemorySource& source = {});
  explicit operator bool() const { return static_cast<bool>(buffer_); }

  KeyValueView Keys(std::size_t layer) const;
  KeyValueView Values(std::size_t layer) const;

  /// Stores one position of one layer. key [kv_heads, head_dim], value [kv_heads, value_dim].
  /// Threads may store different positions at the same time; those that store positions of the same
  /// block of 16 write to the same cache lines, which slows them down.
  void Store(const kernels::KernelTable& kernels, std::size_t layer, std::size_t position,
             const float* key, const float* value);

 private:
  KvCacheShape shape_;
  std::size_t key_head_bytes_ = 0;    // of one layer
  std::size_t value_head_bytes_ = 0;  // of one layer
  std::size_t layer_bytes_ = 0;       // keys and values of one layer
  platform::AlignedBuffer buffer_;
};

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_KV_CACHE_H_
