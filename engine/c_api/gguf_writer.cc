// Writing GGUF files for C callers.

#include "fovea/gguf_writer.h"

#include <span>
#include <utility>
#include <vector>

#include "engine/c_api/data_types.h"
#include "engine/c_api/errors.h"
#include "engine/c_api/memory.h"
#include "fovea/fovea.h"
#include "fovea/status_macros.h"

namespace c_api = fovea::c_api;
using fovea::Status;

struct fovea_gguf_writer {
  fovea_gguf_writer(c_api::Memory host, fovea::GgufWriter made)
      : memory(host), writer(std::move(made)) {}

  c_api::Memory memory;
  fovea::GgufWriter writer;
};

namespace {

/// A step of a writer that has a name: add(writer) or describe(writer).
template <typename Step>
fovea_status Named(fovea_gguf_writer* writer, const char* name, fovea_error* error,
                   const Step& step) {
  return c_api::Guarded(error, [&]() -> Status {
    if (writer == nullptr) return c_api::NullArgument("writer");
    if (name == nullptr) return c_api::NullArgument("the name");
    return step(writer->writer);
  });
}

std::span<const std::byte> Bytes(const void* bytes, std::size_t size) {
  return {static_cast<const std::byte*>(bytes), size};
}

}  // namespace

fovea_status fovea_gguf_writer_create(const char* path, fovea_gguf_writer** writer,
                                      fovea_error* error) {
  if (writer != nullptr) *writer = nullptr;
  return c_api::Guarded(error, [&]() -> Status {
    if (path == nullptr) return c_api::NullArgument("path");
    if (writer == nullptr) return c_api::NullArgument("writer");
    auto made = fovea::GgufWriter::Create(path);
    FOVEA_RETURN_IF_ERROR(made);
    return c_api::HandOut(c_api::NewHandle<fovea_gguf_writer>(c_api::Memory(), std::move(*made)),
                          writer);
  });
}

void fovea_gguf_writer_free(fovea_gguf_writer* writer) {
  c_api::DeleteHandle(writer);
}

fovea_status fovea_gguf_add_text(fovea_gguf_writer* writer, const char* key, const char* text,
                                 fovea_error* error) {
  return Named(writer, key, error, [&](fovea::GgufWriter& to) {
    return text == nullptr ? c_api::NullArgument("text") : to.AddText(key, text);
  });
}

fovea_status fovea_gguf_add_u32(fovea_gguf_writer* writer, const char* key, uint32_t value,
                                fovea_error* error) {
  return Named(writer, key, error, [&](fovea::GgufWriter& to) { return to.AddNumber(key, value); });
}

fovea_status fovea_gguf_add_f32(fovea_gguf_writer* writer, const char* key, float value,
                                fovea_error* error) {
  return Named(writer, key, error, [&](fovea::GgufWriter& to) { return to.AddNumber(key, value); });
}

fovea_status fovea_gguf_add_raw(fovea_gguf_writer* writer, const char* key, uint32_t type,
                                const void* bytes, size_t size, fovea_error* error) {
  return Named(writer, key, error, [&](fovea::GgufWriter& to) {
    return bytes == nullptr ? c_api::NullArgument("bytes")
                            : to.AddRaw(key, type, Bytes(bytes, size));
  });
}

fovea_status fovea_gguf_describe(fovea_gguf_writer* writer, const char* name, const char* type,
                                 const uint64_t* shape, size_t rank, fovea_error* error) {
  return Named(writer, name, error, [&](fovea::GgufWriter& to) -> Status {
    fovea::DataType known{};
    FOVEA_RETURN_IF_ERROR(c_api::ReadDataType(type, &known));
    if (shape == nullptr) return c_api::NullArgument("shape");
    if (rank > 4) return {fovea::StatusCode::kInvalidArgument, "a tensor has 1 to 4 dimensions"};
    return to.Describe(name, known, std::vector<std::uint64_t>(shape, shape + rank));
  });
}

fovea_status fovea_gguf_append(fovea_gguf_writer* writer, const void* bytes, size_t size,
                               fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (writer == nullptr) return c_api::NullArgument("writer");
    if (bytes == nullptr && size != 0) return c_api::NullArgument("bytes");
    return writer->writer.Append(Bytes(bytes, size));
  });
}

fovea_status fovea_gguf_finish(fovea_gguf_writer* writer, fovea_error* error) {
  return c_api::Guarded(error, [&]() -> Status {
    if (writer == nullptr) return c_api::NullArgument("writer");
    return writer->writer.Finish();
  });
}
