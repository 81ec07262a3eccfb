#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace millstream {

/// Connects to a port of this machine again and again while it lives, so that a server that looks
/// at its stop flag only between connections (civetweb: every 2 s) stops at once.
class Waker {
 public:
  Waker(std::string address, std::uint16_t port);
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

 private:
  void run(const std::stop_token& stop);

  std::string address_;
  std::uint16_t port_;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;
};

}  // namespace millstream
