#include "tools/attention-dump/diff/diff_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/attention-dump/base/human.h"
#include "tools/attention-dump/base/numbers_text.h"
#include "tools/attention-dump/output/sidecar.h"
#include "tools/attention-dump/render/label_text.h"
#include "tools/attention-dump/render/panel.h"

namespace fovea::dump {
namespace {

using Json = nlohmann::ordered_json;

std::string Right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string Percent(double share) {
  return FixedNumber(100.0 * share, 1) + " %";
}

/// "17 ␣dog", and both tokens where the texts differ.
std::string TokenAt(const DiffReport& report, std::size_t position) {
  const std::string& a = report.a.tokens.pieces[position];
  const std::string& b = report.b.tokens.pieces[position];
  return std::to_string(position) + " " + a + (a == b ? "" : " / " + b);
}

std::string LossLine(const Comparison& comparison) {
  const double a = std::exp(comparison.loss_a);
  const double b = std::exp(comparison.loss_b);
  return "perplexity   " + FixedNumber(a, 3) + " -> " + FixedNumber(b, 3) + " (" +
         SignedNumber(100.0 * (b / a - 1.0), 2) + " %), loss " + FixedNumber(comparison.loss_a, 4) +
         " -> " + FixedNumber(comparison.loss_b, 4);
}

std::string QuotedForCsv(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

Json NumberOrNull(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

}  // namespace

std::string DiffText(const DiffReport& report, const TerminalOptions& options) {
  const Alphabet alphabet = options.unicode ? Alphabet::kUnicode : Alphabet::kAscii;
  const Comparison& comparison = report.comparison;
  std::string text;
  const auto line = [&](const std::string& content) {
    text += CutToWidth(content, options.columns, alphabet) + "\n";
  };
  if (report.two_models) {
    line("A: " + report.a.model.path + " (" + report.a.model.weight_type + ")");
    line("B: " + report.b.model.path + " (" + report.b.model.weight_type + ")");
  } else {
    line("A: " + report.a.text);
    line("B: " + report.b.text);
  }
  line("");
  if (std::isfinite(comparison.loss_a)) line(LossLine(comparison));
  line("next token   KL(A || B) mean " + FixedNumber(comparison.kl_mean, 5) + ", worst " +
       FixedNumber(comparison.kl_worst, 4) + " at " +
       TokenAt(report, comparison.kl_worst_position));
  line("             same first choice at " + Percent(comparison.top1) + " of " +
       Counted(comparison.tokens, "position"));
  line("");
  std::size_t name = 4;
  for (const HeadDifference& head : comparison.heads) {
    name = std::max(name, HeadName(head.layer, head.head).size());
  }
  line(FitToWidth("head", name) + "  JS mean  JS worst   top-1  worst at");
  for (const HeadDifference& head : comparison.heads) {
    line(FitToWidth(HeadName(head.layer, head.head), name) + "  " + FixedNumber(head.js_mean, 5) +
         "   " + FixedNumber(head.js_worst, 5) + Right(Percent(head.top1), 8) + "  " +
         TokenAt(report, head.worst_position));
  }
  if (report.left_out != 0) line("and " + std::to_string(report.left_out) + " more");
  return text;
}

std::vector<std::pair<std::string, std::string>> DiffSummary(const DiffReport& report) {
  const Comparison& comparison = report.comparison;
  std::vector<std::pair<std::string, std::string>> summary;
  if (std::isfinite(comparison.loss_a)) {
    summary.emplace_back("perplexity", FixedNumber(std::exp(comparison.loss_a), 3) + " -> " +
                                           FixedNumber(std::exp(comparison.loss_b), 3));
  }
  summary.emplace_back("KL of next tokens (nats)", "mean " + FixedNumber(comparison.kl_mean, 5) +
                                                       ", worst " +
                                                       FixedNumber(comparison.kl_worst, 4));
  summary.emplace_back("same first choice", Percent(comparison.top1));
  if (const HeadDifference* worst = comparison.Worst()) {
    summary.emplace_back(
        "largest JS mean of a head (nats)",
        FixedNumber(worst->js_mean, 5) + " (" + HeadName(worst->layer, worst->head) + ")");
  }
  return summary;
}

std::string DiffCsv(const DiffReport& report) {
  std::string csv = "layer,head,kv_head,js_mean,js_worst,worst_position,worst_token,top1\n";
  for (const HeadDifference& head : report.comparison.heads) {
    csv += std::to_string(head.layer) + "," + std::to_string(head.head) + "," +
           std::to_string(head.kv_head) + "," + ExactNumber(head.js_mean) + "," +
           ExactNumber(head.js_worst) + "," + std::to_string(head.worst_position) + "," +
           QuotedForCsv(report.a.tokens.pieces[head.worst_position]) + "," +
           ExactNumber(head.top1) + "\n";
  }
  return csv;
}

std::string DiffJson(const DiffReport& report) {
  const Comparison& comparison = report.comparison;
  Json heads = Json::array();
  for (const HeadDifference& head : comparison.heads) {
    heads.push_back({{"layer", head.layer},
                     {"head", head.head},
                     {"kv_head", head.kv_head},
                     {"js_mean", head.js_mean},
                     {"js_worst", head.js_worst},
                     {"worst_position", head.worst_position},
                     {"top1", head.top1}});
  }
  const Json overall = {
      {"tokens", comparison.tokens},
      {"loss", Json::array({NumberOrNull(comparison.loss_a), NumberOrNull(comparison.loss_b)})},
      {"kl_mean", comparison.kl_mean},
      {"kl_worst", comparison.kl_worst},
      {"kl_worst_position", comparison.kl_worst_position},
      {"top1", comparison.top1}};
  const Json document = {
      {"format", "fovea-diff"},
      {"format_version", 1},
      {"compared", report.two_models ? "models" : "texts"},
      {"texts", Json::array({report.a.text, report.b.text})},
      {"token_ids", Json::array({report.a.tokens.ids, report.b.tokens.ids})},
      {"token_strings", Json::array({report.a.tokens.pieces, report.b.tokens.pieces})},
      {"overall", overall},
      {"heads", std::move(heads)},
      {"trust_stamps", Json::array({Json::parse(TrustStampJson(report.a)),
                                    Json::parse(TrustStampJson(report.b))})}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fovea::dump
