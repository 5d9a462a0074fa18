// What the rows of several architectures do alike: sizes, norms, activations, windows, rotary
// positions. Functions read one part of config.json and write its keys.
#ifndef FOVEA_MODEL_LOAD_FOLDER_TRANSLATE_H_
#define FOVEA_MODEL_LOAD_FOLDER_TRANSLATE_H_

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "engine/model/load/folder/architecture.h"

namespace fovea::model {

// Limits on what a file may claim: those of read_hyperparameters.cc. Products of three of them stay
// below 2^63.
inline constexpr std::size_t kMaxFolderLayers = 1024;
inline constexpr std::size_t kMaxFolderWidth = std::size_t{1} << 20U;
inline constexpr std::size_t kMaxFolderHeads = std::size_t{1} << 14U;
inline constexpr std::size_t kMaxFolderContext = std::size_t{1} << 28U;

/// Layers, widths, heads, vocabulary and context, by whichever names the configuration has them.
/// Sets block_count, embedding_length, feed_forward_length, attention.head_count[_kv],
/// attention.key_length and .value_length where they do not follow from these, context_length,
/// vocab_size.
void TranslateSizes(const Translation& t);

/// attention.layer_norm_rms_epsilon or attention.layer_norm_epsilon.
void TranslateRmsEpsilon(const Translation& t, ConfigNames names, float fallback);
void TranslateLayerEpsilon(const Translation& t, ConfigNames names, float fallback);

/// The activation in our words: "gelu" (exact), "gelu_new", "relu" or "silu". One that is not
/// among `allowed` is refused by name.
std::string_view ReadActivation(const Translation& t, ConfigNames names, std::string_view fallback,
                                std::initializer_list<std::string_view> allowed);

/// attention.sliding_window, and attention.sliding_window_pattern: 1 for each layer with a window,
/// or the number of layers of which the last sees everything. Nothing if no layer has a window.
void TranslateWindows(const Translation& t);

/// rope.freq_base, rope.dimension_count (facts.rotated) and rope.scaling.*; the tensors
/// rope_freqs.weight, rope_factors_long.weight and rope_factors_short.weight are computed.
void TranslateRope(const Translation& t, float default_base);
/// The same from an object that holds base and scaling.
void TranslateRopeSection(const Translation& t, const ConfigSection& section, float default_base);

/// `share` of the head's width is rotated, rounded down.
void SetRotated(const Translation& t, float share);

/// What encoders say besides: attention.causal false, attention.layer_norm_epsilon, and the labels
/// of a classification head as classifier.output_labels. What makes them decoders is refused.
void TranslateEncoder(const Translation& t, ConfigNames epsilon);

/// Value head_dim^-0.5 is the engine's own; another becomes attention.scale.
void TranslateQueryScalar(const Translation& t);

}  // namespace fovea::model

#endif  // FOVEA_MODEL_LOAD_FOLDER_TRANSLATE_H_
