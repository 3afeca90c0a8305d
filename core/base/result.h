#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/base/check.h"

namespace kvasm::base {

// Why something was refused: the text a client would see, without the leading '-' and the line end.
// Made of a literal (nothing is copied, the literal must outlive the error) or of an owned string.
class [[nodiscard]] Error {
 public:
  explicit Error(std::string_view literal) : literal_(literal) {}
  explicit Error(std::string owned) : owned_(std::move(owned)) {}
  explicit Error(const char* literal) : literal_(literal) {}

  std::string_view text() const { return owned_.empty() ? literal_ : std::string_view(owned_); }

 private:
  std::string_view literal_;
  std::string owned_;
};

// A value or an Error. Reading the wrong alternative is a programmer's error and traps.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  const T& value() const& { return *Get<0>(&state_); }
  T& value() & { return *Get<0>(&state_); }
  T&& value() && { return std::move(*Get<0>(&state_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  T ValueOr(T fallback) const { return ok() ? value() : std::move(fallback); }
  std::string_view error() const { return Get<1>(&state_)->text(); }

  T TakeValue() { return std::move(value()); }
  Error TakeError() { return std::move(*Get<1>(&state_)); }

 private:
  template <size_t kIndex, class State>
  static auto* Get(State* state) {
    auto* alternative = std::get_if<kIndex>(state);
    CHECK(alternative != nullptr);
    return alternative;
  }

  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)), ok_(false) {}
  static Status Ok() { return Status(); }

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  std::string_view error() const { return error_.text(); }

  void TakeValue() {}
  Error TakeError() { return std::move(error_); }

 private:
  Error error_{std::string_view()};
  bool ok_ = true;
};

}  // namespace kvasm::base
