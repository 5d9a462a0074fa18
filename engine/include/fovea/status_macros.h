// FOVEA_RETURN_IF_ERROR, for functions that pass the errors of others on. Not part of fovea.hpp:
// macros have no namespace, so an application asks for this one by name.
#ifndef FOVEA_STATUS_MACROS_H_
#define FOVEA_STATUS_MACROS_H_

#include <utility>

#include "fovea/status.h"

namespace fovea::internal {

inline Status StatusOf(Status status) {
  return status;
}
template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.status();
}

}  // namespace fovea::internal

#define FOVEA_INTERNAL_JOIN_(a, b) a##b
#define FOVEA_INTERNAL_JOIN(a, b) FOVEA_INTERNAL_JOIN_(a, b)
#define FOVEA_INTERNAL_RETURN_IF_ERROR(name, ...)                             \
  do {                                                                        \
    if (auto&& name = (__VA_ARGS__); !name.ok()) {                            \
      return ::fovea::internal::StatusOf(std::forward<decltype(name)>(name)); \
    }                                                                         \
  } while (false)

/// Returns the error of a Status or of a Result from the function around it, which returns either;
/// goes on if there is none. The expression is evaluated once; a Result keeps its value. Example:
/// @code
/// FOVEA_RETURN_IF_ERROR(session.Truncate(0));
/// auto logits = session.Prefill(ids);
/// FOVEA_RETURN_IF_ERROR(logits);
/// @endcode
#define FOVEA_RETURN_IF_ERROR(...) \
  FOVEA_INTERNAL_RETURN_IF_ERROR(FOVEA_INTERNAL_JOIN(fovea_status_, __LINE__), __VA_ARGS__)

#endif  // FOVEA_STATUS_MACROS_H_
