/* What the C examples of headers take for granted: handles, options, arrays that a program has. */
#ifndef FOVEA_TESTS_DOCUMENTATION_PREAMBLE_H_
#define FOVEA_TESTS_DOCUMENTATION_PREAMBLE_H_

#include <fovea/fovea.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern fovea_error error;
extern fovea_model* model;
extern fovea_session* session;
extern fovea_session_options options;
extern fovea_run_options run;
extern const fovea_tokenizer* tokenizer;
extern const char* text;
extern int32_t id, ids[512];
extern size_t count, length, vocabulary;
extern const float* logits;

extern fovea_recorder* recorder;
extern fovea_statistics* statistics;
extern fovea_mean_maps* maps;
extern fovea_value_norms* norms;
extern fovea_detokenizer* stream;
extern fovea_sampler* sampler;
extern fovea_gguf_writer* writer;

extern size_t layers, heads_per_layer, heads, value_dim, query, key;
extern float *cells, *rollout, *output, *weights;
extern const float *q, *k, *v, *values, *norm;
extern double loss;

#endif /* FOVEA_TESTS_DOCUMENTATION_PREAMBLE_H_ */
