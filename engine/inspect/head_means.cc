#include "engine/inspect/head_means.h"

#include <algorithm>

#include "engine/inspect/text_plan.h"
#include "engine/model/run_checks.h"
#include "fovea/ablation.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace inspect {

void AddRows(const float* rows, std::size_t count, std::span<double> sums) {
  for (std::size_t t = 0; t < count; ++t) {
    for (double& sum : sums) sum += static_cast<double>(*rows++);
  }
}

void Divide(std::span<const double> sums, std::size_t count, std::span<float> means) {
  for (std::size_t i = 0; i < sums.size(); ++i) {
    means[i] = static_cast<float>(sums[i] / static_cast<double>(count));
  }
}

}  // namespace inspect

namespace {

Result<HeadMeans> MeansOf(const Model& model, std::span<const std::int32_t> tokens,
                          const SessionOptions& session, const std::function<bool()>& cancelled) {
  const ModelInfo& info = model.info();
  auto text = inspect::PlanText(model.impl()->hp, tokens, 1, session);
  FOVEA_RETURN_IF_ERROR(text);
  FOVEA_RETURN_IF_ERROR(inspect::CheckMemory(text->session.memory.total(), tokens.size(), session));
  auto runner = model::Runner::Create(model.impl(), text->session, text->context);
  FOVEA_RETURN_IF_ERROR(runner);
  const model::ForwardContext& forward = (*runner)->forward();
  const std::size_t batch = text->session.prefill_batch;
  const std::size_t hidden_size = info.heads * info.value_dim;
  std::vector<double> sums(info.layers * hidden_size);
  for (std::size_t begin = 0; begin < tokens.size(); begin += batch) {
    const std::size_t count = std::min(batch, tokens.size() - begin);
    model::Embed(forward, tokens.subspan(begin, count), {}, begin);
    for (std::size_t layer = 0; layer < info.layers; ++layer) {
      FOVEA_RETURN_IF_ERROR(model::CheckCancelled(cancelled));
      const model::LayerRun run{.layer = layer, .position = begin, .count = count};
      model::AttendLayer(forward, run);
      inspect::AddRows(forward.buffers.attended, count,
                       std::span(sums).subspan(layer * hidden_size, hidden_size));
      if (layer + 1 < info.layers) model::FinishLayer(forward, run);
    }
  }
  HeadMeans means{.heads = info.heads, .value_dim = info.value_dim, .values = {}};
  means.values.resize(sums.size());
  inspect::Divide(sums, tokens.size(), means.values);
  return means;
}

}  // namespace

Result<HeadMeans> MeasureHeadMeans(const Model& model, std::span<const std::int32_t> tokens,
                                   const SessionOptions& session,
                                   const std::function<bool()>& cancelled) {
  return platform::IfMemoryLasts([&] { return MeansOf(model, tokens, session, cancelled); },
                                 [] {
                                   return Status(StatusCode::kOutOfMemory,
                                                 "not enough memory for the means of head outputs");
                                 });
}

}  // namespace fovea
