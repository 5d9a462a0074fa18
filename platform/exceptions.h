// The one place that knows of exceptions. Our code throws none; what may throw are the containers
// of the C++ library, when memory ends or a size is absurd. Where a call of the public API uses
// them, one of the functions below turns that into an error value. Compiled with -fno-exceptions
// they only call the body: the C++ library then ends the program instead of throwing, so large
// blocks of memory never come from its containers (aligned_buffer.h).
#ifndef FOVEA_PLATFORM_EXCEPTIONS_H_
#define FOVEA_PLATFORM_EXCEPTIONS_H_

#if defined(__cpp_exceptions)
#include <exception>
#include <new>
#endif

namespace fovea::platform {

/// body(), or otherwise() if the C++ library has no memory for it.
/// Example: `return IfMemoryLasts([&] { return Make(); }, [] { return Status(kOutOfMemory, "…");
/// });`
template <typename Body, typename Otherwise>
auto IfMemoryLasts(const Body& body, [[maybe_unused]] const Otherwise& otherwise)
    -> decltype(body()) {
#if defined(__cpp_exceptions)
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return otherwise();
  }
#else
  return body();
#endif
}

/// What ended a body early. `text` is valid during the call that it is passed to.
struct Thrown {
  bool out_of_memory = false;
  const char* text = "";
};

/// body(), or otherwise(Thrown) for anything that leaves it by an exception.
template <typename Body, typename Otherwise>
auto ContainExceptions(const Body& body, [[maybe_unused]] const Otherwise& otherwise)
    -> decltype(body()) {
#if defined(__cpp_exceptions)
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return otherwise(Thrown{.out_of_memory = true, .text = "not enough memory"});
  } catch (const std::exception& exception) {
    return otherwise(Thrown{.text = exception.what()});
  } catch (...) {
    return otherwise(Thrown{.text = "an exception of unknown type"});
  }
#else
  return body();
#endif
}

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_EXCEPTIONS_H_
