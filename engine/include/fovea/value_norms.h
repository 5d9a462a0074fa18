// How much of a value reaches the residual stream: the length of the vector that a head adds to it
// for a token of attention weight 1, ‖v W_O‖ (Kobayashi et al. 2020, "Attention is Not Only a
// Weight"). An attention weight times this norm is the value-weighted cell ‖α v W_O‖.
#ifndef FOVEA_VALUE_NORMS_H_
#define FOVEA_VALUE_NORMS_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "fovea/attention.h"
#include "fovea/isa.h"
#include "fovea/model.h"
#include "fovea/status.h"

namespace fovea {

/// The products v W_O are never formed: each head keeps the Gram matrix of its slice of the output
/// projection, value_dim² / 2 doubles, whatever the hidden size of the model. Computed in double
/// precision from the weights as the file gives them. A norm after the projection (Gemma 2 and 3)
/// and the projection's bias are not part of the definition.
///
/// Example, with the values that an observer was given:
/// @code
/// auto norms = ValueNorms::Create(model);
/// if (!norms) return norms.status();
/// std::vector<float> cells(model.info().heads * values.count);  // [heads, values.count]
/// norms->Norms(values.layer, values, cells.data());
/// @endcode
class ValueNorms {
 public:
  /// Reads the output projections of the layers (empty: of all) with the kernels of `isa` (nothing:
  /// the best that this CPU has). kInvalidArgument for a layer that does not exist, kUnsupported if
  /// the CPU lacks the instruction set, kOutOfMemory. The model is not needed afterwards.
  static Result<ValueNorms> Create(const Model& model, std::vector<std::size_t> layers = {},
                                   std::optional<Isa> isa = std::nullopt);

  /// The other is empty afterwards and may only be destroyed or assigned to.
  ValueNorms(ValueNorms&&) noexcept;
  /// The other is empty afterwards and may only be destroyed or assigned to.
  ValueNorms& operator=(ValueNorms&&) noexcept;
  ~ValueNorms();

  /// out[head, i] = ‖v W_O‖ of token values.begin + i as query head `head` projects it: the value
  /// is that of the KV head which the head reads. out: [heads, values.count], all query heads. All
  /// NaN if the layer was not given to Create or the values are not of this model's shape.
  /// Thread-safe; allocates nothing.
  void Norms(std::size_t layer, const AttentionValues& values, float* out) const;

  /// The instruction set whose kernels read the projections.
  Isa isa() const;

 private:
  struct Impl;
  explicit ValueNorms(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace fovea

#endif  // FOVEA_VALUE_NORMS_H_
