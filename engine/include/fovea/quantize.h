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
  /// Adds the error of other numbers.
  void Add(const QuantizationError& other);
};

/// The types that numbers can be encoded to, those that keep most first. (`fovea quantize --help`
/// lists them; Q2_K and Q3_K can only be decoded.)
std::span<const DataType> EncodableTypes();
/// Whether the type is one of EncodableTypes().
bool CanEncode(DataType type);

/// The type for rows of `columns` numbers where `wanted` is asked for: types with blocks of 256
/// become one with blocks of 32 that keeps about as much if columns is no multiple of 256 (Q4_K,
/// for example, becomes Q5_0), and every block type becomes F16 if it is no multiple of 32.
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
/// numbers give the same bytes on every machine. Thread-safe. Example:
/// @code
/// std::vector<std::byte> blocks(EncodedBytes(DataType::kQ8_0, norm.size()));
/// auto change = Encode(DataType::kQ8_0, norm, blocks);
/// if (change) std::printf("largest change %g\n", change->largest);
/// @endcode
Result<QuantizationError> Encode(DataType type, std::span<const float> values,
                                 std::span<std::byte> out);

/// The reverse, for all types: whole blocks from `blocks` into values.size() floats.
/// kInvalidArgument for sizes that do not fit. Thread-safe.
Status Decode(DataType type, std::span<const std::byte> blocks, std::span<float> values);

/// What QuantizeFile writes, and how to follow and stop it.
struct QuantizeOptions {
  DataType type = DataType::kQ8_0;  ///< What matrices become.
  /// Give the output matrix `type` too, instead of OutputType(type).
  bool pure = false;
  /// Threads that compute, the caller's included. The file is the same for any number.
  std::size_t threads = 1;
  /// Called every few megabytes; true stops with kCancelled.
  std::function<bool()> cancelled = {};
  /// Called as often with the part of the input that is done, from 0 to 1, and the current tensor.
  std::function<void(double done, const std::string& tensor)> on_progress = {};
};

/// One tensor of a file that was quantized.
struct QuantizedTensor {
  std::string name;                  ///< As in the file.
  std::vector<std::uint64_t> shape;  ///< Outermost first: [rows, columns].
  DataType from = DataType::kF32;    ///< Type in the input.
  DataType to = DataType::kF32;      ///< Type in the output.
  std::uint64_t bytes_before = 0;    ///< Bytes of its data in the input.
  std::uint64_t bytes = 0;           ///< Bytes of its data.
  QuantizationError error;           ///< Against the input's numbers; zero where to == from.
};

/// What QuantizeFile did.
struct QuantizeReport {
  std::vector<QuantizedTensor> tensors;   ///< In file order.
  QuantizationError error;                ///< Of all tensors together.
  std::uint64_t tensor_bytes_before = 0;  ///< Of all tensors of the input.
  std::uint64_t tensor_bytes = 0;         ///< Of all tensors of the output.
  std::uint64_t file_bytes_before = 0;    ///< Of the input.
  std::uint64_t file_bytes = 0;           ///< Of the output.
  /// Tensors that were quantized already and were decoded to be quantized again: the errors of both
  /// roundings are in the output, `error` knows only the second.
  std::size_t requantized = 0;
};

/// Writes a GGUF file with the tensors of another in a different type.
///
/// Keys are copied as they are, except general.file_type and general.quantization_version. Matrices
/// whose names end in ".weight" become FittingType(type, columns), but the output matrix
/// ("output.weight", or "token_embd.weight" where that is missing) becomes OutputType(type) unless
/// `pure`. Not changed: norms, learned positions, token types, routers of experts, and matrices
/// that have the wanted type already. Vectors become F32.
///
/// The output appears when all is well and never half-written; it must not be the input itself. The
/// input is mapped and must not shrink meanwhile; memory is needed for its keys and for some rows.
/// Errors name the file and the tensor: those of Encode, and kNotFound, kIoError, kMalformed,
/// kUnsupported, kCancelled, kOutOfMemory. Thread-safe. Example:
/// @code
/// auto report = QuantizeFile("f32.gguf", "q8.gguf", {.type = DataType::kQ8_0});
/// if (!report) return report.status();
/// std::printf("relative error %g\n", report->error.Relative());
/// @endcode
Result<QuantizeReport> QuantizeFile(const std::string& input, const std::string& output,
                                    const QuantizeOptions& options);

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_H_
