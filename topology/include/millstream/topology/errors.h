#pragma once

#include <stdexcept>
#include <string>

namespace millstream {

/// A record could not be processed and its handler said fail: ends the thread's work on the task
/// until the uncaught-exception handler has decided. Has been to its handler: passes every node.
class StreamsError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace millstream
