// Plans for one whole text that is run by itself: the memory of a session for exactly as many
// positions as the text has.
#ifndef FOVEA_INSPECT_TEXT_PLAN_H_
#define FOVEA_INSPECT_TEXT_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/model/runner.h"
#include "engine/model/session_memory.h"
#include "fovea/session.h"
#include "fovea/status.h"
#include "platform/checked_math.h"

namespace fovea::inspect {

struct TextPlan {
  model::SessionPlan session;
  std::size_t context = 0;  ///< Positions of the session that the options describe.
};

/// The options' max_memory is left to the caller. kInvalidArgument for fewer than `least` tokens or
/// an id outside the vocabulary, kLimitExceeded if there are more tokens than a session of these
/// options takes.
Result<TextPlan> PlanText(const model::Hyperparameters& hp, std::span<const std::int32_t> tokens,
                          std::size_t least, const SessionOptions& options);

/// kLimitExceeded if measuring `tokens` tokens takes more bytes than options.max_memory.
Status CheckMemory(platform::CheckedSize bytes, std::size_t tokens, const SessionOptions& options);

}  // namespace fovea::inspect

#endif  // FOVEA_INSPECT_TEXT_PLAN_H_
