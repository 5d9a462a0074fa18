// The border that no exception crosses, and the translation of Status to what C callers get.
#ifndef FOVEA_C_API_ERRORS_H_
#define FOVEA_C_API_ERRORS_H_

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include "fovea/fovea.h"
#include "fovea/status.h"

namespace fovea::c_api {

/// Codes that only the C API has.
inline constexpr auto kBufferTooSmall = static_cast<StatusCode>(FOVEA_BUFFER_TOO_SMALL);

/// Fills *error (may be null) and returns the code. Allocates nothing.
fovea_status Fail(fovea_error* error, fovea_status code, std::string_view message) noexcept;

/// "model must not be NULL"
Status NullArgument(const char* name);

/// Calls body(), which returns a Status, and turns what it returns or throws into a code and a
/// text.
template <typename Body>
fovea_status Guarded(fovea_error* error, const Body& body) noexcept {
  try {
    const Status status = body();
    if (status.ok()) return FOVEA_OK;
    return Fail(error, static_cast<fovea_status>(status.code()), status.message());
  } catch (const std::bad_alloc&) {
    return Fail(error, FOVEA_OUT_OF_MEMORY, "not enough memory");
  } catch (const std::exception& exception) {
    return Fail(error, FOVEA_INTERNAL, exception.what());
  } catch (...) {
    return Fail(error, FOVEA_INTERNAL, "an exception of unknown type");
  }
}

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_ERRORS_H_
