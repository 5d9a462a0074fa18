/** @file
 * Smaller models: rows of numbers and whole GGUF files in the block types of weights, and GGUF
 * files written piece by piece. Part of the C API; include fovea/fovea.h, which says what holds for
 * every function. Types go by the names that GGUF tools print: "F32", "F16", "BF16", "Q8_0",
 * "Q4_K", …
 */
#ifndef FOVEA_C_QUANTIZE_H_
#define FOVEA_C_QUANTIZE_H_

#include "fovea/c/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What encoding changed. */
typedef struct fovea_quantization_error {
  double squared_error; /**< Sum of (decoded - original)^2. */
  double squared_norm;  /**< Sum of original^2. */
  float largest;        /**< The largest |decoded - original|. */
  int32_t reserved;     /**< 0 */
} fovea_quantization_error;

/** The types that numbers can be encoded to, largest first; NULL from the first index beyond them.
 * Thread-safe. */
FOVEA_API const char* fovea_encodable_type(size_t index);

/** Bytes that `values` numbers take; 0 for an unknown type or if they are no multiple of its block.
 * Thread-safe. */
FOVEA_API size_t fovea_encoded_bytes(const char* type, size_t values);

/** Encodes `count` values, whole blocks, into `bytes` of `size` = fovea_encoded_bytes(type, count).
 * *change may be NULL. FOVEA_NON_FINITE, FOVEA_LIMIT_EXCEEDED for a magnitude beyond the type's
 * scales, FOVEA_INVALID_ARGUMENT. The same numbers give the same bytes on every machine.
 * Thread-safe.
 *
 * @code
 * size_t size = fovea_encoded_bytes("Q8_0", 4096);
 * void* bytes = malloc(size);
 * fovea_encode("Q8_0", values, 4096, bytes, size, NULL, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_encode(const char* type, const float* values, size_t count,
                                    void* bytes, size_t size, fovea_quantization_error* change,
                                    fovea_error* error);
/** The reverse, for all types that files may have. Thread-safe. */
FOVEA_API fovea_status fovea_decode(const char* type, const void* bytes, size_t size, float* values,
                                    size_t count, fovea_error* error);

/** One tensor of a file that was quantized; valid during the callback only. */
typedef struct fovea_quantized_tensor {
  size_t struct_size;              /**< Set by the library. */
  const char* name;                /**< As in the file. */
  const char* from;                /**< Type in the input. */
  const char* to;                  /**< Type in the output. */
  uint64_t bytes_before;           /**< Bytes of its data in the input. */
  uint64_t bytes;                  /**< Bytes of its data. */
  fovea_quantization_error change; /**< Zero where nothing was encoded. */
} fovea_quantized_tensor;

/** Callbacks may be NULL and come on the calling thread. */
typedef struct fovea_quantize_options {
  size_t struct_size;               /**< sizeof this struct, set by the caller. */
  void* user;                       /**< Passed to the callbacks. */
  int32_t (*cancelled)(void* user); /**< Asked every few megabytes; not 0: FOVEA_CANCELLED. */
  void (*on_progress)(void* user, double done); /**< As often, from 0 to 1. */
  /** Called for every tensor in file order when all is written. */
  void (*on_tensor)(void* user, const fovea_quantized_tensor* tensor);
  size_t threads; /**< The caller's included; 0: 1. The file is the same for any number. */
  int32_t pure;   /**< Not 0: give the output matrix the type too; otherwise it keeps more bits. */
  int32_t reserved; /**< 0 */
} fovea_quantize_options;

/** Writes a GGUF file with the matrices of another in a different type; norms and vectors stay. The
 * output appears when all is well and never half-written. *change (may be NULL) is the error over
 * all tensors. `options` may be NULL. Errors name the file and the tensor. Thread-safe.
 *
 * @code
 * fovea_quantize_file("f16.gguf", "q4.gguf", "Q4_K", NULL, NULL, &error);
 * @endcode
 */
FOVEA_API fovea_status fovea_quantize_file(const char* input, const char* output, const char* type,
                                           const fovea_quantize_options* options,
                                           fovea_quantization_error* change, fovea_error* error);

/* ---------------------------------------------------------------------------------------------
 * Writing GGUF files (version 3)
 */

/** Writes one file; opaque, for one thread at a time. */
typedef struct fovea_gguf_writer fovea_gguf_writer;

/** In this order: create, add and describe (keys and tensors in any order), append the bytes of
 * every tensor, finish. The file appears under its name when finish succeeds; a writer that is
 * freed before leaves nothing behind. After a failure only free may follow. A writer belongs to one
 * thread at a time.
 *
 * @code
 * fovea_gguf_writer_create("out.gguf", &writer, &error);
 * fovea_gguf_add_text(writer, "general.architecture", "llama", &error);
 * uint64_t width = 288;
 * fovea_gguf_describe(writer, "output_norm.weight", "F32", &width, 1, &error);
 * fovea_gguf_append(writer, norm, width * sizeof(float), &error);
 * fovea_gguf_finish(writer, &error);
 * fovea_gguf_writer_free(writer);
 * @endcode
 */
FOVEA_API fovea_status fovea_gguf_writer_create(const char* path, fovea_gguf_writer** writer,
                                                fovea_error* error);
/** Gives the handle back. Does nothing for NULL. */
FOVEA_API void fovea_gguf_writer_free(fovea_gguf_writer* writer);

/** One key. Other kinds of values go through fovea_gguf_add_raw. */
FOVEA_API fovea_status fovea_gguf_add_text(fovea_gguf_writer* writer, const char* key,
                                           const char* text, fovea_error* error);
/** A key with an unsigned 32-bit integer. */
FOVEA_API fovea_status fovea_gguf_add_u32(fovea_gguf_writer* writer, const char* key,
                                          uint32_t value, fovea_error* error);
/** A key with a 32-bit float. */
FOVEA_API fovea_status fovea_gguf_add_f32(fovea_gguf_writer* writer, const char* key, float value,
                                          fovea_error* error);
/** A value as the file stores it: GGUF's number for its type (9: an array) and its `size` bytes,
 * little-endian, which are not looked at. */
FOVEA_API fovea_status fovea_gguf_add_raw(fovea_gguf_writer* writer, const char* key, uint32_t type,
                                          const void* bytes, size_t size, fovea_error* error);

/** One more tensor: shape [rank], 1 to 4 dimensions; shape[0] is the contiguous one (columns) and a
 * multiple of the type's block. */
FOVEA_API fovea_status fovea_gguf_describe(fovea_gguf_writer* writer, const char* name,
                                           const char* type, const uint64_t* shape, size_t rank,
                                           fovea_error* error);

/** The next `size` bytes of the tensors' data, in the order of their descriptions; a piece may end
 * inside a tensor, but not in the next one. */
FOVEA_API fovea_status fovea_gguf_append(fovea_gguf_writer* writer, const void* bytes, size_t size,
                                         fovea_error* error);

/** Gives the file its name. FOVEA_INVALID_ARGUMENT if bytes of a tensor are missing. */
FOVEA_API fovea_status fovea_gguf_finish(fovea_gguf_writer* writer, fovea_error* error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* FOVEA_C_QUANTIZE_H_ */
