// Where a call of the attention tile reads its keys and values: in place in the KV cache, or after
// a tile of them was converted to float32 in scratch memory. Compiled once per target.
#if defined(FOVEA_KERNELS_ATTEND_STORED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef FOVEA_KERNELS_ATTEND_STORED_INL_H_
#undef FOVEA_KERNELS_ATTEND_STORED_INL_H_
#else
#define FOVEA_KERNELS_ATTEND_STORED_INL_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "engine/kernels/attention/attend_args.h"
#include "engine/kernels/attention/attend_pack-inl.h"
#include "engine/kernels/attention/attend_products-inl.h"
#include "engine/kernels/attention/attend_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace fovea::kernels::HWY_NAMESPACE {
#if FOVEA_SIMD_TARGET
namespace {

/// The stored keys and values of one call; the element types are those of the cache.
template <typename KeyElement, typename ValueElement>
class StoredKeysAndValues {
 public:
  static constexpr bool kScaledKeys = std::is_same_v<KeyElement, std::int8_t>;
  static constexpr bool kScaledValues = std::is_same_v<ValueElement, std::int8_t>;

  explicit StoredKeysAndValues(const AttendTileArgs& args) : args_(args) {}

  const std::byte* KeyBlock(std::size_t key) const {
    return args_.key + key / kKvBlock * args_.key_stride;
  }
  const std::byte* ValueBlock(std::size_t key) const {
    return args_.value + key / kKvBlock * args_.value_stride;
  }

  /// Keys and values in place, from position `first` on.
  TileView<KeyElement> Keys(std::size_t first) const {
    return {reinterpret_cast<const KeyElement*>(KeyBlock(first)),
            args_.key_stride / sizeof(KeyElement)};
  }
  TileView<ValueElement> Values(std::size_t first) const {
    return {reinterpret_cast<const ValueElement*>(ValueBlock(first)),
            args_.value_stride / sizeof(ValueElement)};
  }

  /// The scales of the 8-bit rows [begin, end) of the split that starts at `split_begin`.
  void LoadScales(std::size_t split_begin, std::size_t begin, std::size_t end,
                  const Scratch& scratch) const {
    if constexpr (!kScaledKeys && !kScaledValues) return;
    for (std::size_t key = begin / kKvBlock * kKvBlock; key < end; key += kKvBlock) {
      if constexpr (kScaledKeys) {
        std::memcpy(scratch.key_scales + key - split_begin,
                    KeyBlock(key) + KeyBlockElementBytes(args_.key_type, args_.head_dim),
                    kKvBlock * sizeof(float));
      }
      if constexpr (kScaledValues) {
        std::memcpy(scratch.value_scales + key - split_begin,
                    ValueBlock(key) + ValueBlockElementBytes(args_.value_type, args_.value_dim),
                    kKvBlock * sizeof(float));
      }
    }
  }

  /// Converts the keys [begin, end) of the tile that starts at `tile`.
  void PackTileKeys(std::size_t tile, std::size_t begin, std::size_t end, float* packed) const {
    if (!args_.blocked) {
      PackKeys(args_.key, args_.key_stride, tile, begin - tile, end - tile, args_.head_dim, packed);
      return;
    }
    for (std::size_t key = begin / kKvBlock * kKvBlock; key < end; key += kKvBlock) {
      UnpackElements(reinterpret_cast<const KeyElement*>(KeyBlock(key)), kKvBlock * args_.head_dim,
                     packed + (key - tile) * args_.head_dim);
    }
  }

  /// The same for values. Those of positions that nobody has stored yet may be anything, but are
  /// not multiplied. padded: floats between rows.
  void PackTileValues(std::size_t tile, std::size_t begin, std::size_t end, std::size_t padded,
                      float* packed) const {
    if (!args_.blocked) {
      PackValues(args_.value, args_.value_stride, tile, begin - tile, end - tile, args_.value_dim,
                 padded, packed);
      return;
    }
    for (std::size_t key = begin / kKvBlock * kKvBlock; key < end; key += kKvBlock) {
      UnpackElements(reinterpret_cast<const ValueElement*>(ValueBlock(key)), kKvBlock * padded,
                     packed + (key - tile) * padded);
    }
  }

 private:
  const AttendTileArgs& args_;
};

}  // namespace
#endif  // FOVEA_SIMD_TARGET
}  // namespace fovea::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
