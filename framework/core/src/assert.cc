#include <millstream/core/assert.h>

#include <cstdio>
#include <cstdlib>

namespace millstream::detail {

void assertion_failed(const char* condition, const char* file, int line, const char* message) {
  std::fprintf(stderr, "millstream: a bug: %s (%s) at %s:%d\n", message, condition, file, line);
  std::abort();
}

}  // namespace millstream::detail
