// Stands in for the analyses in builds without them: what returns a Status or Result says that it
// is left out. (The rest, such as HeadStatisticsObserver, is not there, and programs that use it do
// not link.)
#include "fovea/ablation.h"
#include "fovea/influence.h"
#include "fovea/value_norms.h"

namespace fovea {
namespace {

Status LeftOut() {
  return {StatusCode::kUnsupported, "this build of Fovea has no analyses (FOVEA_INSPECT=OFF)"};
}

}  // namespace

Result<EffectReport> MeasureHeadEffects(const Model& /*model*/,
                                        std::span<const std::int32_t> /*tokens*/,
                                        const SessionOptions& /*session*/,
                                        const EffectOptions& /*options*/) {
  return LeftOut();
}

Result<HeadMeans> MeasureHeadMeans(const Model& /*model*/, std::span<const std::int32_t> /*tokens*/,
                                   const SessionOptions& /*session*/,
                                   const std::function<bool()>& /*cancelled*/) {
  return LeftOut();
}

Result<InfluenceMap> Rollout(const MeanAttentionObserver& /*maps*/,
                             const InfluenceOptions& /*options*/) {
  return LeftOut();
}

Result<std::vector<float>> Flow(const MeanAttentionObserver& /*maps*/, std::size_t /*query*/,
                                const InfluenceOptions& /*options*/) {
  return LeftOut();
}

// No object of the two classes below is ever created; these are the members that a caller's Result
// of them needs.

struct MeanAttentionObserver::State {
  AttentionSelection selection;
};

Result<MeanAttentionObserver> MeanAttentionObserver::Create(const ModelInfo& /*info*/,
                                                            std::size_t /*context_size*/,
                                                            std::size_t /*max_memory*/) {
  return LeftOut();
}
MeanAttentionObserver::MeanAttentionObserver(MeanAttentionObserver&&) noexcept = default;
MeanAttentionObserver& MeanAttentionObserver::operator=(MeanAttentionObserver&&) noexcept = default;
MeanAttentionObserver::~MeanAttentionObserver() = default;
const AttentionSelection& MeanAttentionObserver::selection() const {
  return state_->selection;
}
void MeanAttentionObserver::OnRows(const AttentionRows& /*rows*/) {}
std::size_t MeanAttentionObserver::layers() const {
  return 0;
}
std::size_t MeanAttentionObserver::tokens() const {
  return 0;
}

struct ValueNorms::Impl {};

Result<ValueNorms> ValueNorms::Create(const Model& /*model*/, std::vector<std::size_t> /*layers*/,
                                      std::optional<Isa> /*isa*/) {
  return LeftOut();
}
ValueNorms::ValueNorms(ValueNorms&&) noexcept = default;
ValueNorms& ValueNorms::operator=(ValueNorms&&) noexcept = default;
ValueNorms::~ValueNorms() = default;

}  // namespace fovea
