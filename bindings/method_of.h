// A method as a function, for embind: the way arguments are passed here (see the flags in
// CMakeLists.txt) knows no pointers to methods, which embind would be given by value.
#pragma once

#include <utility>

namespace kvasm::bindings {

template <auto kMethod>
struct MethodOf;

template <class C, typename R, typename... Args, R (C::*kMethod)(Args...)>
struct MethodOf<kMethod> {
  static R Call(C& object, Args... args) { return (object.*kMethod)(std::forward<Args>(args)...); }
};

// As in `.function("name", kMethodOf<&Class::Method>)`.
template <auto kMethod>
constexpr auto* kMethodOf = &MethodOf<kMethod>::Call;

}  // namespace kvasm::bindings
