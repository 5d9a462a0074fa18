// Errors as values. Every fallible function of the library returns a Status or a Result<T>; nothing
// throws, aborts, exits or prints.
#ifndef FOVEA_STATUS_H_
#define FOVEA_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace fovea {

/// What kind of thing went wrong. The message of the Status says which file, key, tensor or limit.
enum class StatusCode : std::uint8_t {
  kOk = 0,
  kInvalidArgument,  ///< The caller passed something that can never work (a layer that does not
                     ///< exist).
  kNotFound,         ///< A file, key or tensor is missing.
  kIoError,          ///< The operating system refused to open, read or write.
  kMalformed,        ///< Bytes that break their format's rules.
  kUnsupported,      ///< Well-formed, but a family, type or version that this build does not know.
  kLimitExceeded,    ///< Larger than a limit of the format, the model (context) or the caller's
                     ///< budget.
  kOutOfMemory,      ///< An allocation failed; nothing was changed.
  kCancelled,        ///< The caller's cancel callback said stop.
  kNonFinite,        ///< A computed logit is NaN or infinite.
};

/// Success, or a code with one line of English that names the culprit.
/// A value type: copied freely, each copy used by one thread at a time. Example:
/// @code
/// if (Status s = session.Truncate(0); !s.ok()) return s;
/// @endcode
class [[nodiscard]] Status {
 public:
  Status() = default;
  /// A code other than kOk, and one line of English.
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  /// Success.
  static Status Ok() { return {}; }

  /// True for success.
  bool ok() const { return code_ == StatusCode::kOk; }
  /// kOk, or what kind of thing went wrong.
  StatusCode code() const { return code_; }
  /// Names the culprit; empty for success. Lives as long as the Status.
  const std::string& message() const { return message_; }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

/// A value, or the Status that says why there is none.
/// Owns the value. Example:
/// @code
/// Result<Model> model = Model::Load(path);
/// if (!model) return model.status();
/// std::puts(model->info().family.c_str());
/// @endcode
template <typename T>
class [[nodiscard]] Result {
 public:
  /// A value.
  Result(T value) : value_(std::move(value)) {}  // NOLINT: implicit by design
  /// An error: its code must not be kOk.
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design

  /// True if there is a value.
  bool ok() const { return value_.has_value(); }
  /// Same as ok().
  explicit operator bool() const { return ok(); }
  /// Why there is no value; ok if there is one.
  const Status& status() const { return status_; }
  /// Same as status(): reads well after `if (!result)`.
  const Status& error() const { return status_; }

  /// The value; only to be called when ok().
  T& value() & { return *value_; }
  /// The value; only to be called when ok().
  const T& value() const& { return *value_; }
  /// The value; only to be called when ok().
  T&& value() && { return std::move(*value_); }
  /// Same as value().
  T& operator*() & { return *value_; }
  /// Same as value().
  const T& operator*() const& { return *value_; }
  /// Same as value().
  T&& operator*() && { return std::move(*value_); }
  /// A member of the value; only to be called when ok().
  T* operator->() { return &*value_; }
  /// A member of the value; only to be called when ok().
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

/// Name of a code, e.g. "malformed", for logs and tools.
const char* StatusCodeName(StatusCode code);

}  // namespace fovea

#endif  // FOVEA_STATUS_H_
