// Versions, names of codes, instruction sets and families.

#include <string_view>
#include <vector>

#include "fovea/fovea.h"
#include "fovea/isa.h"
#include "fovea/model.h"
#include "fovea/status.h"
#include "platform/exceptions.h"

namespace {

/// Texts of the list's elements are literals, so they end with a zero byte.
template <typename List, typename Name>
const char* NameAt(const List& list, std::size_t index, const Name& name) noexcept {
  return fovea::platform::ContainExceptions(
      [&]() -> const char* {
        const auto items = list();
        return index < items.size() ? name(items[index]).data() : nullptr;
      },
      [](const fovea::platform::Thrown&) -> const char* { return nullptr; });
}

}  // namespace

#define FOVEA_TEXT_OF(x) #x
#define FOVEA_DOTTED(a, b, c) FOVEA_TEXT_OF(a) "." FOVEA_TEXT_OF(b) "." FOVEA_TEXT_OF(c)

const char* fovea_version(void) {
  return FOVEA_DOTTED(FOVEA_VERSION_MAJOR, FOVEA_VERSION_MINOR, FOVEA_VERSION_PATCH);
}

const char* fovea_status_name(fovea_status status) {
  switch (status) {
    case FOVEA_BUFFER_TOO_SMALL: return "buffer too small";
    case FOVEA_BUSY: return "busy";
    case FOVEA_INTERNAL: return "internal error";
    default: break;
  }
  if (status < FOVEA_OK || status > FOVEA_NON_FINITE) return "unknown";
  return fovea::StatusCodeName(static_cast<fovea::StatusCode>(status));
}

const char* fovea_isa_name(size_t index) {
  return NameAt(fovea::AvailableIsas, index, fovea::IsaName);
}

const char* fovea_family_name(size_t index) {
  return NameAt(fovea::SupportedFamilies, index, [](std::string_view name) { return name; });
}
