#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace millstream {

/// Whose mistake an error is: decides who is told, what is tried again, and the exit status.
enum class ErrorKind {
  kUser,  ///< Usage or configuration: the person who started the program mends it (exit status 2).
  kData,  ///< A record, a file, a model: goes to a handler or a dead-letter topic.
  kMachine,  ///< Broker, disk, network, memory: may pass, may be tried again (exit status 1).
  kFatal,    ///< The machine, beyond trying again in this process: a full disk (exit status 1).
};

/// What went wrong, as a person needs it: the thing, the place, and the remedy, in one text.
/// Cheap to move; a default-constructed Error is not an error (Status uses that).
/// Thread: immutable, shared freely.
class [[nodiscard]] Error {
 public:
  Error() = default;
  Error(ErrorKind kind, std::string message)
      : rep_(std::make_shared<const Rep>(Rep{kind, std::move(message)})) {}

  static Error user(std::string message) { return {ErrorKind::kUser, std::move(message)}; }
  static Error data(std::string message) { return {ErrorKind::kData, std::move(message)}; }
  static Error machine(std::string message) { return {ErrorKind::kMachine, std::move(message)}; }
  static Error fatal(std::string message) { return {ErrorKind::kFatal, std::move(message)}; }

  [[nodiscard]] bool is_set() const { return rep_ != nullptr; }
  [[nodiscard]] ErrorKind kind() const { return rep_ ? rep_->kind : ErrorKind::kMachine; }
  [[nodiscard]] std::string_view message() const {
    return rep_ ? std::string_view(rep_->message) : std::string_view();
  }

  /// The same error with `context` and a colon before its message.
  [[nodiscard]] Error within(std::string_view context) const {
    return {kind(), std::string(context) + ": " + std::string(message())};
  }

 private:
  struct Rep {
    ErrorKind kind;
    std::string message;
  };
  std::shared_ptr<const Rep> rep_;
};

template <class T>
class Result;

/// Success, or an Error. The success path holds a null pointer and costs nothing.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return !error_.is_set(); }
  explicit operator bool() const { return has_value(); }
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

using Status = Result<void>;

/// A value, or an Error: for what is to be expected a record or a call. Named after std::expected,
/// which C++20 does not have. Errors: reading the value of a failed Result throws
/// std::bad_variant_access, which is a bug of the caller.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : rep_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : rep_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return rep_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] const T& value() const& { return std::get<0>(rep_); }
  [[nodiscard]] T& value() & { return std::get<0>(rep_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(rep_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  template <class U>
  [[nodiscard]] T value_or(U&& other) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(other));
  }

  [[nodiscard]] const Error& error() const { return std::get<1>(rep_); }

 private:
  std::variant<T, Error> rep_;
};

}  // namespace millstream

/// Return the error of `expression` from the current function, if it has one.
#define MILLSTREAM_TRY(expression)                                   \
  do {                                                               \
    if (auto millstream_status = (expression); !millstream_status) { \
      return millstream_status.error();                              \
    }                                                                \
  } while (false)
