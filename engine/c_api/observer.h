// Between the observers of C callers and those of the C++ API.
#ifndef FOVEA_C_API_OBSERVER_H_
#define FOVEA_C_API_OBSERVER_H_

#include <cstddef>

#include "fovea/attention.h"
#include "fovea/fovea.h"
#include "fovea/status.h"

namespace fovea::c_api {

/// The layers and heads (and streams) that a C struct names, checked and copied. The struct has the
/// fields layers, layer_count, heads and head_count, and perhaps streams.
template <typename Struct>
Status ReadSelection(const Struct& from, AttentionSelection* selection);

/// Hands what a session delivers to the callbacks of a C struct.
class CallbackObserver final : public AttentionObserver {
 public:
  /// `given` may be null: nothing to observe.
  Status Read(const fovea_observer* given);
  /// Whether there is a callback at all.
  bool wants_anything() const { return selection_.rows || selection_.trace || selection_.values; }

  const AttentionSelection& selection() const override { return selection_; }
  bool concurrent() const override { return callbacks_.concurrent != 0; }
  void OnRows(const AttentionRows& rows) override;
  void OnTrace(const AttentionTrace& trace) override;
  void OnValues(const AttentionValues& values) override;

 private:
  fovea_observer callbacks_ = {};
  AttentionSelection selection_;
};

/// The reverse: a C observer of the same layers and heads whose rows go to a C++ one, which must
/// outlive it and receives rows only. Arrays of the struct belong to `target`'s selection.
fovea_observer ObserverFor(AttentionObserver* target);

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_OBSERVER_H_
