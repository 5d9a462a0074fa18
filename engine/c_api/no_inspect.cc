// Stands in for analysis.cc, influence.cc and effects.cc in builds without analyses: every function
// is there, and says so.
#include "engine/c_api/errors.h"
#include "fovea/fovea.h"

namespace {

fovea_status LeftOut(fovea_error* error) {
  return fovea::c_api::Fail(error, FOVEA_UNSUPPORTED,
                            "this build of Fovea has no analyses (FOVEA_INSPECT=OFF)");
}

}  // namespace

fovea_status fovea_statistics_create(const fovea_model* /*model*/,
                                     const fovea_statistics_options* /*options*/,
                                     fovea_statistics** statistics, fovea_error* error) {
  if (statistics != nullptr) *statistics = nullptr;
  return LeftOut(error);
}
void fovea_statistics_free(fovea_statistics* /*statistics*/) {}
const fovea_observer* fovea_statistics_observer(fovea_statistics* /*statistics*/) {
  return nullptr;
}
fovea_status fovea_statistics_heads(const fovea_statistics* /*statistics*/,
                                    fovea_head_statistics* /*heads*/, size_t /*capacity*/,
                                    size_t* count, fovea_error* error) {
  if (count != nullptr) *count = 0;
  return LeftOut(error);
}
const char* fovea_head_type(const fovea_head_statistics* /*head*/) {
  return "";
}

fovea_status fovea_mean_maps_create(const fovea_model* /*model*/, size_t /*context_size*/,
                                    const fovea_mean_maps_options* /*options*/,
                                    fovea_mean_maps** maps, fovea_error* error) {
  if (maps != nullptr) *maps = nullptr;
  return LeftOut(error);
}
void fovea_mean_maps_free(fovea_mean_maps* /*maps*/) {}
const fovea_observer* fovea_mean_maps_observer(fovea_mean_maps* /*maps*/) {
  return nullptr;
}
size_t fovea_mean_maps_tokens(const fovea_mean_maps* /*maps*/) {
  return 0;
}
fovea_status fovea_mean_maps_row(const fovea_mean_maps* /*maps*/, size_t /*layer*/,
                                 size_t /*query*/, float* /*out*/, fovea_error* error) {
  return LeftOut(error);
}
fovea_status fovea_rollout(const fovea_mean_maps* /*maps*/,
                           const fovea_influence_options* /*options*/, float* /*out*/,
                           fovea_error* error) {
  return LeftOut(error);
}
fovea_status fovea_flow(const fovea_mean_maps* /*maps*/, size_t /*query*/,
                        const fovea_influence_options* /*options*/, float* /*out*/,
                        fovea_error* error) {
  return LeftOut(error);
}

fovea_status fovea_value_norms_create(const fovea_model* /*model*/,
                                      const fovea_value_norms_options* /*options*/,
                                      fovea_value_norms** norms, fovea_error* error) {
  if (norms != nullptr) *norms = nullptr;
  return LeftOut(error);
}
void fovea_value_norms_free(fovea_value_norms* /*norms*/) {}
fovea_status fovea_value_norms_compute(const fovea_value_norms* /*norms*/,
                                       const fovea_values* /*values*/, float* /*out*/) {
  return FOVEA_UNSUPPORTED;
}
fovea_status fovea_measure_head_effects(const fovea_model* /*model*/, const int32_t* /*tokens*/,
                                        size_t /*count*/, const fovea_session_options* /*session*/,
                                        const fovea_effect_options* /*options*/, double* loss,
                                        fovea_head_effect* /*effects*/, size_t /*capacity*/,
                                        size_t* effect_count, fovea_error* error) {
  if (loss != nullptr) *loss = 0.0;
  if (effect_count != nullptr) *effect_count = 0;
  return LeftOut(error);
}
fovea_status fovea_measure_head_means(const fovea_model* /*model*/, const int32_t* /*tokens*/,
                                      size_t /*count*/, const fovea_session_options* /*session*/,
                                      const fovea_effect_options* /*options*/, float* /*means*/,
                                      size_t /*capacity*/, fovea_error* error) {
  return LeftOut(error);
}
