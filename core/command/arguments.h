// Reads a command's arguments from left to right. The first error latches and is replied once:
//
//     Arguments in(call, 2);
//     const int64_t start = in.Int();
//     while (in.More()) {
//       if (in.Take("NX")) nx = true;
//       else if (in.Take("EX")) seconds = in.Int();
//       else in.Fail(errors::kSyntax);
//     }
//     if (!in.Ok()) return;        // the error has been replied
//
// After an error every reader returns a harmless value and More() is false.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/base/numbers.h"
#include "core/command/call.h"

namespace kvasm::command {

class Arguments {
 public:
  // Starts at argument `from` (the name is argument 0).
  explicit Arguments(Call& call, size_t from = 1) : call_(call), at_(from) {}

  bool More() const { return ok_ && at_ < call_.args.size(); }
  size_t left() const { return ok_ ? call_.args.size() - at_ : 0; }
  size_t position() const { return at_; }
  void Skip(size_t count = 1) { at_ += count; }

  // The next argument, without taking it. Call only when More().
  std::string_view Peek() const { return call_.args[at_]; }
  // Takes the next argument; a missing one is a syntax error.
  std::string_view Next() {
    if (at_ < call_.args.size()) [[likely]]
      return call_.args[at_++];
    Fail(errors::kSyntax);
    return {};
  }
  // Takes the next argument if it is this word, in any case.
  bool Take(std::string_view word) {
    if (!More() || !base::EqualsIgnoreCase(Peek(), word)) return false;
    ++at_;
    return true;
  }
  // As Take, but only when at least one more argument follows.
  bool TakeWithValue(std::string_view word) {
    if (left() < 2 || !base::EqualsIgnoreCase(Peek(), word)) return false;
    ++at_;
    return true;
  }

  int64_t Int(std::string_view error = errors::kNotInteger) {
    const std::string_view text = Next();
    if (!ok_) return 0;
    const std::optional<int64_t> value = base::ParseInt64(text);
    if (!value) {
      Fail(error);
      return 0;
    }
    return *value;
  }
  // An integer from `least` to `most`; anything else gives this error.
  int64_t IntIn(int64_t least, int64_t most, std::string_view error) {
    const int64_t value = Int(error);
    if (ok_ && (value < least || value > most)) Fail(error);
    return ok_ ? value : least;
  }
  double Double(std::string_view error = errors::kNotFloat) {
    const std::string_view text = Next();
    if (!ok_) return 0;
    const std::optional<double> value = base::ParseDouble(text);
    if (!value) {
      Fail(error);
      return 0;
    }
    return *value;
  }

  // Latches and replies an error; later ones are ignored.
  void Fail(std::string_view error) {
    if (!ok_) return;
    ok_ = false;
    call_.reply.Error(error);
  }
  bool ok() const { return ok_; }

 private:
  Call& call_;
  size_t at_;
  bool ok_ = true;
};

}  // namespace kvasm::command
