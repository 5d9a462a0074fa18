#include "engine/c_api/errors.h"

#include <cstring>

namespace fovea::c_api {

fovea_status Fail(fovea_error* error, fovea_status code, std::string_view message) noexcept {
  if (error == nullptr) return code;
  error->code = code;
  constexpr std::string_view kCut = "...";
  constexpr std::size_t kRoom = sizeof(error->message) - 1;
  std::size_t kept = message.size();
  if (kept > kRoom) {
    kept = kRoom - kCut.size();
    // Not inside a character: step back over UTF-8 continuation bytes.
    while (kept > 0 && (static_cast<unsigned char>(message[kept]) & 0xC0U) == 0x80U) --kept;
  }
  std::memcpy(error->message, message.data(), kept);
  if (kept < message.size()) {
    std::memcpy(error->message + kept, kCut.data(), kCut.size());
    kept += kCut.size();
  }
  error->message[kept] = '\0';
  return code;
}

Status NullArgument(const char* name) {
  return {StatusCode::kInvalidArgument, std::string(name) + " must not be NULL"};
}

}  // namespace fovea::c_api
