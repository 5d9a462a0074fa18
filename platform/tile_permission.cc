#include "platform/tile_permission.h"

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace fovea::platform {

bool RequestTilePermission() {
#if defined(__linux__) && defined(__x86_64__)
  // From asm/prctl.h, spelled out because older headers lack it.
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace fovea::platform
