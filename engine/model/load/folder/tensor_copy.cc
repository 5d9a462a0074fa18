#include "engine/model/load/folder/tensor_copy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "engine/tensor/dequantize.h"
#include "fovea/quantize.h"

namespace fovea::model {
namespace {

/// Gives the rows of a tensor in the order and the direction that GGUF has them, as they are
/// stored.
class RowReader {
 public:
  RowReader(const PlannedTensor& tensor, const Facts& facts)
      : tensor_(tensor),
        facts_(facts),
        value_bytes_(BlockBytes(tensor.from)),
        row_bytes_(value_bytes_ * tensor.columns) {
    if (tensor.change == Change::kTranspose) gathered_.resize(kGathered * row_bytes_);
  }

  std::size_t row_bytes() const { return row_bytes_; }

  /// Valid until the next call. Rows are asked for from the first to the last.
  const std::byte* Row(std::size_t row) {
    switch (tensor_.change) {
      case Change::kStackHeads: return tensor_.data[row].data();
      case Change::kTranspose: return Gathered(row);
      case Change::kInterleave: return At(Deinterleaved(row));
      case Change::kSplitHeads: return At(Joined(row));
      case Change::kSkipRows: return At(row + facts_.skipped);
      case Change::kNone:
      case Change::kPlusOne: break;
    }
    return At(row);
  }

 private:
  /// Columns that are read at once: 16 floats are a cache line.
  static constexpr std::size_t kGathered = 16;

  const std::byte* At(std::size_t row) const {
    return tensor_.data.front().data() + row * row_bytes_;
  }

  /// Where row 2i or 2i + 1 of a head's rotated ones was: at i, or at half + i.
  std::size_t Deinterleaved(std::size_t row) const {
    const std::size_t in_head = row % facts_[Dim::kHeadDim];
    if (in_head >= facts_.rotated) return row;
    return row - in_head + in_head % 2 * (facts_.rotated / 2) + in_head / 2;
  }

  /// From [q, k, v][head][dim] to [head][q, k, v][dim].
  std::size_t Joined(std::size_t row) const {
    const std::size_t dim = facts_[Dim::kHeadDim];
    const std::size_t heads = facts_[Dim::kHeads];
    const std::size_t part = row / (heads * dim);
    const std::size_t head = row / dim % heads;
    return (head * 3 + part) * dim + row % dim;
  }

  /// A column of what is stored.
  const std::byte* Gathered(std::size_t row) {
    if (row % kGathered == 0) {
      const std::size_t count = std::min(kGathered, tensor_.rows - row);
      const std::byte* from = tensor_.data.front().data() + row * value_bytes_;
      for (std::size_t column = 0; column < tensor_.columns; ++column) {
        for (std::size_t i = 0; i < count; ++i) {
          std::memcpy(gathered_.data() + i * row_bytes_ + column * value_bytes_,
                      from + i * value_bytes_, value_bytes_);
        }
        from += tensor_.rows * value_bytes_;
      }
    }
    return gathered_.data() + row % kGathered * row_bytes_;
  }

  const PlannedTensor& tensor_;
  const Facts& facts_;
  std::size_t value_bytes_;
  std::size_t row_bytes_;
  std::vector<std::byte> gathered_;
};

bool KeepsOrder(Change change) {
  return change == Change::kNone || change == Change::kPlusOne;
}

/// Encode works in builds with a quantizer; floats need none.
Status EncodeRow(DataType type, std::span<const float> values, std::byte* out) {
  if (type == DataType::kF32) {
    std::memcpy(out, values.data(), values.size() * sizeof(float));
    return {};
  }
  return Encode(type, values, {out, EncodedBytes(type, values.size())}).status();
}

Status ConvertRows(const PlannedTensor& tensor, RowReader* rows, std::byte* out) {
  const std::size_t out_bytes = RowBytes(tensor.type, tensor.columns);
  const float added = tensor.change == Change::kPlusOne ? 1.0F : 0.0F;
  std::vector<float> values(tensor.columns);
  for (std::size_t row = 0; row < tensor.rows; ++row, out += out_bytes) {
    Dequantize(tensor.from, rows->Row(row), tensor.columns, values.data());
    if (added != 0.0F) {
      for (float& value : values) value += added;
    }
    if (Status s = EncodeRow(tensor.type, values, out); !s.ok()) {
      return {s.code(), "row " + std::to_string(row) + ": " + s.message()};
    }
  }
  return {};
}

}  // namespace

Status CopyTensor(const PlannedTensor& tensor, const Facts& facts, std::span<std::byte> out) {
  if (!tensor.computed.empty()) {
    for (std::size_t row = 0; row < tensor.rows; ++row) {
      const std::span values(tensor.computed.data() + row * tensor.columns, tensor.columns);
      Status s =
          EncodeRow(tensor.type, values, out.data() + row * RowBytes(tensor.type, tensor.columns));
      if (!s.ok()) return s;
    }
    return {};
  }
  RowReader rows(tensor, facts);
  if (tensor.type != tensor.from || tensor.change == Change::kPlusOne) {
    return ConvertRows(tensor, &rows, out.data());
  }
  if (KeepsOrder(tensor.change)) {
    std::memcpy(out.data(), tensor.data.front().data(), out.size());
    return {};
  }
  for (std::size_t row = 0; row < tensor.rows; ++row) {
    std::memcpy(out.data() + row * rows.row_bytes(), rows.Row(row), rows.row_bytes());
  }
  return {};
}

}  // namespace fovea::model
