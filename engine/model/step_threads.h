// Which steps are worth threads. A parallel region costs a few microseconds to begin and to end,
// and far more when another program holds one of the cores: the caller then waits for a thread that
// does not run. Steps whose regions are not much longer than that are left to the calling thread.
// Results are bit-equal for any number of threads, so a session may decide anew for every step.
//
// Measured with `fovea bench` on two cores of a Xeon (Sapphire Rapids), nobody else on them, tokens
// per second of decode with one and with two threads, and how long a region takes on one core:
//
//   model                        one     two    gain    region
//   shipped, 3.5 M, Q8_0        6616    7499    1.13      6 us
//   shipped, exact              2167    3320    1.53     18 us
//   synth 15m, Q8_0             1443    2194    1.52     22 us
//   synth 110m, Q8_0             116     242    2.08    140 us
//
// and of prefill with the shipped model: 8 tokens 1.00 (10 us), 32 tokens 1.35 (30 us), 128 tokens
// 1.56. On the same cores beside busy programs two threads take the shipped model from 1709 tokens
// per second to 774. Below 15 us per region there is little to gain and half to lose.
#ifndef FOVEA_MODEL_STEP_THREADS_H_
#define FOVEA_MODEL_STEP_THREADS_H_

#include <cstddef>

#include "engine/model/hyperparameters.h"
#include "engine/model/weights.h"
#include "fovea/arithmetic.h"
#include "fovea/isa.h"

namespace fovea::model {

class StepThreads {
 public:
  StepThreads(const Hyperparameters& hp, const Weights& weights, Arithmetic arithmetic, Isa isa);

  /// Whether a step of `tokens` after `position` cached ones should use all threads.
  bool Worthwhile(std::size_t tokens, std::size_t position) const;

 private:
  double weights_ = 0.0;            // Read by every step.
  double key_value_floats_ = 0.0;   // Read for every token and every position that it attends to.
  double regions_ = 1.0;            // Parallel regions of a step.
  double weights_per_microsecond_;  // That one core multiplies when it runs one token.
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_STEP_THREADS_H_
