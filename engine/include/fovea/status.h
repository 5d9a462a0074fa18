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
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
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
  Result(T value) : value_(std::move(value)) {}          // NOLINT: implicit by design
  Result(Status status) : status_(std::move(status)) {}  // NOLINT: implicit by design

  bool ok() const { return value_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Status& status() const { return status_; }
  /// Same as status(): reads well after `if (!result)`.
  const Status& error() const { return status_; }

  /// The value; only to be called when ok().
  T& value() & { return *value_; }
  const T& value() const& { return *value_; }
  T&& value() && { return std::move(*value_); }
  T& operator*() & { return *value_; }
  const T& operator*() const& { return *value_; }
  T&& operator*() && { return std::move(*value_); }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

/// Name of a code, e.g. "malformed", for logs and tools.
const char* StatusCodeName(StatusCode code);

}  // namespace fovea

#endif  // FOVEA_STATUS_H_
