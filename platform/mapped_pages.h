// Giving back memory that a mapped file takes.
#ifndef FOVEA_PLATFORM_MAPPED_PAGES_H_
#define FOVEA_PLATFORM_MAPPED_PAGES_H_

#include <cstddef>
#include <span>

namespace fovea::platform {

/// Tells the system that these bytes of a file mapped by FileBytes (Access::kMap) are not needed
/// soon: the pages that lie whole inside stop counting as this process's memory and are read from
/// the file again when touched. Never for memory that is not such a mapping: it would lose its
/// contents.
void ReleaseMappedPages(std::span<const std::byte> mapped);

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_MAPPED_PAGES_H_
