#pragma once

// The project's only two macros.
//
// CHECK(condition) stops the program when a programmer's assumption does not hold. It never guards
// against input: whatever a client sends, no CHECK fails. It prints nothing (the core does no I/O).
//
// TRY(expression) unwraps a base::Result or returns its error from the enclosing function, which
// itself returns a Result of any type:
//     int64_t n = TRY(ParseSomething(text));

#define CHECK(condition)           \
  do {                             \
    if (!(condition)) [[unlikely]] \
      __builtin_trap();            \
  } while (false)

#define TRY(expression)                                    \
  __extension__({                                          \
    auto try_result_ = (expression);                       \
    if (!try_result_.ok()) return try_result_.TakeError(); \
    try_result_.TakeValue();                               \
  })
