#include "platform/tile_permission.h"

#include <gtest/gtest.h>

#include "platform/cpu_features.h"

namespace fovea::platform {
namespace {

TEST(RequestTilePermission, IsGrantedOnlyWhereTheCpuHasTiles) {
  if (!DetectCpuFeatures().amx_int8) {
    EXPECT_FALSE(RequestTilePermission());
  }
}

TEST(RequestTilePermission, AnswersTheSameWhenAskedAgain) {
  const bool first = RequestTilePermission();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RequestTilePermission(), first);
}

}  // namespace
}  // namespace fovea::platform
