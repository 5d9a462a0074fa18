// Kernel overrides of the attention tile (attend_tile.h): its products and its softmax as functions
// that a file for an extension of the instruction set may supply. Which rows attend to which keys
// is decided by the tile either way. An override computes the same: each score and each element of
// the weighted values is one accumulator of fused multiply-adds, in the order that attend_tile.h
// states.
#ifndef FOVEA_KERNELS_ATTENTION_ATTEND_OVERRIDES_H_
#define FOVEA_KERNELS_ATTENTION_ATTEND_OVERRIDES_H_

#include <cstddef>
#include <cstdint>

#include "engine/kernels/attention/attend_args.h"
#include "engine/kernels/dispatch/targets.h"
#include "fovea/data_type.h"

namespace fovea::kernels {

/// scores[r, column] = query r · key of the column, for the columns [begin, end), multiples of 16.
struct ScoreArgs {
  std::size_t rows = 0;            ///< 1 … 6
  const float* queries = nullptr;  ///< [rows, head_dim]
  std::size_t head_dim = 0;
  DataType type = DataType::kF32;      ///< Of the keys' elements; kQ8_0 means 8-bit integers.
  const void* keys = nullptr;          ///< Blocks [head_dim, 16], from column 0 on.
  std::size_t block_stride = 0;        ///< Elements between blocks.
  const float* key_factors = nullptr;  ///< Null, or what each column's sum is multiplied by.
  std::size_t begin = 0;
  std::size_t end = 0;
  float* scores = nullptr;  ///< Column 0 of row 0.
  std::size_t stride = 0;   ///< Floats between rows of scores.
};

/// sums[r, i] += Σ numerators[r, column] · value[column, i] over the columns [begin, end), but
/// those whose `valid` is 0.
struct ValueArgs {
  std::size_t rows = 0;               ///< 1 … 6
  const float* numerators = nullptr;  ///< Column 0 of row 0.
  std::size_t stride = 0;             ///< Floats between rows of numerators.
  DataType type = DataType::kF32;     ///< Of the values' elements; kQ8_0 means 8-bit integers.
  const void* values = nullptr;       ///< Blocks [16, padded], from column 0 on.
  std::size_t block_stride = 0;       ///< Elements between blocks.
  std::size_t padded = 0;             ///< A multiple of 16.
  std::size_t begin = 0;
  std::size_t end = 0;
  const std::uint8_t* valid = nullptr;  ///< Null, or one flag per column.
  float* sums = nullptr;                ///< [rows, padded]
};

/// Of a row of scores.
struct ScoreSums {
  float max = 0.0F;
  float sum = 0.0F;  ///< Of the numerators.
};

struct AttendOverrides {
  void (*score)(const ScoreArgs& args);
  void (*add_values)(const ValueArgs& args);
  /// The scores become numerators exp(score - maximum), of which the sum is taken; `count` is a
  /// multiple of 16. If `factors` is not null, what is left in place of the scores is multiplied by
  /// it, and the numerators themselves go to `numerators` if that is not null.
  ScoreSums (*softmax)(float* scores, std::size_t count, const float* factors, float* numerators);
};

#if FOVEA_KERNELS_ARM64
namespace N_NEON {
/// AttendTile with the products and the softmax of `overrides`. Scratch memory is the same.
void AttendTileWith(const AttendOverrides& overrides, const AttendTileArgs& args);
}  // namespace N_NEON
namespace sve {
void AttendTile(const AttendTileArgs& args);
}  // namespace sve
#endif

}  // namespace fovea::kernels

#endif  // FOVEA_KERNELS_ATTENTION_ATTEND_OVERRIDES_H_
