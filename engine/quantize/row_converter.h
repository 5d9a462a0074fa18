// Converts matrices from one type to another, some rows at a time on all threads, and hands the
// encoded rows on in order.
#ifndef FOVEA_QUANTIZE_ROW_CONVERTER_H_
#define FOVEA_QUANTIZE_ROW_CONVERTER_H_

#include <cstddef>
#include <functional>
#include <span>

#include "engine/tensor/matrix_view.h"
#include "fovea/data_type.h"
#include "fovea/quantize.h"
#include "fovea/status.h"
#include "platform/aligned_buffer.h"
#include "platform/parallel.h"

namespace fovea {

class RowConverter {
 public:
  explicit RowConverter(platform::Parallel& parallel) : parallel_(parallel) {}

  /// Takes encoded rows; an error stops the conversion.
  using Sink = std::function<Status(std::span<const std::byte> rows)>;

  /// Messages say what is wrong with the numbers, not where they are. The sum over rows in
  /// `error` is made in their order.
  Status Convert(const MatrixView& from, DataType to, const Sink& sink, QuantizationError* error);

 private:
  Status Reserve(platform::AlignedBuffer* buffer, std::size_t bytes);

  platform::Parallel& parallel_;
  platform::AlignedBuffer values_;   ///< [workers][columns] floats
  platform::AlignedBuffer encoded_;  ///< [rows at once][row bytes]
};

}  // namespace fovea

#endif  // FOVEA_QUANTIZE_ROW_CONVERTER_H_
