/* Encoding numbers, quantizing a file, and writing one, from C. */

#include <math.h>

#include "tests/c_api/check.h"

static void NumbersComeBackNearly(void) {
  float values[64];
  float back[64];
  unsigned char bytes[128];
  fovea_error error;
  fovea_quantization_error change;
  for (int i = 0; i < 64; ++i) values[i] = (float)(i - 32) / 31.0f;
  CHECK_TEXT(fovea_encodable_type(0), "F32");
  CHECK(fovea_encodable_type(1000) == NULL);
  CHECK(fovea_encoded_bytes("Q8_0", 64) == 68 && fovea_encoded_bytes("Q8_0", 63) == 0);
  CHECK(!fovea_encode("Q8_0", values, 64, bytes, 68, &change, &error));
  CHECK(!fovea_decode("Q8_0", bytes, 68, back, 64, &error));
  double squared = 0.0;
  for (int i = 0; i < 64; ++i) {
    CHECK(fabsf(back[i] - values[i]) < 1.1f / 127.0f);
    squared += pow((double)back[i] - (double)values[i], 2.0);
  }
  CHECK(fabs(change.squared_error - squared) < 1e-9 && change.squared_norm > 20.0);
  CHECK_ERROR(fovea_encode("Q8_1", values, 64, bytes, 68, NULL, &error), FOVEA_INVALID_ARGUMENT,
              error, "Q8_1");
  CHECK(fovea_encode("Q8_0", values, 64, bytes, 67, NULL, NULL) == FOVEA_INVALID_ARGUMENT);
}

typedef struct Tensors {
  size_t count, q4;
  double done;
} Tensors;

static void OnTensor(void* user, const fovea_quantized_tensor* tensor) {
  Tensors* tensors = user;
  ++tensors->count;
  if (strcmp(tensor->to, "Q4_0") == 0) ++tensors->q4;
  CHECK(tensor->bytes > 0 && strlen(tensor->name) > 0 && strlen(tensor->from) > 1);
}

static void OnProgress(void* user, double done) {
  Tensors* tensors = user;
  CHECK(done >= tensors->done && done <= 1.0);
  tensors->done = done;
}

static int32_t Always(void* user) {
  (void)user;
  return 1;
}

static void AFileGetsSmaller(const char* output) {
  fovea_error error;
  fovea_model* model;
  Tensors tensors = {0, 0, 0.0};
  fovea_quantize_options options = {.struct_size = sizeof options,
                                    .user = &tensors,
                                    .on_progress = OnProgress,
                                    .on_tensor = OnTensor};
  fovea_quantization_error change;
  CHECK(!fovea_quantize_file(MODEL, output, "Q4_0", &options, &change, &error));
  CHECK(tensors.count > 40 && tensors.q4 > 20 && tensors.done == 1.0);
  CHECK(change.squared_error > 0.0 && change.squared_error < 0.05 * change.squared_norm);
  NEED(!fovea_model_load(output, NULL, &model, &error));
  fovea_model_info info = {.struct_size = sizeof info};
  CHECK(!fovea_model_get_info(model, &info));
  CHECK_TEXT(info.weight_type, "Q4_0");
  fovea_model_free(model);
  remove(output);
  options.on_progress = NULL;
  options.cancelled = Always;
  CHECK(fovea_quantize_file(MODEL, output, "Q4_0", &options, NULL, NULL) == FOVEA_CANCELLED);
  CHECK(fopen(output, "rb") == NULL);
  CHECK_ERROR(fovea_quantize_file("/no/such.gguf", output, "Q4_0", NULL, NULL, &error),
              FOVEA_NOT_FOUND, error, "/no/such.gguf");
}

static void AFileIsWrittenPieceByPiece(const char* path) {
  fovea_error error;
  fovea_gguf_writer* writer;
  const uint64_t shape[] = {4, 2};
  const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  const unsigned char yes = 1;
  NEED(!fovea_gguf_writer_create(path, &writer, &error));
  CHECK(!fovea_gguf_add_text(writer, "general.architecture", "none", &error));
  CHECK(!fovea_gguf_add_u32(writer, "some.number", 7, &error));
  CHECK(!fovea_gguf_add_f32(writer, "some.float", 0.5f, &error));
  CHECK(!fovea_gguf_add_raw(writer, "some.flag", 7, &yes, 1, &error));
  CHECK(!fovea_gguf_describe(writer, "some.weight", "F32", shape, 2, &error));
  CHECK(!fovea_gguf_append(writer, values, 12, &error));
  CHECK(!fovea_gguf_append(writer, values + 3, 20, &error));
  CHECK(!fovea_gguf_finish(writer, &error));
  fovea_gguf_writer_free(writer);
  /* It is a whole GGUF file, of a family that is none. */
  fovea_model* model;
  CHECK_ERROR(fovea_model_load(path, NULL, &model, &error), FOVEA_UNSUPPORTED, error, "none");
  remove(path);

  NEED(!fovea_gguf_writer_create(path, &writer, &error));
  CHECK(!fovea_gguf_describe(writer, "some.weight", "F32", shape, 2, &error));
  CHECK(fovea_gguf_finish(writer, &error) == FOVEA_INVALID_ARGUMENT);
  fovea_gguf_writer_free(writer);
  CHECK(fopen(path, "rb") == NULL);
}

int main(void) {
  NumbersComeBackNearly();
  AFileGetsSmaller("c_api_quantize_test.gguf");
  AFileIsWrittenPieceByPiece("c_api_writer_test.gguf");
  return Result();
}
