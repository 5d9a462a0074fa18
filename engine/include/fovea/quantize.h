// From floats to the block types that weights are stored in: rows of numbers, and whole GGUF files.
#ifndef FOVEA_QUANTIZE_H_
#define FOVEA_QUANTIZE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "fovea/data_type.h"
#include "fovea/status.h"

namespace fovea {

/// What encoding changed.
struct QuantizationError {
  double squared_error = 0.0;  ///< Sum of (decoded - original)².
  double squared_norm = 0.0;   ///< Sum of original².
  float largest = 0.0F;        ///< The largest |decoded - original|.

  /// Root of squared_error / squared_norm; 0 if nothing changed.
  double Relative() const;
  void Add(const QuantizationError& other);
};

/// The types that numbers can be encoded to, largest first: F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q5_1,
/// Q5_0, Q4_K, Q4_1 and Q4_0. (Q2_K, Q3_K and IQ4_NL can only be decoded.)
std::span<const DataType> EncodableTypes();
bool CanEncode(DataType type);

/// The type for rows of `columns` numbers where `wanted` is asked for: Q4_K, Q5_K and Q6_K become
/// Q5_0, Q5_1 and Q8_0 if columns is no multiple of 256, and every block type becomes F16 if it is
/// no multiple of 32.
DataType FittingType(DataType wanted, std::size_t columns);

/// The type for an output matrix (whose products are the logits, and which may be the embedding
/// too) where the others have type `wanted`: Q6_K, unless `wanted` keeps more. Errors in the logits
/// are not averaged by later layers.
DataType OutputType(DataType wanted);

/// The number that the key general.file_type has for files of mostly this type.
std::uint32_t FileTypeNumber(DataType type);

/// Bytes that `values` numbers take; 0 if they are no multiple of the type's block.
std::size_t EncodedBytes(DataType type, std::size_t values);

/// Encodes `values` (whole blocks: rows one after another) into `out`, EncodedBytes() of them.
/// Errors: kNonFinite for NaN and infinity, kLimitExceeded for a magnitude beyond the type's
/// scales, kInvalidArgument for sizes that do not fit and types that cannot be encoded. The same
/// numbers give the same bytes on every machine.
Result<QuantizationError> Encode(DataType type, std::span<const float> values,
                                 std::span<std::byte> out);

/// The reverse: whole blocks from `blocks` into values.size() floats.
Status Decode(DataType type, std::span<const std::byte> blocks, std::span<float> values);

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_H_
