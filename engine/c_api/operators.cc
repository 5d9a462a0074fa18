// Attention as an operator, and distances between distributions, for C callers.

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/c_api/errors.h"
#include "engine/c_api/session_options.h"
#include "engine/c_api/structs.h"
#include "fovea/attention.h"
#include "fovea/divergence.h"
#include "fovea/fovea.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;
using fovea::StatusCode;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// An array whose length follows from the other fields. Sizes that overflow become the largest one,
/// which no memory holds: Attend refuses them by the same product.
std::span<const float> Floats(const float* array, std::size_t a, std::size_t b, std::size_t c = 1) {
  if (array == nullptr) return {};
  std::size_t size = 0;
  if (__builtin_mul_overflow(a, b, &size) || __builtin_mul_overflow(size, c, &size)) {
    size = std::numeric_limits<std::ptrdiff_t>::max();
  }
  return {array, size};
}

Status ReadInputs(const fovea_attend_inputs* given, fovea::AttendInputs* inputs) {
  if (given == nullptr) return c_api::NullArgument("inputs");
  fovea_attend_inputs read;
  FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(given, "fovea_attend_inputs", &read));
  if (read.scoring < FOVEA_SCORING_SCALED_DOT || read.scoring > FOVEA_SCORING_ADDITIVE) {
    return {
        StatusCode::kInvalidArgument,
        "fovea_attend_inputs.scoring is " + std::to_string(read.scoring) + ", which means nothing"};
  }
  if (read.mask < FOVEA_MASK_NONE || read.mask > FOVEA_MASK_SYMMETRIC_WINDOW) {
    return {StatusCode::kInvalidArgument,
            "fovea_attend_inputs.mask is " + std::to_string(read.mask) + ", which means nothing"};
  }
  std::optional<fovea::Isa> isa;
  FOVEA_RETURN_IF_ERROR(c_api::ReadIsa(read.isa, "fovea_attend_inputs", &isa));
  read.heads = std::max<std::size_t>(read.heads, 1);
  read.kv_heads = std::max<std::size_t>(read.kv_heads, 1);
  *inputs = {
      .queries = read.queries,
      .keys = read.keys,
      .heads = read.heads,
      .kv_heads = read.kv_heads,
      .query_width = read.query_width,
      .key_width = read.key_width,
      .value_width = read.value_width,
      .query = Floats(read.query, read.queries, read.heads, read.query_width),
      .key = Floats(read.key, read.keys, read.kv_heads, read.key_width),
      .value = Floats(read.value, read.keys, read.kv_heads, read.value_width),
      .mask = {.kind = static_cast<fovea::Mask::Kind>(read.mask),
               .window = read.window,
               .first_query = read.first_query,
               .key_valid = {read.key_valid, read.key_valid == nullptr ? 0 : read.keys}},
      .scoring = static_cast<fovea::ScoringFunction>(read.scoring),
      .weights = {.general = Floats(read.general, read.query_width, read.key_width),
                  .additive_query =
                      Floats(read.additive_query, read.additive_size, read.query_width),
                  .additive_key = Floats(read.additive_key, read.additive_size, read.key_width),
                  .additive_v = Floats(read.additive_v, read.additive_size, 1)},
      .scale = read.scale,
      .softcap = read.softcap,
      .bias = {.table = Floats(read.bias, read.heads, read.bias_head_stride),
               .head_stride = read.bias_head_stride,
               .zero = read.bias_zero},
      .softmax = read.no_softmax == 0,
      .isa = isa};
  return Status::Ok();
}

void Copy(const std::vector<float>& from, float* to) {
  if (to != nullptr) std::copy(from.begin(), from.end(), to);
}

}  // namespace

fovea_status fovea_attend(const fovea_attend_inputs* inputs, float* output, float* weights,
                          float* log_sum_exp, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    fovea::AttendInputs read;
    FOVEA_RETURN_IF_ERROR(ReadInputs(inputs, &read));
    const auto result = fovea::Attend(read);
    FOVEA_RETURN_IF_ERROR(result);
    Copy(result->output, output);
    Copy(result->weights, weights);
    Copy(result->log_sum_exp, log_sum_exp);
    return Status::Ok();
  });
}

double fovea_jensen_shannon(const float* p, const float* q, size_t n) {
  return p == nullptr || q == nullptr ? kNan : fovea::JensenShannon(p, q, n);
}

double fovea_kullback_leibler(const fovea_session* session, const float* p_logits,
                              const float* q_logits, size_t n) {
  if (p_logits == nullptr || q_logits == nullptr || n == 0) return kNan;
  return fovea::KullbackLeibler({p_logits, n}, {q_logits, n}, c_api::KernelsOf(session));
}

double fovea_negative_log_likelihood(const fovea_session* session, const float* logits, size_t n,
                                     int32_t id) {
  if (logits == nullptr || id < 0 || static_cast<std::size_t>(id) >= n) return kNan;
  return fovea::NegativeLogLikelihood({logits, n}, id, c_api::KernelsOf(session));
}
