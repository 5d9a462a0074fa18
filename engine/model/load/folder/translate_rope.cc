// Rotary positions: config.json's rope_scaling (or rope_parameters) in GGUF's words.
#include <cmath>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/format/message.h"
#include "engine/model/load/folder/translate.h"

namespace fovea::model {
namespace {

using format::Concat;
using format::Quoted;

void AddFactors(const Translation& t, std::string name, std::vector<float> values) {
  t.facts->computed.push_back({.name = std::move(name), .values = std::move(values)});
}

/// The context that the model was trained with before it was stretched.
std::size_t OriginalContext(const Translation& t, const ConfigSection& scaling) {
  const std::size_t outer = t.config.Size({"original_max_position_embeddings"}, kMaxFolderContext,
                                          (*t.facts)[Dim::kPositions]);
  return scaling.Size({"original_max_position_embeddings"}, kMaxFolderContext, outer);
}

/// Llama 3.1: long wavelengths are stretched, short ones kept, those between blended. What each
/// frequency is divided by becomes a tensor.
void TranslateLlama3(const Translation& t, const ConfigSection& scaling, float base) {
  const double factor = scaling.Positive({"factor"}, 8.0F);
  const double low = scaling.Positive({"low_freq_factor"}, 1.0F);
  const double high = scaling.Positive({"high_freq_factor"}, 4.0F);
  const auto context = static_cast<double>(OriginalContext(t, scaling));
  if (!(high > low)) {
    scaling.Fail(StatusCode::kMalformed, "high_freq_factor", "is not above low_freq_factor");
  }
  std::vector<float> factors;
  for (std::size_t i = 0; i < t.facts->rotated / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(t.facts->rotated);
    const double turns =
        context / (2.0 * std::numbers::pi * std::pow(static_cast<double>(base), exponent));
    double divisor = 1.0;
    if (turns < low) {
      divisor = factor;
    } else if (turns <= high) {
      const double kept = (turns - low) / (high - low);
      divisor = 1.0 / ((1.0 - kept) / factor + kept);
    }
    factors.push_back(static_cast<float>(divisor));
  }
  AddFactors(t, "rope_freqs.weight", std::move(factors));
}

/// Phi 3: factors of their own for each frequency, others beyond the original context.
void TranslateLongRope(const Translation& t, const ConfigSection& scaling) {
  for (const std::string_view name : {"short_mscale", "long_mscale"}) {
    if (scaling.Has({name})) {
      return scaling.Fail(StatusCode::kUnsupported, name, "is not supported");
    }
  }
  for (const std::string_view name : {"long", "short"}) {
    const std::string key = std::string(name) + "_factor";
    std::vector<float> factors = scaling.Numbers({key});
    if (factors.size() != t.facts->rotated / 2) {
      return scaling.Fail(StatusCode::kMalformed, key,
                          Concat({"has ", format::Number(std::uint64_t{factors.size()}),
                                  " numbers, not one for each of the ",
                                  format::Number(std::uint64_t{t.facts->rotated / 2}), " pairs"}));
    }
    AddFactors(t, "rope_factors_" + std::string(name) + ".weight", std::move(factors));
  }
  const auto original = static_cast<double>(OriginalContext(t, scaling));
  const double stretch = static_cast<double>((*t.facts)[Dim::kPositions]) / original;
  const auto usual = static_cast<float>(
      stretch > 1.0 ? std::sqrt(1.0 + std::log(stretch) / std::log(original)) : 1.0);
  t.Set("rope.scaling.original_context_length", OriginalContext(t, scaling));
  t.Set("rope.scaling.attn_factor", scaling.Positive({"attention_factor"}, usual));
}

/// The engine multiplies cosine and sine by 1 + 0.1 ln(factor), as most configurations mean it.
void TranslateYarn(const Translation& t, const ConfigSection& scaling) {
  const float factor = scaling.Positive({"factor"}, 1.0F);
  const double logarithm = factor > 1.0F ? std::log(static_cast<double>(factor)) : 0.0;
  const auto magnitude = [&](float scale) {
    return 0.1 * static_cast<double>(scale) * logarithm + 1.0;
  };
  double wanted = magnitude(1.0F);
  const auto all = scaling.FindNumber({"mscale_all_dim"});
  if (const auto one = scaling.FindNumber({"mscale"}); one && all) {
    wanted = magnitude(*one) / magnitude(*all);
  }
  if (const auto stated = scaling.FindNumber({"attention_factor"})) {
    wanted = static_cast<double>(*stated);
  }
  scaling.RequireFlag("truncate", true, true);
  t.Set("rope.scaling.type", "yarn");
  t.Set("rope.scaling.factor", factor);
  t.Set("rope.scaling.original_context_length", OriginalContext(t, scaling));
  t.Set("rope.scaling.yarn_beta_fast", scaling.Positive({"beta_fast"}, 32.0F));
  t.Set("rope.scaling.yarn_beta_slow", scaling.Positive({"beta_slow"}, 1.0F));
  const auto extra = static_cast<float>(wanted / magnitude(1.0F));
  if (!(extra > 0.0F) || !std::isfinite(extra)) {
    return scaling.Fail(StatusCode::kMalformed, "attention_factor", "must be positive");
  }
  if (extra != 1.0F) t.Set("rope.scaling.attn_factor", extra);
}

}  // namespace

void TranslateRopeSection(const Translation& t, const ConfigSection& section, float default_base) {
  const float base = section.Positive({"rope_theta"}, default_base);
  t.Set("rope.freq_base", base);
  t.Set("rope.dimension_count", t.facts->rotated);
  const std::string_view type = section.Text({"rope_type", "type"}, "default");
  if (type == "default" || type == "none") return;
  if (type == "linear") {
    t.Set("rope.scaling.type", "linear");
    t.Set("rope.scaling.factor", section.Positive({"factor"}, 1.0F));
    return;
  }
  if (type == "yarn") return TranslateYarn(t, section);
  if (type == "llama3") return TranslateLlama3(t, section, base);
  if (type == "longrope" || type == "su") return TranslateLongRope(t, section);
  // It depends on the length of the text, but not with a factor of 1.
  if (type == "dynamic" && section.Number({"factor"}, 2.0F) == 1.0F) return;
  section.Fail(
      StatusCode::kUnsupported, "rope_type",
      Concat({"is ", Quoted(type), "; supported are default, linear, yarn, llama3 and longrope"}));
}

void TranslateRope(const Translation& t, float default_base) {
  const ConfigSection& c = t.config;
  const float base = c.Positive({"rope_theta", "rotary_emb_base"}, default_base);
  // Older configurations keep the base outside and may have no object for the rest.
  if (const auto section = c.FindSection({"rope_parameters", "rope_scaling"})) {
    return TranslateRopeSection(t, *section, base);
  }
  t.Set("rope.freq_base", base);
  t.Set("rope.dimension_count", t.facts->rotated);
}

}  // namespace fovea::model
