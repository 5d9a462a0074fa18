// Size arithmetic that cannot wrap: every size that depends on a file or on a caller goes through
// here.
#ifndef FOVEA_PLATFORM_CHECKED_MATH_H_
#define FOVEA_PLATFORM_CHECKED_MATH_H_

#include <cstddef>
#include <limits>

namespace fovea::platform {

/// A size that remembers whether any step on the way to it overflowed.
/// Example: `CheckedSize bytes = CheckedSize(rows) * cols * 4; if (!bytes.ok()) …`
class CheckedSize {
 public:
  constexpr CheckedSize(std::size_t value = 0) : value_(value) {}  // NOLINT: implicit by design

  constexpr bool ok() const { return ok_; }
  /// The size, or the largest one if a step overflowed.
  constexpr std::size_t value() const {
    return ok_ ? value_ : std::numeric_limits<std::size_t>::max();
  }

  friend constexpr CheckedSize operator+(CheckedSize a, CheckedSize b) {
    CheckedSize sum;
    sum.ok_ = !__builtin_add_overflow(a.value_, b.value_, &sum.value_) && a.ok_ && b.ok_;
    return sum;
  }
  friend constexpr CheckedSize operator*(CheckedSize a, CheckedSize b) {
    CheckedSize product;
    product.ok_ = !__builtin_mul_overflow(a.value_, b.value_, &product.value_) && a.ok_ && b.ok_;
    return product;
  }
  /// Rounded up to a multiple of `alignment` (a power of two).
  constexpr CheckedSize AlignedUp(std::size_t alignment) const {
    CheckedSize up = *this + (alignment - 1);
    up.value_ &= ~(alignment - 1);
    return up;
  }

 private:
  std::size_t value_ = 0;
  bool ok_ = true;
};

}  // namespace fovea::platform

#endif  // FOVEA_PLATFORM_CHECKED_MATH_H_
