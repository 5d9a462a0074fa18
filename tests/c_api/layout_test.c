/* The layout of structs is part of the ABI: fields are added at the end, never moved. A struct that
 * grew gets its new size here; a number that must be changed in another way breaks callers. */

#include "tests/c_api/check.h"

#define SIZE(type, wanted) CHECK(sizeof(type) == (wanted))
#define AT(type, field, wanted) CHECK(offsetof(type, field) == (wanted))

/* Of 64-bit systems with 64-bit size_t. */
static void CheckLayout(void) {
  SIZE(fovea_error, 1024);
  AT(fovea_error, message, 4);
  SIZE(fovea_allocator, 32);
  AT(fovea_allocator, release, 24);
  SIZE(fovea_thread_pool, 32);
  AT(fovea_thread_pool, run, 24);
  SIZE(fovea_model_options, 40);
  AT(fovea_model_options, allocator, 16);
  AT(fovea_model_options, check_finite, 32);
  SIZE(fovea_model_info, 248);
  AT(fovea_model_info, layers, 32);
  AT(fovea_model_info, windows, 120);
  AT(fovea_model_info, parameters, 128);
  AT(fovea_model_info, position, 172);
  AT(fovea_model_info, encoder_layers, 184);
  AT(fovea_model_info, has_logits, 244);
  SIZE(fovea_tensor_info, 48);
  SIZE(fovea_tokenize_options, 16);
  SIZE(fovea_sampler_options, 40);
  AT(fovea_sampler_options, allocator, 32);
  SIZE(fovea_session_options, 88);
  AT(fovea_session_options, thread_pool, 48);
  AT(fovea_session_options, kv_type, 64);
  AT(fovea_session_options, encoder_context_size, 80);
  SIZE(fovea_memory_plan, 24);
  SIZE(fovea_memory_estimate, 48);
  SIZE(fovea_ablation, 32);
  SIZE(fovea_run_options, 80);
  AT(fovea_run_options, ablations, 48);
  AT(fovea_run_options, token_types, 72);
  SIZE(fovea_embed_options, 16);
  SIZE(fovea_generate_options, 72);
  AT(fovea_generate_options, run, 64);
  SIZE(fovea_generation, 48);
  SIZE(fovea_session_info, 72);
  AT(fovea_session_info, isa, 48);
  AT(fovea_session_info, encoder_context_size, 64);
  SIZE(fovea_rows, 104);
  AT(fovea_rows, weights, 64);
  SIZE(fovea_trace, 144);
  AT(fovea_trace, scale, 120);
  SIZE(fovea_values, 64);
  SIZE(fovea_observer, 88);
  AT(fovea_observer, on_rows, 48);
  SIZE(fovea_map, 40);
  SIZE(fovea_recorder_options, 56);
  SIZE(fovea_statistics_options, 72);
  SIZE(fovea_head_statistics, 128);
  SIZE(fovea_value_norms_options, 40);
  SIZE(fovea_head_effect, 48);
  SIZE(fovea_effect_options, 72);
  AT(fovea_effect_options, kind, 64);
  SIZE(fovea_mean_maps_options, 24);
  SIZE(fovea_influence_options, 40);
  SIZE(fovea_quantization_error, 24);
  SIZE(fovea_quantized_tensor, 72);
  SIZE(fovea_quantize_options, 56);
  SIZE(fovea_attend_inputs, 208);
  AT(fovea_attend_inputs, scoring, 152);
}

int main(void) {
  if (sizeof(size_t) == 8) {
    CheckLayout();
  } else {
    /* Of 32-bit systems: pointers and sizes are half as long. */
    SIZE(fovea_error, 1024);
    SIZE(fovea_allocator, 16);
    SIZE(fovea_session_options, 52);
  }
  return Result();
}
