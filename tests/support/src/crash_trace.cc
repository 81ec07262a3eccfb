#include <execinfo.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace millstream::testing {
namespace {

/// Says where the test was when a signal ended it: a crash on a machine that keeps no core files.
void print_trace(int number) {
  std::array<void*, 64> frames{};
  const int depth = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), depth, STDERR_FILENO);
  static_cast<void>(std::signal(number, SIG_DFL));
  static_cast<void>(std::raise(number));
}

const bool kInstalled = [] {
  std::array<void*, 1> first{};
  static_cast<void>(::backtrace(first.data(), 1));  // loads what it needs, which a crash can't
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) {
    static_cast<void>(std::signal(number, print_trace));
  }
  return true;
}();

}  // namespace
}  // namespace millstream::testing
