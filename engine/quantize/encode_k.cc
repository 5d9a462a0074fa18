// Super-blocks of 256: groups with scales of 6 or 8 bits, which multiply a half float that all
// groups share. Each group is fitted by itself; then the shared half floats are chosen from the
// largest fits, the integers on either side of each group's fit are tried, and the shared half
// floats are solved for once more.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/quantize/encode_block.h"
#include "engine/quantize/group_fit.h"
#include "engine/quantize/shared_scale.h"
#include "engine/tensor/dequantize.h"

namespace fovea {
namespace {

constexpr std::size_t kMinGroups = kSuperBlock / kMinGroup;
constexpr std::size_t kSignedGroups = kSuperBlock / kSignedGroup;
constexpr int kTopScale = 63;  // of the 6-bit scales and minimums

// --- Q4_K and Q5_K

/// A candidate for a whole super-block, before packing.
struct MinBlock {
  std::uint16_t scale = 0;
  std::uint16_t min_scale = 0;
  std::uint8_t scales[kMinGroups] = {};
  std::uint8_t minimums[kMinGroups] = {};
  std::uint8_t quants[kSuperBlock] = {};
  float error = INFINITY;
};

/// Chooses the group's integers, one of those on either side of what is wanted, and its quants.
/// Returns the squared error.
float EncodeGroup(const float* values, const ScaleAndMinimum& wanted, std::size_t group, int top,
                  MinBlock* block) {
  const float scale = HalfToFloat(block->scale);
  const float min_scale = HalfToFloat(block->min_scale);
  const int scale_below = IntegerBelow(Ratio(wanted.scale, scale), 0, kTopScale);
  const int minimum_below = IntegerBelow(Ratio(wanted.minimum, min_scale), 0, kTopScale);
  float least = INFINITY;
  ScaleAndMinimum best;
  for (int s = scale_below; s <= std::min(scale_below + 1, kTopScale); ++s) {
    for (int m = minimum_below; m <= std::min(minimum_below + 1, kTopScale); ++m) {
      const ScaleAndMinimum pair{scale * static_cast<float>(s), min_scale * static_cast<float>(m)};
      const float error = ErrorWith(values, pair, top);
      if (!(error < least)) continue;
      least = error;
      best = pair;
      block->scales[group] = static_cast<std::uint8_t>(s);
      block->minimums[group] = static_cast<std::uint8_t>(m);
    }
  }
  QuantizeWith(values, best, top, block->quants + group * kMinGroup);
  return least;
}

MinBlock EncodeGroups(const float* values, const ScaleAndMinimum* wanted, float scale,
                      float min_scale, int top) {
  MinBlock block;
  block.scale = SharedScale(scale);
  block.min_scale = SharedScale(min_scale);
  block.error = 0.0F;
  for (std::size_t group = 0; group < kMinGroups; ++group) {
    block.error += EncodeGroup(values + group * kMinGroup, wanted[group], group, top, &block);
  }
  return block;
}

/// The shared scales with the least error for the integers that `block` has.
ScaleAndMinimum SolveShared(const float* values, const MinBlock& block) {
  double aa = 0.0;
  double ab = 0.0;
  double bb = 0.0;
  double ax = 0.0;
  double bx = 0.0;
  for (std::size_t i = 0; i < kSuperBlock; ++i) {
    const std::size_t group = i / kMinGroup;
    const double a = block.scales[group] * block.quants[i];
    const double b = -block.minimums[group];
    const auto x = static_cast<double>(values[i]);
    aa += a * a;
    ab += a * b;
    bb += b * b;
    ax += a * x;
    bx += b * x;
  }
  const double determinant = aa * bb - ab * ab;
  if (determinant > 1e-9 * aa * bb) {
    return {static_cast<float>((ax * bb - bx * ab) / determinant),
            static_cast<float>((bx * aa - ax * ab) / determinant)};
  }
  const double scale = aa > 0.0 ? ax / aa : 0.0;
  return {static_cast<float>(bb > 0.0 && aa == 0.0 ? 0.0 : scale),
          static_cast<float>(bb > 0.0 && aa == 0.0 ? bx / bb : 0.0)};
}

MinBlock FitMinBlock(const float* values, int top) {
  ScaleAndMinimum wanted[kMinGroups];
  ScaleAndMinimum largest;
  for (std::size_t group = 0; group < kMinGroups; ++group) {
    wanted[group] = FitScaleAndMinimum(values + group * kMinGroup, top);
    largest.scale = std::max(largest.scale, wanted[group].scale);
    largest.minimum = std::max(largest.minimum, wanted[group].minimum);
  }
  constexpr auto kTop = static_cast<float>(kTopScale);
  MinBlock best = EncodeGroups(values, wanted, largest.scale / kTop, largest.minimum / kTop, top);
  const ScaleAndMinimum shared = SolveShared(values, best);
  if (shared.scale >= 0.0F && shared.minimum >= 0.0F) {
    const MinBlock again = EncodeGroups(values, wanted, shared.scale, shared.minimum, top);
    if (again.error < best.error) best = again;
  }
  return best;
}

/// The reverse of UnpackScaleMinK.
void PackScales(const MinBlock& block, std::uint8_t (&scales)[12]) {
  for (std::size_t group = 0; group < 4; ++group) {
    const unsigned scale = block.scales[group];
    const unsigned minimum = block.minimums[group];
    const unsigned later_scale = block.scales[group + 4];
    const unsigned later_minimum = block.minimums[group + 4];
    scales[group] = static_cast<std::uint8_t>(scale | ((later_scale >> 4U) << 6U));
    scales[group + 4] = static_cast<std::uint8_t>(minimum | ((later_minimum >> 4U) << 6U));
    scales[group + 8] =
        static_cast<std::uint8_t>((later_scale & 15U) | ((later_minimum & 15U) << 4U));
  }
}

/// Pairs of runs of 32 are the low and high nibbles of 32 bytes.
void PackNibbles(const MinBlock& block, std::uint8_t (&nibbles)[kSuperBlock / 2]) {
  for (std::size_t i = 0; i < kSuperBlock / 2; ++i) {
    const std::uint8_t* low = block.quants + (i / 32) * 64 + i % 32;
    nibbles[i] = static_cast<std::uint8_t>((low[0] & 15U) | ((low[32] & 15U) << 4U));
  }
}

// --- Q6_K

struct SignedBlock {
  std::uint16_t scale = 0;
  std::int8_t scales[kSignedGroups] = {};
  std::uint8_t quants[kSuperBlock] = {};  ///< 0..63
  float error = INFINITY;
};

SignedBlock EncodeSignedGroups(const float* values, const float* wanted, float shared) {
  SignedBlock block;
  block.scale = SharedScale(shared);
  block.error = 0.0F;
  const float scale = HalfToFloat(block.scale);
  for (std::size_t group = 0; group < kSignedGroups; ++group) {
    const float* group_values = values + group * kSignedGroup;
    const int below = IntegerBelow(Ratio(wanted[group], scale), -128, 127);
    float least = INFINITY;
    for (int s = below; s <= std::min(below + 1, 127); ++s) {
      const float error = SignedErrorWith(group_values, scale * static_cast<float>(s));
      if (!(error < least)) continue;
      least = error;
      block.scales[group] = static_cast<std::int8_t>(s);
    }
    QuantizeSignedWith(group_values, scale * static_cast<float>(block.scales[group]),
                       block.quants + group * kSignedGroup);
    block.error += least;
  }
  return block;
}

/// The shared scale with the least error for the integers that `block` has.
float SolveSharedSigned(const float* values, const SignedBlock& block) {
  double squares = 0.0;
  double products = 0.0;
  for (std::size_t i = 0; i < kSuperBlock; ++i) {
    const double factor = block.scales[i / kSignedGroup] * (block.quants[i] - 32);
    squares += factor * factor;
    products += factor * static_cast<double>(values[i]);
  }
  return squares > 0.0 ? static_cast<float>(products / squares) : 0.0F;
}

SignedBlock FitSignedBlock(const float* values) {
  float wanted[kSignedGroups];
  float peak = 0.0F;  // with its sign
  float most = 0.0F;  // |peak|; clang 19 at -O3 finds another peak if it is not kept
  for (std::size_t group = 0; group < kSignedGroups; ++group) {
    wanted[group] = FitSignedScale(values + group * kSignedGroup);
    const float magnitude = std::abs(wanted[group]);
    if (!(magnitude > most)) continue;
    most = magnitude;
    peak = wanted[group];
  }
  // The largest scale becomes -128, the one integer that has no positive counterpart.
  SignedBlock best = EncodeSignedGroups(values, wanted, peak / -128.0F);
  const SignedBlock again = EncodeSignedGroups(values, wanted, SolveSharedSigned(values, best));
  return again.error < best.error ? again : best;
}

}  // namespace

void EncodeBlock(const float* values, BlockQ4_K* block) {
  const MinBlock fit = FitMinBlock(values, 15);
  block->scale = fit.scale;
  block->min_scale = fit.min_scale;
  PackScales(fit, block->scales);
  PackNibbles(fit, block->nibbles);
}

void EncodeBlock(const float* values, BlockQ5_K* block) {
  const MinBlock fit = FitMinBlock(values, 31);
  block->scale = fit.scale;
  block->min_scale = fit.min_scale;
  PackScales(fit, block->scales);
  PackNibbles(fit, block->nibbles);
  for (std::size_t i = 0; i < 32; ++i) {
    unsigned bits = 0;
    for (std::size_t run = 0; run < 8; ++run)
      bits |= (unsigned{fit.quants[run * 32 + i]} >> 4U) << run;
    block->high_bits[i] = static_cast<std::uint8_t>(bits);
  }
}

void EncodeBlock(const float* values, BlockQ6_K* block) {
  const SignedBlock fit = FitSignedBlock(values);
  block->scale = fit.scale;
  std::memcpy(block->scales, fit.scales, sizeof(block->scales));
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint8_t* quants = fit.quants + half * 128;
    std::uint8_t* nibbles = block->nibbles + half * 64;
    for (std::size_t i = 0; i < 64; ++i) {
      nibbles[i] = static_cast<std::uint8_t>((quants[i] & 15U) | ((quants[i + 64] & 15U) << 4U));
    }
    for (std::size_t i = 0; i < 32; ++i) {
      unsigned bits = 0;
      for (std::size_t run = 0; run < 4; ++run)
        bits |= (unsigned{quants[run * 32 + i]} >> 4U) << (2 * run);
      block->high_bits[half * 32 + i] = static_cast<std::uint8_t>(bits);
    }
  }
}

}  // namespace fovea
