// libembind names an unknown type, which only a mistake in the bindings has, by its address. This
// stands in for the function of the C library it does that with, which would bring all of printf.
#include <cstring>

#ifdef __EMSCRIPTEN__
extern "C" int siprintf(char* out, const char*, ...) {
  std::memcpy(out, "?", 2);
  return 1;
}
#endif
