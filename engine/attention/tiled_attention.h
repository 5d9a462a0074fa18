// Tiled attention with an online softmax (Milakov & Gimelshein 2018, Dao et al. 2022): works on
// tiles of query rows and keys, never holds the whole matrix, and gives an observer exactly the
// weights that it computed with.
#ifndef FOVEA_ATTENTION_TILED_ATTENTION_H_
#define FOVEA_ATTENTION_TILED_ATTENTION_H_

#include <atomic>
#include <span>

#include "engine/attention/attention_call.h"
#include "engine/kernels/dispatch/kernel_table.h"
#include "platform/parallel.h"

namespace fovea::attention {

/// What calls run with.
struct Context {
  const kernels::KernelTable* kernels = nullptr;
  platform::Parallel* parallel = nullptr;
  std::span<float> scratch = {};  ///< At least ScratchFloats (scratch_layout.h); 64-byte aligned.
  /// Not null: becomes true if a row that attends to keys has no finite softmax denominator, be it
  /// that scores overflowed to -inf, which alone would leave zeros and no other trace.
  std::atomic<bool>* not_finite = nullptr;
};

/// Runs all heads. Bit-equal for any number of workers and any split of queries into calls,
/// observed or not. If the observer's selection includes this layer it gets rows of the selected
/// heads and, if asked for, the values (before the rows) and one trace of the call's tokens.
void Run(const Context& context, const Call& call);

}  // namespace fovea::attention

#endif  // FOVEA_ATTENTION_TILED_ATTENTION_H_
