// Encoding numbers and quantizing files for C callers.

#include "fovea/quantize.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/c_api/callbacks.h"
#include "engine/c_api/data_types.h"
#include "engine/c_api/errors.h"
#include "engine/c_api/structs.h"
#include "fovea/fovea.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;

namespace {

fovea_quantization_error ToC(const fovea::QuantizationError& from) {
  return {.squared_error = from.squared_error,
          .squared_norm = from.squared_norm,
          .largest = from.largest,
          .reserved = 0};
}

void Report(const fovea::QuantizedTensor& from, const fovea_quantize_options& options) {
  // Names of types are literals.
  const fovea_quantized_tensor tensor = {.struct_size = sizeof(tensor),
                                         .name = from.name.c_str(),
                                         .from = fovea::DataTypeName(from.from).data(),
                                         .to = fovea::DataTypeName(from.to).data(),
                                         .bytes_before = from.bytes_before,
                                         .bytes = from.bytes,
                                         .change = ToC(from.error)};
  options.on_tensor(options.user, &tensor);
}

}  // namespace

const char* fovea_encodable_type(size_t index) {
  const auto types = fovea::EncodableTypes();
  return index < types.size() ? fovea::DataTypeName(types[index]).data() : nullptr;
}

size_t fovea_encoded_bytes(const char* type, size_t values) {
  std::size_t bytes = 0;
  const fovea_status status = c_api::Guarded(nullptr, [&]() -> Status {
    fovea::DataType known{};
    FOVEA_RETURN_IF_ERROR(c_api::ReadDataType(type, &known));
    bytes = fovea::EncodedBytes(known, values);
    return Status::Ok();
  });
  return status == FOVEA_OK ? bytes : 0;
}

fovea_status fovea_encode(const char* type, const float* values, size_t count, void* bytes,
                          size_t size, fovea_quantization_error* change, fovea_error* error) {
  if (change != nullptr) *change = {};
  return c_api::Guarded(error, [&]() -> Status {
    fovea::DataType known{};
    FOVEA_RETURN_IF_ERROR(c_api::ReadDataType(type, &known));
    if (values == nullptr) return c_api::NullArgument("values");
    if (bytes == nullptr) return c_api::NullArgument("bytes");
    const auto encoded =
        fovea::Encode(known, {values, count}, {static_cast<std::byte*>(bytes), size});
    FOVEA_RETURN_IF_ERROR(encoded);
    if (change != nullptr) *change = ToC(*encoded);
    return Status::Ok();
  });
}

fovea_status fovea_decode(const char* type, const void* bytes, size_t size, float* values,
                          size_t count, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    fovea::DataType known{};
    FOVEA_RETURN_IF_ERROR(c_api::ReadDataType(type, &known));
    if (values == nullptr) return c_api::NullArgument("values");
    if (bytes == nullptr) return c_api::NullArgument("bytes");
    return fovea::Decode(known, {static_cast<const std::byte*>(bytes), size}, {values, count});
  });
}

fovea_status fovea_quantize_file(const char* input, const char* output, const char* type,
                                 const fovea_quantize_options* options,
                                 fovea_quantization_error* change, fovea_error* error) {
  if (change != nullptr) *change = {};
  return c_api::Guarded(error, [&]() -> Status {
    if (input == nullptr) return c_api::NullArgument("input");
    if (output == nullptr) return c_api::NullArgument("output");
    fovea::QuantizeOptions wanted;
    FOVEA_RETURN_IF_ERROR(c_api::ReadDataType(type, &wanted.type));
    fovea_quantize_options read;
    FOVEA_RETURN_IF_ERROR(c_api::ReadOptions(options, "fovea_quantize_options", &read));
    wanted.pure = read.pure != 0;
    if (read.threads != 0) wanted.threads = read.threads;
    wanted.cancelled = c_api::CancelledOf(&read);
    if (read.on_progress != nullptr) {
      wanted.on_progress = [&read](double done, const std::string&) {
        read.on_progress(read.user, done);
      };
    }
    const auto report = fovea::QuantizeFile(input, output, wanted);
    FOVEA_RETURN_IF_ERROR(report);
    if (change != nullptr) *change = ToC(report->error);
    if (read.on_tensor == nullptr) return Status::Ok();
    for (const fovea::QuantizedTensor& tensor : report->tensors) Report(tensor, read);
    return Status::Ok();
  });
}
