#include "tools/fovea/perplexity_run.h"
#include "fovea/status_macros.h"

#include <algorithm>
#include <cmath>

namespace fovea::tools {
namespace {

/// Runs one window and adds the negative log likelihood of each token that it scores.
Status ScoreWindow(Session& session, std::span<const std::int32_t> tokens,
                   const PerplexityWindow& window, const PerplexityPlan& plan,
                   std::vector<double>* scores) {
  FOVEA_RETURN_IF_ERROR(session.Truncate(0));
  const auto text = tokens.subspan(window.begin, window.end - window.begin);
  std::vector<std::int32_t> ids;
  ids.reserve(text.size() + 1);
  if (plan.bos) ids.push_back(*plan.bos);
  for (const std::int32_t id : text) ids.push_back(id);
  // The token at ids[i] is predicted by position i - 1, so the last one need not run.
  const std::size_t first = window.first_scored - window.begin + (plan.bos ? 1 : 0);
  const std::span<const std::int32_t> run(ids.data(), ids.size() - 1);
  const std::size_t silent = first - 1;  // Positions whose logits nobody needs.
  if (silent > 0) {
    auto logits = session.Prefill(run.first(silent));
    FOVEA_RETURN_IF_ERROR(logits);
  }
  const auto score = [&](std::size_t position, std::span<const float> logits) {
    scores->push_back(NegativeLogLikelihood(logits, ids[position + 1]));
  };
  auto logits = session.Prefill(run.subspan(silent), {.on_logits = score});
  return logits ? Status::Ok() : logits.status();
}

PerplexityResult Average(const std::vector<double>& scores, std::size_t windows) {
  const auto count = static_cast<double>(scores.size());
  double sum = 0.0;
  for (const double score : scores) sum += score;
  const double mean = sum / count;
  double squares = 0.0;
  for (const double score : scores) squares += (score - mean) * (score - mean);
  const double error = scores.size() > 1 ? std::sqrt(squares / (count - 1.0) / count) : 0.0;
  // The error of exp(mean) to first order.
  return {.perplexity = std::exp(mean),
          .mean_nll = mean,
          .standard_error = std::exp(mean) * error,
          .scored = scores.size(),
          .windows = windows};
}

}  // namespace

std::vector<PerplexityWindow> PerplexityWindows(std::size_t tokens, const PerplexityPlan& plan) {
  const std::size_t length = plan.context - (plan.bos ? 1 : 0);
  std::size_t scored = plan.bos ? 0 : 1;  // Nothing predicts the first token but a BOS.
  std::vector<PerplexityWindow> windows;
  for (std::size_t begin = 0; scored < tokens; begin += plan.stride) {
    const std::size_t end = std::min(tokens, begin + length);
    // Without BOS and overlap, a window's first token has nothing before it and stays unscored.
    const std::size_t first = std::max(scored, begin + (plan.bos ? 0 : 1));
    if (first < end) windows.push_back({.begin = begin, .first_scored = first, .end = end});
    scored = end;
  }
  return windows;
}

double NegativeLogLikelihood(std::span<const float> logits, std::int32_t id) {
  const auto largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return std::log(sum) + largest - static_cast<double>(logits[static_cast<std::size_t>(id)]);
}

Result<PerplexityResult> MeasurePerplexity(Session& session, std::span<const std::int32_t> tokens,
                                           const PerplexityPlan& plan,
                                           const std::function<void(double)>& progress) {
  const auto windows = PerplexityWindows(tokens.size(), plan);
  if (windows.empty()) {
    return Status(StatusCode::kInvalidArgument, "the text is too short to score a token");
  }
  std::vector<double> scores;
  for (const PerplexityWindow& window : windows) {
    FOVEA_RETURN_IF_ERROR(ScoreWindow(session, tokens, window, plan, &scores));
    if (progress) progress(static_cast<double>(window.end) / static_cast<double>(tokens.size()));
  }
  FOVEA_RETURN_IF_ERROR(session.Truncate(0));
  return Average(scores, windows.size());
}

}  // namespace fovea::tools
