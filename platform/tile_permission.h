// Linux lets a process use AMX's tile registers only after it has asked for them.
#ifndef FOVEA_PLATFORM_TILE_PERMISSION_H_
#define FOVEA_PLATFORM_TILE_PERMISSION_H_

namespace fovea::platform {

/// Asks for this process, threads to come included; asking again is cheap and harmless. False where
/// the CPU or the operating system has no tiles to give. Without a grant, tile instructions are
/// illegal.
bool RequestTilePermission();

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_TILE_PERMISSION_H_
