#include "tools/attention-dump/ablation/ablation_report.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/panel.h"

namespace fovea::dump {
namespace {

constexpr std::size_t kShown = 5;
constexpr std::size_t kPieceColumns = 16;

/// Ids of the largest logits, largest first.
std::vector<std::size_t> Largest(const std::vector<float>& logits) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t count = std::min(kShown, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
                    });
  order.resize(count);
  return order;
}

}  // namespace

void LossRecorder::OnLogits(std::size_t position, std::span<const float> logits) {
  if (position + 1 < tokens_.size()) {
    sum_ += NegativeLogLikelihood(logits, tokens_[position + 1], kernels_);
  } else if (position + 1 == tokens_.size()) {
    last_logits_.assign(logits.begin(), logits.end());
  }
}

double LossRecorder::loss() const {
  if (tokens_.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  return sum_ / static_cast<double>(tokens_.size() - 1);
}

std::string AblationText(const AblationReport& report, const Tokenizer* tokenizer,
                         const TerminalOptions& options) {
  const Alphabet alphabet = options.unicode ? Alphabet::kUnicode : Alphabet::kAscii;
  std::string text;
  const auto line = [&](const std::string& content) {
    text += CutToWidth(content, options.columns, alphabet) + "\n";
  };
  line("Without " + HeadListText(report.heads) + " (" +
       (report.kind == AblationKind::kMean ? "its mean over the text" : "zeros") +
       " in place of the output)");
  if (std::isfinite(report.loss_before)) {
    line("loss        " + FixedNumber(report.loss_before, 4) + " -> " +
         FixedNumber(report.loss_after, 4) + " nats per token (" +
         SignedNumber(report.loss_after - report.loss_before, 4) + "), perplexity " +
         FixedNumber(std::exp(report.loss_before), 2) + " -> " +
         FixedNumber(std::exp(report.loss_after), 2));
  }
  line("next token  KL(before || after) " +
       FixedNumber(KullbackLeibler(report.logits_before, report.logits_after, report.kernels), 4) +
       " nats");
  const auto cell = [&](const std::vector<float>& logits, std::size_t id) {
    const auto token = static_cast<std::int32_t>(id);
    const std::string piece =
        tokenizer == nullptr ? "#" + std::to_string(id) : tokenizer->DisplayPiece(token);
    return FitToWidth(piece, kPieceColumns, alphabet) + " " +
           FixedNumber(std::exp(-NegativeLogLikelihood(logits, token, report.kernels)), 4);
  };
  line("            before                   after");
  const std::vector<std::size_t> before = Largest(report.logits_before);
  const std::vector<std::size_t> after = Largest(report.logits_after);
  for (std::size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    line("            " + cell(report.logits_before, before[i]) + "  " +
         cell(report.logits_after, after[i]));
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> AblationSummary(const AblationReport& report) {
  const auto pair = [](double before, double after, int decimals) {
    return FixedNumber(before, decimals) + " -> " + FixedNumber(after, decimals);
  };
  std::vector<std::pair<std::string, std::string>> summary = {
      {"taken away", HeadListText(report.heads)},
      {"in its place", report.kind == AblationKind::kMean ? "mean output" : "zeros"}};
  if (std::isfinite(report.loss_before)) {
    summary.emplace_back("loss (nats)", pair(report.loss_before, report.loss_after, 4));
    summary.emplace_back("perplexity",
                         pair(std::exp(report.loss_before), std::exp(report.loss_after), 2));
  }
  if (!report.logits_before.empty() && !report.logits_after.empty()) {
    summary.emplace_back(
        "KL of the next token (nats)",
        FixedNumber(KullbackLeibler(report.logits_before, report.logits_after, report.kernels), 4));
  }
  return summary;
}

std::string AblationJson(const AblationReport& report) {
  nlohmann::ordered_json heads = nlohmann::ordered_json::array();
  for (const NamedHead& head : report.heads) heads.push_back(HeadName(head.layer, head.head));
  const auto number = [](double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
  };
  const nlohmann::ordered_json object = {
      {"heads", std::move(heads)},
      {"kind", report.kind == AblationKind::kMean ? "mean" : "zero"},
      {"loss",
       nlohmann::ordered_json::array({number(report.loss_before), number(report.loss_after)})},
      {"divergence",
       number(KullbackLeibler(report.logits_before, report.logits_after, report.kernels))}};
  return object.dump();
}

}  // namespace fovea::dump
