// All that running a model's layers needs: KV cache, scratch memory, threads and rotary tables,
// allocated at once and connected in a ForwardContext. Sessions run tokens with it; measurements
// that run layers in another order do so, too.
#ifndef FOVEA_MODEL_RUNNER_H_
#define FOVEA_MODEL_RUNNER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "engine/attention/kv_cache.h"
#include "engine/model/forward_pass.h"
#include "engine/model/model_impl.h"
#include "engine/model/rope_table.h"
#include "engine/model/session_memory.h"
#include "fovea/status.h"
#include "platform/aligned_buffer.h"
#include "platform/parallel.h"

namespace fovea::model {

class Runner {
 public:
  /// Allocates what the plan says. `context` is the number of tokens that the session may grow to;
  /// Phi 3's rotary factors depend on it. kOutOfMemory.
  static Result<std::unique_ptr<Runner>> Create(std::shared_ptr<const Model::Impl> model,
                                                const SessionPlan& plan, std::size_t context);
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  const Model::Impl& model() const { return *model_; }
  const SessionPlan& plan() const { return plan_; }
  /// Of the decoder, or of a plain encoder.
  const ForwardContext& forward() const { return forward_; }
  /// Of the encoder, alone or before a decoder.
  const ForwardContext& encoder() const { return has_both() ? encoder_ : forward_; }

  /// kNonFinite if one of the position's logits is not finite.
  Status CheckFinite(std::span<const float> logits, std::size_t position) const;

 private:
  Runner(std::shared_ptr<const Model::Impl> model, const SessionPlan& plan)
      : model_(std::move(model)), plan_(plan) {}
  bool has_both() const { return model_->hp.info.kind == ModelKind::kEncoderDecoder; }
  Status Allocate();
  void Connect(std::size_t context);
  ForwardContext ContextOf(const StackInfo& info, const Stack& stack, attention::KvCache& cache);

  const std::shared_ptr<const Model::Impl> model_;
  const SessionPlan plan_;
  platform::AlignedBuffer scratch_;
  attention::KvCache cache_;
  attention::KvCache encoder_cache_;
  attention::KvCache cross_cache_;
  std::unique_ptr<platform::Parallel> parallel_;
  RopeTable rope_;
  RopeTable window_rope_;
  RopeTable sinusoids_;
  ForwardContext forward_;
  ForwardContext encoder_;
};

}  // namespace fovea::model

#endif  // FOVEA_MODEL_RUNNER_H_
