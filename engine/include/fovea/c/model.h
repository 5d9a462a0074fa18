/** @file
 * Models: loaded from a file or from memory, immutable, shared by threads and sessions. Part of the
 * C API; include fovea/fovea.h, which says what holds for every function.
 */
#ifndef FOVEA_C_MODEL_H_
#define FOVEA_C_MODEL_H_

#include "fovea/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A loaded model; opaque, immutable, shared by threads. */
typedef struct fovea_model fovea_model;

/** How a model file is loaded; all may be 0. */
typedef struct fovea_model_options {
  size_t struct_size; /**< sizeof this struct, set by the caller. */
  /** Refuse to load if weights and metadata need more bytes than this; 0: no limit. */
  size_t max_memory;
  /** NULL: malloc and free. Copied. */
  const fovea_allocator* allocator;
  /** Not 0: map the file instead of reading it. Needs less memory of its own and shares pages
   * between processes; the file must not change while the model lives. For fovea_model_load_memory:
   * use the caller's bytes where they are instead of copying them; they must begin at a multiple of
   * 32, must not change, and must live until the model and its last session are freed. */
  int32_t map;
  /** Not 0: leave quantized matrices as the file has them. Otherwise they are rearranged in place
   * for faster generation (the same bits; not possible with `map`). */
  int32_t no_pack;
  /** Not 0: check every weight for NaN and infinity (one pass over the file). */
  int32_t check_finite;
  /** Not 0: leave out fovea_model_info.content_hash, which costs one pass over the file. */
  int32_t no_content_hash;
} fovea_model_options;

/** Reads and validates a GGUF file of a supported family (fovea_family_name). `options` may be
 * NULL. On success *model must be freed with fovea_model_free. Errors name the file and the key or
 * tensor: FOVEA_NOT_FOUND, FOVEA_IO_ERROR, FOVEA_MALFORMED, FOVEA_UNSUPPORTED,
 * FOVEA_LIMIT_EXCEEDED, FOVEA_OUT_OF_MEMORY. Thread-safe.
 *
 * @code
 * fovea_error error;
 * fovea_model* model;
 * if (fovea_model_load("model.gguf", NULL, &model, &error)) return puts(error.message);
 * @endcode
 */
FOVEA_API fovea_status fovea_model_load(const char* path, const fovea_model_options* options,
                                        fovea_model** model, fovea_error* error);

/** The same for a GGUF file of `size` bytes in memory: for systems without files, and for models
 * that are part of the program. The bytes are copied unless options->map. `name` stands for the
 * path in messages; NULL: "buffer". Thread-safe.
 *
 * @code
 * static const unsigned char file[] = {'G', 'G', 'U', 'F'};   // and so on: #embed, xxd -i
 * fovea_model_load_memory(file, sizeof file, "built in", NULL, &model, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_model_load_memory(const void* bytes, size_t size, const char* name,
                                               const fovea_model_options* options,
                                               fovea_model** model, fovea_error* error);

/** Gives the handle back. Sessions, detokenizers and other things made from the model stay usable;
 * its memory goes with the last of them. */
FOVEA_API void fovea_model_free(fovea_model* model);

/** How the place of a token in its sequence enters the computation. */
typedef int32_t fovea_position;
enum {
  FOVEA_POSITION_ROPE_INTERLEAVED = 0, /**< Rotary: values 2i and 2i + 1 of a head together. */
  FOVEA_POSITION_ROPE_HALVES = 1,      /**< Rotary: values i and i + half of the rotated ones. */
  FOVEA_POSITION_LEARNED = 2,          /**< A learned vector is added to the embedding. */
  FOVEA_POSITION_SINUSOIDAL = 3,       /**< A fixed vector of sines and cosines is added. */
  FOVEA_POSITION_ALIBI = 4,            /**< Scores fall linearly with distance. */
  FOVEA_POSITION_RELATIVE_BUCKETS = 5  /**< A learned bias per head and bucket of distances. */
};

/** How rotary angles are stretched for contexts longer than the one of the training. */
typedef int32_t fovea_rope_scaling;
enum {
  FOVEA_ROPE_SCALING_NONE = 0,
  FOVEA_ROPE_SCALING_LINEAR = 1,
  FOVEA_ROPE_SCALING_YARN = 2,
  FOVEA_ROPE_SCALING_LLAMA3 = 3,
  FOVEA_ROPE_SCALING_LONGROPE = 4
};

/** Which stacks of layers a model has. */
typedef int32_t fovea_model_kind;
enum {
  FOVEA_MODEL_DECODER = 0,        /**< One causal stack that continues a text (GPT, Llama). */
  FOVEA_MODEL_ENCODER = 1,        /**< One stack, every token attends to the whole text (BERT). */
  FOVEA_MODEL_ENCODER_DECODER = 2 /**< A decoder that also attends to an encoder's output (T5). */
};

/** How the hidden states of a text become one vector. */
typedef int32_t fovea_pooling;
enum {
  FOVEA_POOLING_NONE = 0, /**< Of a model: its file states none. */
  FOVEA_POOLING_MEAN = 1, /**< The mean over all tokens. */
  FOVEA_POOLING_CLS = 2,  /**< That of the first token. */
  FOVEA_POOLING_LAST = 3  /**< That of the last token. */
};

/** The hyperparameters of a model, as its file states them. Texts and arrays live as long as the
 * model. Sizes of layers and heads are the decoder's, or the encoder's of a model that has no
 * decoder; those that begin with encoder_ are the encoder's of either, and 0 of a decoder. */
typedef struct fovea_model_info {
  size_t struct_size;      /**< sizeof this struct, set by the caller. */
  const char* path;        /**< As given to fovea_model_load, or the name of a buffer. */
  const char* family;      /**< GGUF's general.architecture, e.g. "llama". */
  const char* name;        /**< general.name; may be empty. */
  size_t layers;           /**< Transformer blocks. */
  size_t heads;            /**< Query heads per layer. */
  size_t kv_heads;         /**< Key/value heads per layer; divides heads. */
  size_t head_dim;         /**< Width of a query or key head. */
  size_t value_dim;        /**< Width of a value head. */
  size_t hidden_size;      /**< Embedding length. */
  size_t ffn_size;         /**< Feed-forward length. */
  size_t vocabulary;       /**< Token ids: 0 … vocabulary - 1. */
  size_t context;          /**< Tokens that it was trained for. */
  const char* weight_type; /**< The type that holds most bytes, e.g. "Q8_0". */
  /** Fingerprint of the bytes that were loaded: XXH3 of 128 bits, 32 hex digits, as the command
   * xxh128sum prints them; "" with no_content_hash. */
  const char* content_hash;
  const size_t* windows;           /**< [layers] sliding window of each layer; 0: full attention. */
  uint64_t parameters;             /**< Weights counted. */
  uint64_t weight_bytes;           /**< Bytes of all tensors in the file. */
  uint64_t file_bytes;             /**< Bytes of the whole file. */
  float rope_base;                 /**< Base of the rotary angles. */
  float rope_factor;               /**< How far the context was stretched; 1: not. */
  float attention_scale;           /**< Multiplies q . k. */
  float attention_softcap;         /**< 0: none. */
  float logit_softcap;             /**< 0: none. */
  fovea_position position;         /**< How positions enter. */
  fovea_rope_scaling rope_scaling; /**< How rotary angles are stretched. */
  int32_t reserved;                /**< 0 */
  size_t encoder_layers;           /**< Transformer blocks of the encoder. */
  size_t encoder_heads;            /**< Query heads per layer of the encoder. */
  size_t encoder_kv_heads;         /**< Key/value heads per layer of the encoder. */
  size_t encoder_head_dim;         /**< Width of a query or key head of the encoder. */
  size_t encoder_value_dim;        /**< Width of a value head of the encoder. */
  size_t encoder_hidden_size;      /**< Width of the encoder's output. */
  fovea_model_kind kind;           /**< Which stacks there are. */
  fovea_pooling pooling;           /**< How one vector of a text is made, if the file says. */
  int32_t decoder_start_token;     /**< First token of an encoder-decoder's output; -1: none. */
  int32_t has_logits; /**< Not 0: positions have logits; all but encoders without a head. */
} fovea_model_info;

/** Fills *info as far as its struct_size goes. FOVEA_INVALID_ARGUMENT for NULL or a struct_size
 * that was not set. Thread-safe.
 *
 * @code
 * fovea_model_info info = {.struct_size = sizeof info};
 * fovea_model_get_info(model, &info);
 * printf("%zu layers of %zu heads\n", info.layers, info.heads);
 * @endcode
 */
FOVEA_API fovea_status fovea_model_get_info(const fovea_model* model, fovea_model_info* info);

/** One tensor of the file; valid during the call of the visitor only. */
typedef struct fovea_tensor_info {
  size_t struct_size;    /**< Set by the library. */
  const char* name;      /**< As in the file. */
  const char* type;      /**< "F32", "Q8_0", … */
  const uint64_t* shape; /**< [rank], outermost first: rows, columns. */
  size_t rank;           /**< Dimensions, 1 to 4. */
  uint64_t bytes;        /**< Bytes of its data. */
} fovea_tensor_info;

/** Calls visit(user, tensor) for every tensor in file order. FOVEA_OUT_OF_MEMORY. Thread-safe.
 *
 * @code
 * static void show(void* user, const fovea_tensor_info* tensor) { puts(tensor->name); }
 * fovea_model_visit_tensors(model, show, NULL, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_model_visit_tensors(const fovea_model* model,
                                                 void (*visit)(void* user,
                                                               const fovea_tensor_info* tensor),
                                                 void* user, fovea_error* error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_MODEL_H_ */
