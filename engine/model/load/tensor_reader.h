// Finds a source's tensors by name and checks their shapes.
#ifndef FOVEA_MODEL_LOAD_TENSOR_READER_H_
#define FOVEA_MODEL_LOAD_TENSOR_READER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/format/model_source.h"
#include "engine/model/weights.h"
#include "fovea/status.h"

namespace fovea::model {

/// Remembers the first error and which tensors were used, so that one check after several reads is
/// enough. What failed is empty.
class TensorReader {
 public:
  explicit TensorReader(const format::ModelSource& source) : source_(source) {}

  bool Has(const std::string& name) const { return source_.FindTensor(name) != nullptr; }

  /// [rows, cols]; rows == 0 accepts any number of rows.
  MatrixView Matrix(const std::string& name, std::size_t rows, std::size_t cols);
  /// `count` matrices [rows, cols], one after another, as [count * rows, cols].
  MatrixView Stacked(const std::string& name, std::size_t count, std::size_t rows,
                     std::size_t cols);
  /// `elements` values of any type and shape, decoded; empty if missing and not required.
  Vector Floats(const std::string& name, std::size_t elements, bool required);
  Norm ReadNorm(const std::string& name, std::size_t elements, bool required);
  Linear ReadLinear(const std::string& name, std::size_t rows, std::size_t cols);

  /// Fails unless every tensor of the source was read: with one that we do not know, results would
  /// be wrong without notice.
  void RequireAllUsed();

  const Status& status() const { return status_; }
  void Fail(const std::string& name, const std::string& reason);

 private:
  MatrixView Checked(const std::string& name, const format::SourceTensor& tensor, std::size_t rows,
                     std::size_t cols);
  const format::SourceTensor* Find(const std::string& name, bool required);

  const format::ModelSource& source_;
  std::unordered_set<std::string_view> used_;
  Status status_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_TENSOR_READER_H_
