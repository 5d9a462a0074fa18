// The cancel and progress callbacks of C callers as functions of the C++ API. Each holds one
// pointer, so that none allocates; the struct must live as long as they do.
#ifndef FOVEA_C_API_CALLBACKS_H_
#define FOVEA_C_API_CALLBACKS_H_

#include <functional>

namespace fovea::c_api {

/// For structs with the fields user and cancelled.
template <typename Struct>
std::function<bool()> CancelledOf(const Struct* from) {
  if (from->cancelled == nullptr) return {};
  return [from] { return from->cancelled(from->user) != 0; };
}

/// For structs with the fields user and on_progress.
template <typename Struct>
std::function<void(double)> ProgressOf(const Struct* from) {
  if (from->on_progress == nullptr) return {};
  return [from](double done) { from->on_progress(from->user, done); };
}

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_CALLBACKS_H_
