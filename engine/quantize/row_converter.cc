#include "engine/quantize/row_converter.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/tensor/dequantize.h"
#include "fovea/status_macros.h"
#include "platform/checked_math.h"

namespace fovea {
namespace {

/// Bytes of the larger of the two sides that are converted before the sink gets them.
constexpr std::size_t kPieceBytes = std::size_t{4} << 20U;

/// What became of one row.
struct RowOutcome {
  QuantizationError error;
  Status status;
};

}  // namespace

Status RowConverter::Reserve(platform::AlignedBuffer* buffer, std::size_t bytes) {
  if (buffer->size() >= bytes) return {};
  *buffer = platform::AlignedBuffer();
  *buffer = platform::AlignedBuffer::Allocate(bytes);
  if (*buffer) return {};
  return {StatusCode::kOutOfMemory, "not enough memory for " + std::to_string(bytes) + " bytes"};
}

Status RowConverter::Convert(const MatrixView& from, DataType to, const Sink& sink,
                             QuantizationError* error) {
  const std::size_t row_bytes = EncodedBytes(to, from.cols);
  const std::size_t widest = std::max({from.row_bytes, row_bytes, std::size_t{1}});
  const std::size_t at_once =
      std::min(from.rows, std::max(parallel_.workers(), kPieceBytes / widest));
  const platform::CheckedSize value_bytes =
      platform::CheckedSize(parallel_.workers()) * from.cols * sizeof(float);
  const platform::CheckedSize encoded_bytes = platform::CheckedSize(at_once) * row_bytes;
  FOVEA_RETURN_IF_ERROR(Reserve(&values_, value_bytes.value()));
  FOVEA_RETURN_IF_ERROR(Reserve(&encoded_, encoded_bytes.value()));

  std::vector<RowOutcome> outcomes(at_once);
  for (std::size_t first = 0; first < from.rows; first += at_once) {
    const std::size_t count = std::min(at_once, from.rows - first);
    parallel_.Run(count, [&](std::size_t i, std::size_t worker) {
      const std::span values(values_.As<float>() + worker * from.cols, from.cols);
      Dequantize(from.type, from.Row(first + i), from.cols, values.data());
      auto row_error = Encode(to, values, {encoded_.data() + i * row_bytes, row_bytes});
      outcomes[i].status = row_error.status();
      if (row_error) outcomes[i].error = *row_error;
    });
    for (std::size_t i = 0; i < count; ++i) {
      const Status& status = outcomes[i].status;
      if (!status.ok()) {
        return {status.code(), "row " + std::to_string(first + i) + ": " + status.message()};
      }
      error->Add(outcomes[i].error);
    }
    if (Status s = sink({encoded_.data(), count * row_bytes}); !s.ok()) return s;
  }
  return {};
}

}  // namespace fovea
