#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "engine/inspect/effect_progress.h"
#include "engine/inspect/head_means.h"
#include "engine/inspect/original_logits.h"
#include "engine/inspect/text_plan.h"
#include "engine/model/run_checks.h"
#include "fovea/ablation.h"
#include "fovea/divergence.h"
#include "fovea/sampler.h"
#include "fovea/status_macros.h"
#include "platform/exceptions.h"

namespace fovea {
namespace {

using model::ForwardContext;
using platform::AlignedBuffer;
using platform::CheckedSize;

/// Bytes of logits that are kept if the caller sets no limit, at most.
constexpr std::size_t kMaxLogitBytes = std::size_t{1} << 30;

/// The numbers asked for in ascending order, each once; all below count if none are.
std::vector<std::size_t> Selected(std::vector<std::size_t> numbers, std::size_t count) {
  if (numbers.empty()) {
    numbers.resize(count);
    std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

struct EffectPlan {
  inspect::TextPlan text;
  bool keep_logits = true;
  std::vector<std::size_t> layers;
  std::vector<std::size_t> heads;
};

/// Decides what is kept and refuses what does not fit, before anything is allocated.
Result<EffectPlan> PlanEffects(const model::Hyperparameters& hp,
                               std::span<const std::int32_t> tokens, const SessionOptions& session,
                               const EffectOptions& options) {
  const ModelInfo& info = hp.info;
  EffectPlan plan;
  if (info.kind != ModelKind::kDecoder) {
    return Status(StatusCode::kUnsupported,
                  info.path + ": effects of heads on the next token need a decoder");
  }
  FOVEA_RETURN_IF_ERROR(model::CheckNumbers("layer", options.layers, info.layers));
  FOVEA_RETURN_IF_ERROR(model::CheckNumbers("head", options.heads, info.heads));
  plan.layers = Selected(options.layers, info.layers);
  plan.heads = Selected(options.heads, info.heads);
  auto text = inspect::PlanText(hp, tokens, 2, session);
  FOVEA_RETURN_IF_ERROR(text);
  plan.text = *text;
  const std::size_t count = tokens.size();
  // Residual stream, attention outputs, and the figures of each position.
  const CheckedSize base =
      CheckedSize(plan.text.session.memory.total()) +
      CheckedSize(count) * (info.hidden_size + info.heads * info.value_dim) * sizeof(float) +
      CheckedSize(count) * 5 * sizeof(double);
  const CheckedSize kept = inspect::OriginalLogits::Bytes(info, count, true);
  const CheckedSize again = inspect::OriginalLogits::Bytes(info, count, false);
  plan.keep_logits = kept.value() <= again.value() ||
                     (session.max_memory == 0 ? kept.value() <= kMaxLogitBytes
                                              : (base + kept).value() <= session.max_memory);
  const CheckedSize total = base + (plan.keep_logits ? kept : again);
  FOVEA_RETURN_IF_ERROR(inspect::CheckMemory(total, count, session));
  return plan;
}

/// Figures of each position's next-token distribution.
struct PositionFigures {
  std::vector<double> log_sum_exp;  // of the whole model
  std::vector<std::int32_t> top;    // of the whole model
  // Of the current run:
  std::vector<double> loss;
  std::vector<double> divergence;
  std::vector<std::uint8_t> top_changed;
  std::vector<std::uint8_t> finite;

  explicit PositionFigures(std::size_t count)
      : log_sum_exp(count),
        top(count),
        loss(count),
        divergence(count),
        top_changed(count),
        finite(count) {}
};

class EffectRun {
 public:
  EffectRun(const model::Runner& runner, const EffectPlan& plan,
            std::span<const std::int32_t> tokens, const EffectOptions& options)
      : forward_(runner.forward()),
        plan_(plan),
        tokens_(tokens),
        options_(options),
        info_(forward_.hp->info),
        attended_row_(info_.heads * info_.value_dim),
        figures_(tokens.size()),
        means_(attended_row_),
        sums_(attended_row_),
        progress_(options, *forward_.weights, tokens.size(), plan.layers, plan.heads.size()) {}

  Result<EffectReport> Run();

 private:
  struct Batch {
    std::size_t begin = 0;
    std::size_t count = 0;
  };

  static model::LayerRun RunOf(std::size_t layer, const Batch& batch) {
    return {.layer = layer, .position = batch.begin, .count = batch.count};
  }

  bool Allocate();
  /// Calls body(batch) for each batch of the text until it gives an error.
  template <typename Body>
  Status ForBatches(const Body& body) const;
  Status RunWholeModel();
  Status AttendBatches(std::size_t layer);
  Status RunWithout(std::size_t layer, std::size_t head, HeadEffect* effect);
  Status AdvanceEntry(std::size_t layer);
  void LoadEntry(const Batch& batch) const;
  void LoadAttended(std::size_t layer, const Batch& batch) const;
  Status Score(const Batch& batch, bool original);
  void ScorePosition(std::size_t position, const float* logits, const float* original);
  double MeanLoss() const;

  float* EntryOf(const Batch& batch) const {
    return entry_.As<float>() + batch.begin * info_.hidden_size;
  }
  float* AttendedOf(const Batch& batch) const {
    return attended_.As<float>() + batch.begin * attended_row_;
  }

  const ForwardContext& forward_;
  const EffectPlan& plan_;
  const std::span<const std::int32_t> tokens_;
  const EffectOptions& options_;
  const ModelInfo& info_;
  const std::size_t attended_row_;
  AlignedBuffer entry_;     // [tokens, hidden_size]: the residual stream before the current layer
  AlignedBuffer attended_;  // [tokens, heads, value_dim]: its attention outputs, of the whole model
  inspect::OriginalLogits original_;
  PositionFigures figures_;
  std::vector<float> means_;  // [heads, value_dim], of the current layer
  std::vector<double> sums_;  // [heads, value_dim]
  inspect::EffectProgress progress_;
};

bool EffectRun::Allocate() {
  const platform::MemorySource& source = plan_.text.session.source;
  const auto floats = [&](std::size_t per_token) {
    return AlignedBuffer::Allocate(tokens_.size() * per_token * sizeof(float),
                                   AlignedBuffer::Pages::kUsual, source);
  };
  entry_ = floats(info_.hidden_size);
  attended_ = floats(attended_row_);
  return entry_ && attended_ &&
         original_.Allocate(info_, tokens_.size(), plan_.keep_logits, source);
}

template <typename Body>
Status EffectRun::ForBatches(const Body& body) const {
  const std::size_t most = plan_.text.session.prefill_batch;
  for (std::size_t begin = 0; begin < tokens_.size(); begin += most) {
    const Batch batch{begin, std::min(most, tokens_.size() - begin)};
    FOVEA_RETURN_IF_ERROR(body(batch));
  }
  return Status::Ok();
}

void EffectRun::LoadEntry(const Batch& batch) const {
  std::copy_n(EntryOf(batch), batch.count * info_.hidden_size, forward_.buffers.hidden_state);
}

/// Restores the buffers as they are after the layer's attention in the whole model.
void EffectRun::LoadAttended(std::size_t layer, const Batch& batch) const {
  LoadEntry(batch);
  std::copy_n(AttendedOf(batch), batch.count * attended_row_, forward_.buffers.attended);
  if (model::SharesNorm(forward_.stack->layers[layer])) {
    model::NormLayerInput(forward_, layer, batch.count);
  }
}

/// Fills original_ with the logits and entry_ with the residual stream before the first layer asked
/// for.
Status EffectRun::RunWholeModel() {
  return ForBatches([&](const Batch& batch) {
    model::Embed(forward_, tokens_.subspan(batch.begin, batch.count), {}, batch.begin);
    for (std::size_t layer = 0; layer < info_.layers; ++layer) {
      if (layer == plan_.layers.front()) {
        std::copy_n(forward_.buffers.hidden_state, batch.count * info_.hidden_size, EntryOf(batch));
      }
      FOVEA_RETURN_IF_ERROR(progress_.CheckCancelled());
      model::RunLayer(forward_, RunOf(layer, batch));
      progress_.LayerDone(batch.count);
    }
    original_.Store(forward_, batch.begin, batch.count);
    return Score(batch, /*original=*/true);
  });
}

Status EffectRun::AttendBatches(std::size_t layer) {
  std::fill(sums_.begin(), sums_.end(), 0.0);
  const Status status = ForBatches([&](const Batch& batch) {
    FOVEA_RETURN_IF_ERROR(progress_.CheckCancelled());
    LoadEntry(batch);
    model::ComputeRotaryAngles(forward_, batch.count, batch.begin);
    model::AttendLayer(forward_, RunOf(layer, batch));
    std::copy_n(forward_.buffers.attended, batch.count * attended_row_, AttendedOf(batch));
    inspect::AddRows(forward_.buffers.attended, batch.count, sums_);
    return Status::Ok();
  });
  inspect::Divide(sums_, tokens_.size(), means_);
  return status;
}

Status EffectRun::RunWithout(std::size_t layer, std::size_t head, HeadEffect* effect) {
  HeadAblation ablation{.layer = layer, .head = head};
  if (options_.kind == AblationKind::kMean) {
    ablation.replacement = std::span(means_).subspan(head * info_.value_dim, info_.value_dim);
  }
  const Status status = ForBatches([&](const Batch& batch) {
    FOVEA_RETURN_IF_ERROR(progress_.CheckCancelled());
    model::ComputeRotaryAngles(forward_, batch.count, batch.begin);
    LoadAttended(layer, batch);
    model::ReplaceHead(forward_, ablation, 0, batch.count);
    model::FinishLayer(forward_, RunOf(layer, batch));
    progress_.LayerDone(batch.count);
    for (std::size_t next = layer + 1; next < info_.layers; ++next) {
      FOVEA_RETURN_IF_ERROR(progress_.CheckCancelled());
      model::RunLayer(forward_, RunOf(next, batch));
      progress_.LayerDone(batch.count);
    }
    return Score(batch, /*original=*/false);
  });
  if (status.code() == StatusCode::kNonFinite) {
    return {StatusCode::kNonFinite,
            status.message() + " without L" + std::to_string(layer) + "H" + std::to_string(head)};
  }
  const auto count = static_cast<double>(tokens_.size());
  effect->layer = layer;
  effect->head = head;
  effect->loss = MeanLoss();
  effect->divergence =
      std::accumulate(figures_.divergence.begin(), figures_.divergence.end(), 0.0) / count;
  effect->top1_change =
      std::accumulate(figures_.top_changed.begin(), figures_.top_changed.end(), 0.0) / count;
  return status;
}

/// Advances entry_ from the input of this layer to that of the next, in the whole model.
Status EffectRun::AdvanceEntry(std::size_t layer) {
  return ForBatches([&](const Batch& batch) {
    FOVEA_RETURN_IF_ERROR(progress_.CheckCancelled());
    LoadAttended(layer, batch);
    model::FinishLayer(forward_, RunOf(layer, batch));
    std::copy_n(forward_.buffers.hidden_state, batch.count * info_.hidden_size, EntryOf(batch));
    progress_.LayerDone(batch.count);
    return Status::Ok();
  });
}

/// Figures of the batch whose last layer has run. With `original`, the run is that of the whole
/// model.
Status EffectRun::Score(const Batch& batch, bool original) {
  const std::size_t rows_at_once = plan_.text.session.logit_rows();
  for (std::size_t first = 0; first < batch.count; first += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, batch.count - first);
    const std::size_t begin = batch.begin + first;
    const float* whole = original_.Rows(forward_, begin, rows);
    if (!original) model::ComputeLogits(forward_, first, rows);
    const float* logits = original ? whole : forward_.buffers.logits;
    forward_.parallel->Run(rows, [&](std::size_t row, std::size_t /*worker*/) {
      const std::size_t offset = row * info_.vocabulary;
      ScorePosition(begin + row, logits + offset, original ? nullptr : whole + offset);
    });
    for (std::size_t position = begin; position < begin + rows; ++position) {
      if (figures_.finite[position] != 0) continue;
      return {StatusCode::kNonFinite, info_.path + ": the logits of position " +
                                          std::to_string(position) + " are not finite"};
    }
  }
  progress_.LogitsDone(batch.count);
  return Status::Ok();
}

/// logits, original: [vocabulary]; original is null if `logits` are the original ones.
void EffectRun::ScorePosition(std::size_t position, const float* logits, const float* original) {
  const std::span<const float> row(logits, info_.vocabulary);
  figures_.finite[position] = model::AllFinite(row) ? 1 : 0;
  if (figures_.finite[position] == 0) return;
  const std::int32_t top = ArgMax(row);
  const Kernels kernels(*forward_.kernels);
  const double log_sum_exp = LogSumExp(row, row[static_cast<std::size_t>(top)], kernels);
  if (position + 1 < tokens_.size()) {
    figures_.loss[position] =
        log_sum_exp - static_cast<double>(row[static_cast<std::size_t>(tokens_[position + 1])]);
  }
  if (original == nullptr) {
    figures_.log_sum_exp[position] = log_sum_exp;
    figures_.top[position] = top;
  } else {
    figures_.divergence[position] = KullbackLeibler(
        {original, info_.vocabulary}, figures_.log_sum_exp[position], row, log_sum_exp, kernels);
    figures_.top_changed[position] = top != figures_.top[position] ? 1 : 0;
  }
}

double EffectRun::MeanLoss() const {
  // The last position predicts a token that the text does not have; its loss stays 0.
  return std::accumulate(figures_.loss.begin(), figures_.loss.end(), 0.0) /
         static_cast<double>(tokens_.size() - 1);
}

Result<EffectReport> EffectRun::Run() {
  if (!Allocate()) {
    return Status(StatusCode::kOutOfMemory, "not enough memory to measure the heads over " +
                                                std::to_string(tokens_.size()) + " tokens");
  }
  FOVEA_RETURN_IF_ERROR(RunWholeModel());
  EffectReport report{.loss = MeanLoss(), .tokens = tokens_.size(), .effects = {}};
  report.effects.reserve(plan_.layers.size() * plan_.heads.size());
  for (std::size_t layer = plan_.layers.front(); layer <= plan_.layers.back(); ++layer) {
    FOVEA_RETURN_IF_ERROR(AttendBatches(layer));
    if (std::binary_search(plan_.layers.begin(), plan_.layers.end(), layer)) {
      for (const std::size_t head : plan_.heads) {
        HeadEffect effect;
        FOVEA_RETURN_IF_ERROR(RunWithout(layer, head, &effect));
        effect.loss_change = effect.loss - report.loss;
        report.effects.push_back(effect);
      }
    }
    if (layer < plan_.layers.back()) {
      FOVEA_RETURN_IF_ERROR(AdvanceEntry(layer));
    }
  }
  progress_.Finish();
  return report;
}

}  // namespace

Result<EffectReport> MeasureHeadEffects(const Model& model, std::span<const std::int32_t> tokens,
                                        const SessionOptions& session,
                                        const EffectOptions& options) {
  const auto measure = [&]() -> Result<EffectReport> {
    auto plan = PlanEffects(model.impl()->hp, tokens, session, options);
    FOVEA_RETURN_IF_ERROR(plan);
    auto runner = model::Runner::Create(model.impl(), plan->text.session, plan->text.context);
    FOVEA_RETURN_IF_ERROR(runner);
    return EffectRun(**runner, *plan, tokens, options).Run();
  };
  return platform::IfMemoryLasts(measure, [] {
    return Status(StatusCode::kOutOfMemory, "not enough memory to measure the heads");
  });
}

}  // namespace fovea
