// The border that no exception crosses, and the translation of Status to what C callers get.
#ifndef FOVEA_C_API_ERRORS_H_
#define FOVEA_C_API_ERRORS_H_

#include <string>
#include <string_view>

#include "fovea/fovea.h"
#include "fovea/status.h"
#include "platform/exceptions.h"

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
  return platform::ContainExceptions(
      [&] {
        const Status status = body();
        if (status.ok()) return fovea_status{FOVEA_OK};
        return Fail(error, static_cast<fovea_status>(status.code()), status.message());
      },
      [error](const platform::Thrown& thrown) {
        return Fail(error, thrown.out_of_memory ? FOVEA_OUT_OF_MEMORY : FOVEA_INTERNAL,
                    thrown.text);
      });
}

}  // namespace fovea::c_api

#endif  // FOVEA_C_API_ERRORS_H_
