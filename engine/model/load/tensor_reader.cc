#include "engine/model/load/tensor_reader.h"

#include <cstdint>

#include "engine/tensor/dequantize.h"

namespace fovea::model {
namespace {

std::string ShapeText(std::size_t rows, std::size_t cols) {
  return "[" + std::to_string(rows) + ", " + std::to_string(cols) + "]";
}

}  // namespace

MatrixView TensorReader::Matrix(const std::string& name, std::size_t rows, std::size_t cols) {
  const format::SourceTensor* tensor = Find(name, /*required=*/true);
  if (tensor == nullptr) return {};
  if (tensor->shape[2] != 1 || tensor->shape[3] != 1) {
    Fail(name, "has " + std::to_string(tensor->rank) + " dimensions, expected 2");
    return {};
  }
  return Checked(name, *tensor, rows, cols);
}

MatrixView TensorReader::Stacked(const std::string& name, std::size_t count, std::size_t rows,
                                 std::size_t cols) {
  const format::SourceTensor* tensor = Find(name, /*required=*/true);
  if (tensor == nullptr) return {};
  if (tensor->shape[1] != rows || tensor->shape[2] != count || tensor->shape[3] != 1) {
    Fail(name, "does not hold " + std::to_string(count) + " matrices of " + ShapeText(rows, cols));
    return {};
  }
  return Checked(name, *tensor, count * rows, cols);
}

MatrixView TensorReader::Checked(const std::string& name, const format::SourceTensor& tensor,
                                 std::size_t rows, std::size_t cols) {
  const MatrixView matrix = tensor.Matrix();
  if (matrix.cols != cols || (rows != 0 && matrix.rows != rows)) {
    Fail(name, "has shape " + ShapeText(matrix.rows, matrix.cols) + ", expected " +
                   (rows == 0 ? "[any, " + std::to_string(cols) + "]" : ShapeText(rows, cols)));
    return {};
  }
  if (matrix.type == DataType::kF32 &&
      reinterpret_cast<std::uintptr_t>(matrix.data) % alignof(float) != 0) {
    Fail(name, "holds F32 values that are not aligned to 4 bytes");
    return {};
  }
  return matrix;
}

Vector TensorReader::Floats(const std::string& name, std::size_t elements, bool required) {
  const format::SourceTensor* tensor = Find(name, required);
  if (tensor == nullptr) return {};
  const MatrixView matrix = tensor->Matrix();
  if (matrix.rows * matrix.cols != elements) {
    Fail(name, "has " + std::to_string(matrix.rows * matrix.cols) + " values, expected " +
                   std::to_string(elements));
    return {};
  }
  Vector values(elements);
  for (std::size_t row = 0; row < matrix.rows; ++row) {
    Dequantize(matrix.type, matrix.Row(row), matrix.cols, values.data() + row * matrix.cols);
  }
  return values;
}

Norm TensorReader::ReadNorm(const std::string& name, std::size_t elements, bool required) {
  Norm norm;
  norm.weight = Floats(name + ".weight", elements, required);
  norm.bias = Floats(name + ".bias", elements, false);
  return norm;
}

Linear TensorReader::ReadLinear(const std::string& name, std::size_t rows, std::size_t cols) {
  return {.weight = Matrix(name + ".weight", rows, cols),
          .bias = Floats(name + ".bias", rows, false)};
}

void TensorReader::RequireAllUsed() {
  for (const format::SourceTensor& tensor : source_.tensors()) {
    if (!status_.ok()) return;
    if (!used_.contains(tensor.name)) {
      status_ = source_.Error(StatusCode::kUnsupported, "tensor '" + std::string(tensor.name) +
                                                            "' is not known for this model family");
    }
  }
}

void TensorReader::Fail(const std::string& name, const std::string& reason) {
  if (status_.ok()) {
    status_ = source_.Error(StatusCode::kMalformed, "tensor '" + name + "' " + reason);
  }
}

const format::SourceTensor* TensorReader::Find(const std::string& name, bool required) {
  const format::SourceTensor* tensor = source_.FindTensor(name);
  if (tensor != nullptr) {
    used_.insert(tensor->name);
  } else if (required && status_.ok()) {
    status_ = source_.Error(StatusCode::kNotFound, "tensor '" + name + "' is missing");
  }
  return tensor;
}

}  // namespace fovea::model
